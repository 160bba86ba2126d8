/**
 * The parent's side of Comlink: an endpoint that knows which of its calls are in flight, and answers them in the worker's
 * stead once that is gone. The proxies that the worker hands out get such endpoints as well.
 */
import type { Worker } from 'node:worker_threads';
import * as Comlink from 'comlink';
import type { WorkerOptions } from '../../api/instance.ts';
import { behind } from '../../misuse.ts';
import { instance } from '../adapter.ts';
import { installHandler } from './callbacks.ts';
import { pool, type Remote, refused } from './calls.ts';
import { keepTrack } from './handed-out.ts';
import { leave, watch, watchEnd } from './line.ts';

/**
 * `Comlink.wrap` for a Worker that this thread has made, registered as by `registerWorker`. At the drain stage calls in
 * flight finish; a later one is rejected with the `ShutdownError`, also from a handler: what is to be asked of a worker at
 * the end is for `onDrain(remote.flush)`, or a handler in the worker. Once the worker is gone, in whatever way, each call
 * on it and on the proxies that it has handed out is rejected with a {@link WorkerGoneError}: those in flight, and all
 * that follow. On a synchronous route no promise settles any more, here as everywhere. A call is answered although its
 * proxy is collected meanwhile, where Comlink's own never settles (comlink#692).
 *
 * A callback that the worker hands out may be a handler: `register(await remote.getCallback())`. It runs in that worker,
 * which has cleaned up by then and is still there. On a synchronous route it is called and not waited for, and may not
 * get through before the process is gone.
 *
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` if it is no Worker, `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`.
 */
export function wrap<T>(worker: Worker, options: WorkerOptions = {}): Comlink.Remote<T> {
  const library = instance();
  behind(wrap, () => library.registerWorker(worker, options));
  library.addPool(pool, pool);
  installHandler();
  const remote: Remote = { gone: undefined };
  const { name = 'worker' } = options;
  const { threadId } = worker;
  if (threadId === -1) leave(remote, name, 'it had ended before it was wrapped');
  else watchEnd(worker, remote, `${name} ${threadId}`);
  const endpoint = watch(worker, remote, () => remote.gone?.() ?? refused());
  return keepTrack(endpoint, Comlink.wrap<T>(endpoint));
}
