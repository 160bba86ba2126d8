/** How the rest of the library is loaded: from the file beside this one. In a build that is one file it is there at once. */
import type { Loaded } from './api/front.ts';
import { process } from './platform.ts';

const FILE = './rest.cjs';

export function loadRest(): Loaded {
  try {
    return process.getBuiltinModule('node:module').createRequire(import.meta.url)(FILE);
  } catch (cause) {
    throw new Error(
      'worker-atexit finds no dist/rest.cjs beside itself: a bundler has to take its one-file build, by the export condition ' +
        '"module" (add that to the conditions), or to leave worker-atexit out of the bundle (external)',
      { cause },
    );
  }
}

/** Whoever is the first to use the library hears it where there is none, and not at the end of the process. */
export function findRest(): void {
  if (!process.getBuiltinModule('node:fs').existsSync(new URL(FILE, import.meta.url))) loadRest();
}
