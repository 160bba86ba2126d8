/**
 * Pools of the package workerpool, with `workerType: 'thread'`: they drain, every worker cleans up before it is ended,
 * and after a shutdown in a process that lives on the pool is terminated.
 *
 * @module
 */
import { Worker } from 'node:worker_threads';
import { addPoolOfProcesses, checkPool, instance, isRegistered, type PoolOptions, whenIs } from './adapters/adapter.ts';
import type { ShutdownError } from './report/errors.ts';
import { standIn } from './stand-in.ts';
import type { Pool } from './thread/pools.ts';

export type { PoolOptions } from './adapters/adapter.ts';

/** What this adapter uses of a workerpool. */
export interface WorkerPool {
  exec(...args: never[]): unknown;
  terminate(...args: never[]): unknown;
  stats(): { readonly activeTasks: number; readonly pendingTasks: number };
}

/** The threads of a pool. Its own declarations say that what it keeps of each is private. */
function threadsOf(pool: WorkerPool): Worker[] {
  const workers: unknown = Reflect.get(pool, 'workers');
  if (!Array.isArray(workers)) return [];
  return workers.map(({ worker }: { readonly worker: unknown }) => worker).filter((worker) => worker instanceof Worker);
}

/**
 * What the pool posts to a worker that is to end. The worker calls `process.exit()` then, where nothing asynchronous can
 * finish any more; so it cleans up before this message is sent. No public interface: another version's worker is ended
 * by `process.exit()` all the same, with what its handlers do synchronously.
 */
const TERMINATE = '__workerpool-terminate__';

/** workerpool's promises have more methods than others; what is refused answers to them, too. */
interface Refusal extends Promise<never> {
  timeout(): Refusal;
  cancel(): Refusal;
  always(settled: () => void): Promise<never>;
}

function refuse(error: ShutdownError, PoolPromise: unknown): unknown {
  // The pool's own class, once it has shown it.
  if (typeof PoolPromise === 'function') {
    return Reflect.construct(PoolPromise, [(_: unknown, reject: (error: ShutdownError) => void) => reject(error)]);
  }
  const rejected: Promise<never> = Promise.reject(error);
  const refusal: Refusal = Object.assign(rejected, {
    timeout: () => refusal,
    cancel: () => refusal,
    always: (settled: () => void) => rejected.finally(settled),
  });
  return refusal;
}

/**
 * Rejects what no worker has got yet, as the pool's own `terminate()` does. The queue is no public interface, so false
 * where it is not there.
 */
function rejectQueued(pool: object, error: ShutdownError): boolean {
  const queue: unknown = Reflect.get(pool, 'taskQueue');
  if (!isQueue(queue)) return false;
  for (let task = queue.pop(); task; task = queue.pop()) task.resolver.reject(error);
  return true;
}

interface Queue {
  pop(): { readonly resolver: { reject(error: Error): void } } | null | undefined;
}

const isQueue = (value: unknown): value is Queue =>
  typeof value === 'object' && value !== null && 'pop' in value && typeof value.pop === 'function' && 'push' in value;

/**
 * Lets a workerpool shut down with this thread. At the drain stage what is queued and running finishes, and a task that is
 * submitted later is rejected with the `ShutdownError`; then every worker cleans up; after a `shutdown()` in a process
 * that lives on, the pool is terminated, and registered again once it is used again. A worker that the pool itself ends
 * (`terminate()`, a task that was cancelled or timed out) cleans up first, too, and then runs the pool's own
 * `onTerminate`. With `workerType: 'process'` there is nothing that this library can tell its workers: an error line says
 * so at once, and a note in each report.
 *
 * @returns `pool`.
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` if it is no workerpool, `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`.
 */
export function registerPool<P extends WorkerPool>(pool: P, options: PoolOptions = {}): P {
  checkPool(registerPool, 'workerpool', pool, ['exec', 'terminate', 'stats', 'workers'], options);
  if (isRegistered(pool)) return pool;
  const { name = 'workerpool', timeout, force = false } = options;
  const terms = { name, ...(timeout !== undefined && { timeout }) };
  const library = instance();
  const adopted = new WeakSet<Worker>();
  const { terminate } = pool;
  let refusal: ShutdownError | undefined;
  let PoolPromise: unknown;
  let stopped = false;
  /** The workers that the pool had when it was ended. */
  let before: ReadonlySet<Worker> = new Set();

  function adopt(): void {
    for (const worker of threadsOf(pool)) {
      if (adopted.has(worker)) continue;
      adopted.add(worker);
      /** Not by force, as where a task is cancelled: then nothing runs in it any more. */
      let isAsked = false;
      library.addPoolWorker(worker, terms, () => isAsked);
      let cleanedUp: Promise<void> | undefined;
      standIn(worker, 'send', (next, message, ...rest) => {
        const post = (): unknown => next(message, ...rest);
        isAsked ||= message === TERMINATE;
        if (message === TERMINATE) cleanedUp = library.cleanUp(worker);
        if (message === TERMINATE && cleanedUp) cleanedUp.then(post);
        else post();
      });
      // What the pool does when its own time, `workerTerminateTimeout`, is up: the clean-up has its own.
      standIn(worker, 'kill', () => {
        Promise.resolve(cleanedUp).then(() => worker.terminate());
        return true;
      });
    }
  }

  const isIdle = (): boolean => {
    const { activeTasks, pendingTasks } = pool.stats();
    return activeTasks === 0 && pendingTasks === 0;
  };

  const watching = standIn(pool, 'exec', (next, ...args) => {
    if (refusal) library.usePool();
    if (refusal) return refuse(refusal, PoolPromise);
    const result = next(...args);
    PoolPromise = Object(result).constructor;
    adopt();
    return result;
  });

  const known: Pool = {
    name,
    adopt,
    refuse(error) {
      refusal = error;
      if (!force || rejectQueued(pool, error)) return undefined;
      return `what is queued in pool ${name} could not be rejected, and is finished`;
    },
    idle: () => (isIdle() ? undefined : whenIs(() => stopped || isIdle())),
    wake() {
      stopped = true;
      return undefined;
    },
    accept() {
      refusal = undefined;
      stopped = false;
    },

    async end() {
      before = new Set(threadsOf(pool));
      await Reflect.apply(terminate, pool, []);
    },

    leave() {
      watching.takeAway();
      refusal = undefined;
      return {
        isUsed: () => threadsOf(pool).some((worker) => !before.has(worker)),
        register: () => void registerPool(pool, options),
      };
    },
  };
  if (Reflect.get(pool, 'workerType') === 'process') addPoolOfProcesses(pool, known, "workerType: 'thread'");
  else library.addPool(pool, known);
  adopt();
  return pool;
}
