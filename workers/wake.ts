/**
 * The task that wakes a parked worker. A pool parks its idle workers in `Atomics.wait`, where no message of any port is
 * seen; while a task is pending, the worker's event loop turns and the order is read. Imports nothing: it is loaded at
 * the very end. `untilDone`: settle once this thread has shut down; otherwise never, since an answer that the pool did
 * not ask for would be an error to it.
 */
const KEY = Symbol.for('worker-atexit');

export default function wake(untilDone: boolean): Promise<void> {
  const thread: unknown = Reflect.get(globalThis, KEY);
  return new Promise((resolve) => {
    if (!untilDone) return;
    if (typeof thread !== 'object' || thread === null || !('whenDone' in thread)) return resolve();
    if (typeof thread.whenDone === 'function') thread.whenDone(resolve);
  });
}
