/**
 * `atexit` for Node.js programs that use worker threads: clean-up functions, in any thread, that run however the program
 * ends. Every function here concerns the thread that calls it, and that thread's own workers.
 *
 * @module
 */
import type { Worker } from 'node:worker_threads';
import { askFor, createInstance } from './api/front.ts';
import {
  findInstance,
  type MainHandler,
  publishInstance,
  type ShutdownOptions,
  type WorkerLink,
  type WorkerOptions,
} from './api/instance.ts';
import type { Finalizer } from './handlers/finalizers.ts';
import type { Resource } from './handlers/resource.ts';
import { behind, seenFrom } from './misuse.ts';
import { findRest, loadRest } from './on-demand.ts';
import type { Options } from './options.ts';
import type { ShutdownReport } from './report/report.ts';

export type { MainHandler, ShutdownOptions, WorkerLink, WorkerOptions } from './api/instance.ts';
export type { Finalizer } from './handlers/finalizers.ts';
export type { Resource } from './handlers/resource.ts';
export type { Options } from './options.ts';
export type { HandlerMessage, ShutdownTrace } from './report/diagnostics.ts';
export { ShutdownError } from './report/errors.ts';
export type { PoolReport, ShutdownReport, StageReport } from './report/report.ts';
export type { Instant, Span, Timeline, TimelineThread } from './report/timeline.ts';
export type { HandlerReport, WorkerReport, WorkerStatus } from './wire/outcomes.ts';
export type { Route } from './wire/reason.ts';

const instance = findInstance() ?? publishInstance(createInstance(loadRest, findRest, shutdown));

/** To look them up takes as long as what they do. */
const { register: add, unregister: remove } = instance;

/**
 * Aborted when this thread is to end, with the process or alone; its reason is a {@link ShutdownError}. A live binding:
 * after a {@link shutdown} in a process that lives on, it is a new signal. Any number of listeners may be added.
 */
export let shutdownSignal: AbortSignal = instance.signal;

instance.onNewSignal((signal) => {
  shutdownSignal = signal;
});

/**
 * Registers a handler: `fn(...args)` is called when this thread ends, last in first out, and awaited unless the route is
 * a synchronous one (`process.exit()`, an uncaught error), on which it is called and not waited for. A resource is
 * disposed of instead, asynchronously if it can be. As Python's `atexit.register`, the same function may be registered
 * many times, and what is registered while handlers run is run next.
 *
 * @returns `fn` or the resource.
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` for anything else, and for arguments of a resource.
 */
export function register<Fn extends () => unknown>(fn: Fn): Fn;

export function register<Args extends readonly unknown[], Fn extends (...args: Args) => unknown>(
  fn: Fn & ((...args: Args) => unknown),
  ...args: Args
): Fn;

export function register<R extends Resource>(resource: R): R;

export function register(handler: unknown, ...args: unknown[]): unknown {
  try {
    add(handler, args);
  } catch (thrown) {
    throw seenFrom(register, thrown);
  }
  return handler;
}

/**
 * Registers a function for the drain stage, which comes first: servers stop listening, requests in flight finish. These
 * functions run concurrently, and pools go on taking tasks until all have settled, or half of the `timeout` is used up.
 * On a synchronous route they are called and not waited for. One that is registered when that stage is over is called
 * after the handlers.
 *
 * @returns `fn` or the resource.
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` for what is neither, and for arguments of a resource.
 */
export function onDrain<Fn extends () => unknown>(fn: Fn): Fn;

export function onDrain<Args extends readonly unknown[], Fn extends (...args: Args) => unknown>(
  fn: Fn & ((...args: Args) => unknown),
  ...args: Args
): Fn;

export function onDrain<R extends Resource>(resource: R): R;

export function onDrain(handler: unknown, ...args: unknown[]): unknown {
  try {
    instance.onDrain(handler, args);
  } catch (thrown) {
    throw seenFrom(onDrain, thrown);
  }
  return handler;
}

/**
 * Removes every registration of a function or resource, by identity, from {@link register} and {@link onDrain} alike.
 * Silent where there is none, as Python's `atexit.unregister`.
 *
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` for what is neither function nor object.
 */
