/**
 * `node:worker_threads`, which a main thread without workers has not loaded: that would be the largest part of what an import
 * of this library costs.
 */
import { process } from './platform.ts';

export const threads = (): typeof import('node:worker_threads') => process.getBuiltinModule('node:worker_threads');

/**
 * Whether this thread may make a Worker before it uses this library. In a worker, and beside a module that imports it, Node
 * has loaded it by now; a CommonJS program may be about to. Another runtime lists nothing.
 */
export function mayMakeWorkers(): boolean {
  const loaded: unknown = Reflect.get(process, 'moduleLoadList');
  if (!Array.isArray(loaded) || loaded.length === 0) return true;
  return loaded.includes('NativeModule internal/worker') || process.mainModule !== undefined;
}
