/**
 * Piscina pools: they drain, their parked workers are woken, every worker cleans up before it is terminated, and after a
 * shutdown in a process that lives on the pool is destroyed.
 *
 * @module
 */
import { Worker } from 'node:worker_threads';
import { checkPool, isRegistered, type PoolOptions } from './adapters/adapter.ts';
import { registerTaskPool, type TaskOptions } from './adapters/task-pool.ts';

export type { PoolOptions } from './adapters/adapter.ts';

/** What this adapter uses of a Piscina. */
export interface PiscinaPool {
  run(task: unknown, options?: TaskOptions): Promise<unknown>;
  destroy(): Promise<void>;
  on(event: 'workerCreate', listener: (worker: object) => void): unknown;
  off(event: 'workerCreate', listener: (worker: object) => void): unknown;
  readonly threads: readonly Worker[];
  readonly queueSize: number;
  readonly idleThreads: number;
  readonly options: { minThreads: number; maxThreads: number };
}

/**
 * Lets a Piscina shut down with this thread. At the drain stage what is queued and running finishes, and a task that is
 * submitted later is rejected with the `ShutdownError`; then every worker cleans up, parked ones included, on every route;
 * after a `shutdown()` in a process that lives on, the pool is destroyed, and registered again once it is used again. A
 * worker that the pool itself ends (`idleTimeout`, an aborted task, `close()`, `destroy()`) cleans up first, too; one
 * whose task was aborted is ended all the same if it does not read its order within 100 ms. Register a pool in the tick
 * that makes it: a worker that was there before, and has run no task since, cannot be woken alone.
 *
 * @returns `pool`.
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` if it is no Piscina, `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`.
 */
export function registerPool<P extends PiscinaPool>(pool: P, options: PoolOptions = {}): P {
  checkPool(
    registerPool,
    'Piscina',
    pool,
    ['run', 'destroy', 'threads', 'queueSize', 'idleThreads', 'options'],
    options,
  );
  if (isRegistered(pool)) return pool;
  const taskPool = {
    name: 'piscina',
    taskType: 'Piscina.Task',
    pool,
    threads: () => [...pool.threads],
    options: pool.options,
    tellsOfWorkers: true,
    workerOf: (worker: unknown) => (worker instanceof Worker ? worker : undefined),
    parks: () => !('atomics' in pool.options) || pool.options.atomics === 'sync',
    idleThreads: () => pool.idleThreads,
    isIdle: () => pool.queueSize === 0 && pool.idleThreads === pool.threads.length,
  };
  const { learn } = registerTaskPool(
    taskPool,
    options,
    () => registerPool(pool, options),
    () => pool.off('workerCreate', onWorker),
  );

  /** What the event hands out keeps the pool's own object of the worker under a symbol. */
  function onWorker(created: object): void {
    for (const key of Object.getOwnPropertySymbols(created)) learn(Reflect.get(created, key));
  }
  pool.on('workerCreate', onWorker);
  return pool;
}