export function unregister(handler: ((...args: never[]) => unknown) | Resource): void {
  try {
    remove(handler);
  } catch (thrown) {
    throw seenFrom(unregister, thrown);
  }
}

/**
 * Names a Worker that this thread has made and sets its terms. Workers that load this library link themselves; this is
 * for a name in the report, for a limit of its own, and for {@link shutdown} to end it. From then on `worker.terminate()`
 * cleans up first, within `timeout`; a second `terminate()` ends it at once. Both settle 250 ms after `timeout` at the
 * latest, also where the thread is in native code, which cannot be interrupted: then to 1, and a line on stderr names it.
 *
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` if it is no Worker, `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`.
 */
export function registerWorker(worker: Worker, options: WorkerOptions = {}): WorkerLink {
  return behind(registerWorker, () => instance.registerWorker(worker, options));
}

/**
 * Registers a handler that the main thread executes, whatever becomes of the thread that entrusts it: as soon as that
 * thread is gone (a crash, out of memory, terminated), or else among the main thread's own handlers; once. In the main
 * thread it is a handler like any other. The module is loaded when its time has come, in the main thread: by `require`, or
 * by `import` where it cannot be required. A synchronous route has no time for that, so it must not have a top-level await.
 *
 * @param module A URL, or an absolute path.
 * @param exportName The function that the module exports; `'default'` for its default export.
 * @param args Its arguments, cloned as by `structuredClone`.
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT`, also for arguments that cannot be cloned.
 */
export function registerOnMain(module: string | URL, exportName: string, ...args: readonly unknown[]): MainHandler {
  return behind(registerOnMain, () => instance.registerOnMain(module, exportName, args));
}

/**
 * Python's `weakref.finalize`: `fn(...args)` is called once, when `object` is collected, or else as a handler of this
 * thread. No strong reference to `object` is held; mind that neither `fn` nor `args` hold one.
 *
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT`, also where `object` is `fn` or one of `args`.
 */
export function finalize<Args extends readonly unknown[], Result>(
  object: object,
  fn: (...args: Args) => Result,
  ...args: Args
): Finalizer<Result>;

export function finalize(object: object, fn: unknown, ...args: unknown[]): Finalizer {
  return behind(finalize, () => instance.finalize(object, fn, args));
}

/**
 * Whether this thread is to end, from shared memory: nanoseconds, and right even in a loop that never lets the event loop
 * turn. After a `shutdown()` that the process survives, a worker answers true until its event loop has turned.
 */
export const isShuttingDown: () => boolean = instance.isShuttingDown;

/**
 * Runs the whole sequence, ends registered workers and pools, and resolves to the report; the process lives on, and the
 * library is as new. Called again while it runs: the same promise.
 *
 * @throws (rejects) TypeError `ERR_WORKER_ATEXIT_INSIDE_HANDLER` inside a handler, which would wait for itself.
 */
export function shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
  return askFor(instance, options, shutdown);
}

/**
 * Runs the whole sequence, then exits: the process, or in a worker its thread. `code` is `process.exitCode` unless told;
 * during a shutdown it sets the code. Never resolves.
 *
 * @throws (rejects) TypeError `ERR_WORKER_ATEXIT_INSIDE_HANDLER` where a handler awaits it, which would wait for itself; not
 * awaited there, it sets the code, as `process.exit(code)` does.
 */
export function exit(code?: number): Promise<never> {
  return behind(exit, () => instance.exit(code, exit));
}

/**
 * Sets options for the whole process; those that are left out stay as they are. Main thread only.
 *
 * @throws TypeError `ERR_WORKER_ATEXIT_MAIN_THREAD_ONLY`, `ERR_WORKER_ATEXIT_INVALID_ARGUMENT`,
 * `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`. Then nothing has changed.
 */
export function configure(options: Options): void {
  behind(configure, () => instance.configure(options));
}

/**
 * Says that the program is ready, to whoever supervises it and asked for that: PM2 with `wait_ready`, systemd with
 * `Type=notify`. Nothing happens where neither does. Main thread only.
 *
 * @throws TypeError `ERR_WORKER_ATEXIT_MAIN_THREAD_ONLY`.
 */
export function notifyReady(): void {
  behind(notifyReady, () => instance.notifyReady());
}
