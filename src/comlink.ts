/**
 * Comlink: a call whose worker is gone is rejected, where Comlink's own never settles (comlink#428, #601), calls in
 * flight get the drain stage to finish, and what disposes of an exposed object becomes a handler of its worker.
 *
 * Comlink's symbols and transfer handlers belong to one copy of it, and this is the one that `import 'comlink'` loads, not
 * `comlink/dist/esm/comlink.mjs`.
 *
 * @module
 */

export type { WorkerGoneError } from './adapters/comlink/calls.ts';
export { expose } from './adapters/comlink/expose.ts';
export { wrap } from './adapters/comlink/wrap.ts';

export type { WorkerOptions } from './api/instance.ts';
