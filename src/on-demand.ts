/** How the rest of the library is loaded: from the file beside this one. In a build that is one file it is there at once. */

import type { Loaded } from './api/front.ts';
import { process } from './platform.ts';

export const loadRest = (): Loaded =>
  process.getBuiltinModule('node:module').createRequire(import.meta.url)('./rest.cjs');
