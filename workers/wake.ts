/**
 * The task that wakes a parked worker. A pool parks its idle workers in `Atomics.wait`, where no message of any port is
 * seen; while a task is pending, the worker's event loop turns and the order is read. It never settles: its answer would
 * be one that the pool did not ask for. Imports nothing, since it is loaded at the very end.
 */
export default function wake(): Promise<never> {
  return new Promise(() => {});
}
