/** What Piscina and Tinypool know of one of their workers, and how a task is put to it. */
import { createHook } from 'node:async_hooks';
import { MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import { isSharedArrayBuffer, queueMicrotask } from '../platform.ts';

/**
 * What the pool keeps of a worker: its port, and the counter in whose `Atomics.wait` an idle worker is parked. No public
 * interface: an event or a task's asynchronous resource leads to it. Where neither does, a task wakes the worker.
 */
export interface WorkerInfo {
  readonly port: {
    postMessage(message: unknown): void;
    unref(): void;
    /** A port of Deno's has none. */
    removeAllListeners?: (event: 'message') => unknown;
  };
  readonly sharedBuffer: Int32Array;
}

/**
 * The task that wakes a parked worker. While it is pending, the worker's event loop turns and the order is read; so it
 * lasts for as long as a timer can, since its answer would be one that the pool did not ask for. A module of Node's own:
 * it is there however the program was bundled, and in a millisecond.
 */
export const WAKE = { filename: 'node:timers/promises', name: 'setTimeout' } as const;

/** Where in `sharedBuffer` the pool counts the tasks that it has posted. */
export const REQUESTS = 0;

export function isWorkerInfo(value: unknown): value is WorkerInfo & { readonly worker: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'worker' in value &&
    'port' in value &&
    'sharedBuffer' in value &&
    value.sharedBuffer instanceof Int32Array &&
    isSharedArrayBuffer(value.sharedBuffer.buffer)
  );
}

/** Calls `submit` and finds the task that it makes. */
export function submitAndFind<T>(
  type: string,
  submit: () => T,
): { readonly result: T; readonly task: object | undefined } {
  let task: object | undefined;
  const hook = createHook({
    init(_, kind, __, resource) {
      if (kind === type) task ??= resource;
    },
  }).enable();
  try {
    return { result: submit(), task };
  } finally {
    hook.disable();
  }
}

/**
 * Rejects a task that no worker has got yet: what Piscina does itself on `close({ force: true })`. Its queue passes over
 * an aborted task. No public interface, so false where it is not there.
 */
export function reject(task: object, error: Error): boolean {
  if (!('workerInfo' in task && 'aborted' in task && 'done' in task && typeof task.done === 'function')) return false;
  if (task.workerInfo !== null) return true;
  task.aborted = true;
  Reflect.apply(task.done, task, [error]);
  return true;
}

/**
 * Has what a worker has posted heard, where no event loop does that. Until the pool has heard that a new worker is ready,
 * nothing leads to that worker. Node keeps the port of its messages under a symbol: no public interface, so nothing is
 * heard where it is not there.
 */
export function hear(worker: Worker): void {
  const key = Object.getOwnPropertySymbols(worker).find(({ description }) => description === 'kPublicPort');
  const port: unknown = key && Reflect.get(worker, key);
  const received = port instanceof MessagePort ? receiveMessageOnPort(port) : undefined;
  if (received === undefined) return;
  try {
    worker.emit('message', received.message);
  } catch (error) {
    // A listener's own error is what it always is: uncaught, as far as the process gets that far.
    queueMicrotask(() => {
      throw error;
    });
  }
}
