/**
 * Child processes: they belong to the workers stage, so that they have cleaned up and ended before the handlers of the
 * process that has started them run. One that uses this library, and has an IPC channel, is told by a message and answers
 * with its own report; it has to do nothing for that. Any other is told by a signal.
 *
 * @module
 */
import { ChildProcess } from 'node:child_process';
import cluster, { type Worker } from 'node:cluster';
import { isMainThread } from 'node:worker_threads';
import { childrenOfThread } from './adapters/processes/registered.ts';
import { behind, checkOptions, checkTerms, checkTimeout, misuse, shown } from './misuse.ts';
import { defaults } from './options.ts';
import type { WorkerReport } from './report/report.ts';
import { isSignal } from './signal-names.ts';

export interface ProcessOptions {
  /** What the report calls it, followed by its pid; default `'process'`. */
  name?: string;
  /** ms that it may take to clean up and end, at most; in a shutdown no longer than the workers stage. */
  timeout?: number;
  /** What a process is ended with that does not use this library, or has no IPC channel; default `'SIGTERM'`. */
  signal?: NodeJS.Signals;
}

export interface ClusterOptions {
  /** ms that each worker may take to clean up and end, at most; in a shutdown no longer than the workers stage. */
  timeout?: number;
}

/** What {@link registerProcess} returns. */
export interface ProcessLink {
  /**
   * Lets the process clean up, ends it, and resolves to what became of it and of its own workers, while this process lives
   * on. It is killed after `timeout`, or 8 s. Resolves to an empty list where it had ended.
   */
  shutdown(): Promise<readonly WorkerReport[]>;
  /** As {@link shutdown}: `await using link = registerProcess(child)`. */
  [Symbol.asyncDispose](): Promise<void>;
  /** It is no longer told of a shutdown, nor waited for, nor ended. */
  unregister(): void;
}

/** What {@link registerCluster} returns. */
export interface ClusterLink {
  /** Its workers are no longer told of a shutdown, nor waited for, nor ended; nor are those that come. */
  unregister(): void;
}

/**
 * Registers a child process: what `fork()`, `spawn()` and execa return. In a shutdown of this process, before its own
 * handlers, the child is told to shut down, and its end is awaited. If it uses this library and has an IPC channel, that is
 * a message with the time that it has, and its own report becomes part of this one's `workers`, with its `pid`; otherwise
 * `signal`. One that has not ended in time is killed by SIGKILL and reported as `'timed-out'`. On a synchronous route
 * (`process.exit()`, an uncaught error) it has the `syncTimeout`, and its report is not read. One that uses this library
 * shuts down, too, when this process is gone without a word. One that has ended is none: nothing happens.
 *
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` if it is no ChildProcess, `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`.
 */
export function registerProcess(child: ChildProcess, options: ProcessOptions = {}): ProcessLink {
  behind(registerProcess, () => checkProcess(child, options));
  const { name = 'process', timeout, signal = 'SIGTERM' } = options;
  const registered = childrenOfThread();
  registered.add(child, { name, timeout, signal });
  const shutdown = (): Promise<readonly WorkerReport[]> => registered.shutdown(child, timeout ?? defaults.timeout);
  return {
    shutdown,
    [Symbol.asyncDispose]: async () => void (await shutdown()),
    unregister: () => registered.remove(child),
  };
}

/**
 * Registers every worker of `node:cluster`, those that are forked later included, as {@link registerProcess} does. For the
 * primary; its workers have to do nothing but import this library. A worker that was told to end counts as one that exits
 * on purpose: `worker.exitedAfterDisconnect` is true.
 *
 * @throws TypeError `ERR_WORKER_ATEXIT_PRIMARY_ONLY` in a worker of a cluster or in a thread,
 * `ERR_WORKER_ATEXIT_INVALID_ARGUMENT`, `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`.
 */
export function registerCluster(options: ClusterOptions = {}): ClusterLink {
  behind(registerCluster, () => checkCluster(options));
  const { timeout } = options;
  const registered = childrenOfThread();

  function add(worker: Worker): void {
    const onOrdered = (): void => {
      worker.exitedAfterDisconnect = true;
    };
    registered.add(worker.process, { name: 'cluster worker', timeout, signal: 'SIGTERM', onOrdered });
  }

  cluster.on('fork', add);
  const workers = (): Worker[] => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  workers().forEach(add);
  return {
    unregister() {
      cluster.off('fork', add);
      for (const worker of workers()) registered.remove(worker.process);
    },
  };
}

function checkProcess(child: unknown, options: ProcessOptions): void {
  if (!(child instanceof ChildProcess)) {
    throw misuse(
      'INVALID_ARGUMENT',
      `child must be a ChildProcess, what fork() and spawn() of node:child_process and execa() return (for a cluster there is registerCluster()); it is ${shown(child)}`,
    );
  }
  checkTerms(options, ['signal']);
  const { signal = 'SIGTERM' } = options;
  if (isSignal(signal)) return;
  throw misuse('INVALID_ARGUMENT', `options.signal must be a signal of this system; it is ${shown(signal)}`);
}

function checkCluster(options: ClusterOptions): void {
  if (!cluster.isPrimary || !isMainThread) {
    throw misuse(
      'PRIMARY_ONLY',
      'registerCluster() is for the primary of a cluster; a worker has only to import worker-atexit',
    );
  }
  checkOptions('options', options, ['timeout']);
  if (options.timeout !== undefined) checkTimeout('options.timeout', options.timeout);
}
