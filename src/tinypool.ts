/**
 * Tinypool pools, as far as their workers are threads: they drain, their parked workers are woken, every worker cleans
 * up before it is terminated, and after a shutdown in a process that lives on the pool is destroyed.
 *
 * @module
 */
import { Worker } from 'node:worker_threads';
import { checkPool, isRegistered, type PoolOptions } from './adapters/adapter.ts';
import { registerTaskPool, type TaskOptions } from './adapters/task-pool.ts';

export type { PoolOptions } from './adapters/adapter.ts';

/** What this adapter uses of a Tinypool. */
export interface TinypoolPool {
  run(task: unknown, options?: TaskOptions): Promise<unknown>;
  destroy(): Promise<void>;
  cancelPendingTasks(): void;
  readonly threads: readonly object[];
  readonly queueSize: number;
  readonly options: { minThreads: number; maxThreads: number };
}

/** Tinypool keeps each thread in an object of its own; one without a thread is a child process. */
function workerOf(worker: unknown): Worker | undefined {
  if (typeof worker !== 'object' || worker === null || !('thread' in worker)) return undefined;
  return worker.thread instanceof Worker ? worker.thread : undefined;
}

/**
 * Lets a Tinypool shut down with this thread. At the drain stage what is queued and running finishes, and a task that is
 * submitted later is rejected with the `ShutdownError`; then every worker cleans up, parked ones included, on every route;
 * after a `shutdown()` in a process that lives on, the pool is destroyed, and registered again once it is used again. A
 * worker that the pool itself ends (`idleTimeout`, an aborted task, `isolateWorkers`, `recycleWorkers()`, `destroy()`)
 * runs the pool's own `teardown` as ever, and then cleans up; one that has not run a task since the pool was registered
 * cannot be woken one by one, and is ended without; one whose task was aborted is ended if it does not read its order
 * within 100 ms. A clean-up counts against the pool's own `terminateTimeout`. With `runtime: 'child_process'` there is
 * nothing that this library can tell its workers: an error line says so at once, and a note in each report.
 *
 * @returns `pool`.
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` if it is no Tinypool, `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`.
 */
export function registerPool<P extends TinypoolPool>(pool: P, options: PoolOptions = {}): P {
  checkPool(
    registerPool,
    'Tinypool',
    pool,
    ['run', 'destroy', 'threads', 'queueSize', 'options', 'recycleWorkers'],
    options,
  );
  if (isRegistered(pool)) return pool;
  const isOfProcesses = Reflect.get(pool.options, 'runtime') === 'child_process';
  const threads = (): Worker[] => pool.threads.map(workerOf).filter((worker) => worker !== undefined);
  registerTaskPool(
    {
      name: 'tinypool',
      taskType: 'Tinypool.Task',
      pool,
      threads,
      options: pool.options,
      tellsOfWorkers: false,
      workerOf,
      threadsInstead: isOfProcesses ? "runtime: 'worker_threads'" : undefined,
      parks: () => !isOfProcesses && (!('useAtomics' in pool.options) || pool.options.useAtomics !== false),
      // What runs was submitted here, but for what is queued.
      idleThreads: (running) => Math.max(0, threads().length - Math.max(0, running - pool.queueSize)),
      isIdle: (running) => pool.queueSize === 0 && running === 0,
      cancelling: { error: 'CancelError', cancelQueued: () => pool.cancelPendingTasks() },
    },
    options,
    () => registerPool(pool, options),
  );
  return pool;
}
