/** How the rest of the library is loaded: from the file beside this one. In a build that is one file it is there at once. */
import type { Loaded } from './api/front.ts';
import { process } from './platform.ts';

export function loadRest(): Loaded {
  try {
    return process.getBuiltinModule('node:module').createRequire(import.meta.url)('./rest.cjs');
  } catch (cause) {
    throw new Error(
      'worker-atexit finds no dist/rest.cjs beside itself: a bundler has to take its one-file build, by the export condition ' +
        '"module" (add that to the conditions), or to leave worker-atexit out of the bundle (external)',
      { cause },
    );
  }
}
