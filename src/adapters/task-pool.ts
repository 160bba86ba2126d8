/**
 * What Piscina and Tinypool, a fork of it, have in common: tasks that are watched, and workers that are parked in
 * `Atomics.wait` while they are idle, where no message of any port is seen.
 */
import { setEnvironmentData, type Worker } from 'node:worker_threads';
import type { ShutdownError } from '../report/errors.ts';
import { type Call, standIn } from '../stand-in.ts';
import type { Pool } from '../thread/pools.ts';
import { LONGEST, WAKING } from '../times.ts';
import { PARKS } from '../wire/reason.ts';
import { addPoolOfProcesses, instance, type PoolOptions, whenIs } from './adapter.ts';
import { hear, isWorkerInfo, REQUESTS, reject, submitAndFind, WAKE, type WorkerInfo } from './worker-info.ts';

setEnvironmentData(PARKS, true);

/** What differs from one such pool to the other. */
export interface TaskPool {
  /** What the report calls it unless told. */
  readonly name: string;
  /** What the pool calls the asynchronous resource of a task. */
  readonly taskType: string;
  readonly pool: { run: (task: unknown, options?: TaskOptions) => Promise<unknown>; destroy(): Promise<void> };
  threads(): Worker[];
  /** The pool's own options, which it reads again and again. */
  readonly options: { minThreads: number; maxThreads: number };
  /** Whether an event leads to what the pool keeps of each new worker. */
  readonly tellsOfWorkers: boolean;
  /** The Worker of what the pool keeps as one. */
  workerOf(worker: unknown): Worker | undefined;
  /** What to use instead where the pool's workers are child processes. */
  readonly threadsInstead?: string | undefined;
  /** Whether idle workers are parked at all. */
  parks(): boolean;
  /** How many workers are idle, given how many of the tasks that were watched run. */
  idleThreads(running: number): number;
  /** Whether nothing is queued or running, watched or not. */
  isIdle(running: number): boolean;
  /** Rejects what is queued, with an error of this name. Absent where the pool has no way to: each task is looked at. */
  readonly cancelling?: { readonly error: string; cancelQueued(): void };
}

export interface TaskOptions {
  readonly filename?: string;
  readonly name?: string;
  /** Or an EventEmitter, which does not tell whether it has been aborted. */
  readonly signal?: AbortSignal;
}

/** A task that runs. */
interface Running {
  readonly signal: unknown;
  result: Promise<unknown> | undefined;
}

/** What an adapter has to tell of workers that the pool makes. */
export interface Registered {
  /** An object of the pool's may lead to a worker's port and counter. */
  learn(info: unknown): void;
}

/** `again`: registers the pool anew. `onEnd`: it was registered until now. */
export function registerTaskPool(
  taskPool: TaskPool,
  options: PoolOptions,
  again: () => void,
  onEnd: () => void = () => {},
): Registered {
  const { pool, taskType, workerOf } = taskPool;
  const { name = taskPool.name, timeout, force = false } = options;
  const terms = { name, ...(timeout !== undefined && { timeout }) };
  const library = instance();
  const infos = new WeakMap<Worker, WorkerInfo>();
  const adopted = new WeakSet<Worker>();
  /** They have said nothing yet, so that they have had no task, and are not parked. */
  const starting = new WeakSet<Worker>();
  /** Tasks that lead to a worker as soon as it has them, and that are looked at where what is queued is rejected. */
  const tasks = new Set<object>();
  /** The tasks that run. */
  const running = new Set<Running>();
  const submit = pool.run;
  const { minThreads } = taskPool.options;
  /** Whether tasks were submitted before `run` was watched. */
  let unwatched = !taskPool.isIdle(0);
  /** The workers that the pool had when it was ended. */
  let before: ReadonlySet<Worker> = new Set();
  let awake = false;
  let refusal: ShutdownError | undefined;
  let settle: (() => void) | undefined;

  function learn(info: unknown): void {
    const worker = isWorkerInfo(info) ? workerOf(info.worker) : undefined;
    if (!worker || !isWorkerInfo(info) || isKnown(worker)) return;
    infos.set(worker, info);
    adopt(worker);
    // It was started before the others were woken, and parks now.
    if (awake) wakeByMessage(worker);
  }

  function learnFromTasks(): void {
    for (const task of tasks) learn(Reflect.get(task, 'workerInfo'));
  }

  const isKnown = (worker: Worker): boolean => infos.has(worker);

  const looksAtQueued = force && taskPool.cancelling === undefined;

  /** Whether the next task can tell nothing new. It may be the first one of a worker that is made for it. */
  function isEachKnown(): boolean {
    if (looksAtQueued) return false;
    const threads = taskPool.threads();
    return threads.every(isKnown) && (taskPool.tellsOfWorkers || threads.length === taskPool.options.maxThreads);
  }

  function adopt(worker: Worker): void {
    if (adopted.has(worker)) return;
    adopted.add(worker);
    library.addPoolWorker(worker, terms, () => wakeToEnd(worker));
  }

  /** The pool ends it. Whether it is sure to read its order. */
  function wakeToEnd(worker: Worker): boolean {
    // It may have said that it is ready, and be parked by now.
    if (!isKnown(worker)) hear(worker);
    if (!wakeByMessage(worker)) return starting.has(worker);
    // The pool has rejected its tasks. Where it would be gone by now it goes on, and may answer.
    infos.get(worker)?.port.removeAllListeners?.('message');
    return !isAborting();
  }

  async function run(held: Running, next: Call, args: readonly unknown[]): Promise<unknown> {
    if (refusal) library.usePool();
    if (refusal) throw refusal;
    running.add(held);
    const call = (): unknown => next(...args);
    const { result, task } = isEachKnown() ? { result: call(), task: undefined } : submitAndFind(taskType, call);
    if (task) tasks.add(task);
    try {
      return await result;
    } catch (error) {
      throw force && refusal && error instanceof Error && error.name === taskPool.cancelling?.error ? refusal : error;
    } finally {
      running.delete(held);
      if (task) {
        learn(Reflect.get(task, 'workerInfo'));
        tasks.delete(task);
      }
      if (running.size === 0) settle?.();
    }
  }
  const watching = standIn(pool, 'run', (next, ...args) => {
    const held: Running = { signal: Object(args[1]).signal, result: undefined };
    held.result = run(held, next, args);
    return held.result;
  });

  /** A task is rejected, and its worker ended, as its signal is aborted; a moment later the signal is that of no task. */
  function isAborting(): boolean {
    for (const { signal } of running) {
      if (typeof signal !== 'object' || signal === null) continue;
      if (!('aborted' in signal) || signal.aborted === true) return true;
    }
    return false;
  }

  /** False where nothing leads to it. */
  function wakeByMessage(worker: Worker): boolean {
    if (!taskPool.parks()) return true;
    if (!isKnown(worker)) learnFromTasks();
    const info = infos.get(worker);
    if (!info) return false;
    info.port.postMessage({ taskId: -1, task: LONGEST, ...WAKE, histogramEnabled: 0 });
    Atomics.add(info.sharedBuffer, REQUESTS, 1);
    Atomics.notify(info.sharedBuffer, REQUESTS, 1);
    return true;
  }

  function withoutNewThreads<T>(submitted: () => T): T {
    const { options: poolOptions } = taskPool;
    const { maxThreads } = poolOptions;
    poolOptions.maxThreads = Math.min(maxThreads, taskPool.threads().length);
    try {
      return submitted();
    } finally {
      poolOptions.maxThreads = maxThreads;
    }
  }

  /**
   * Wakes one of the idle workers, whichever the pool picks, by a task of the pool's own. False where it picks none: then
   * the task is taken back. It must not make the pool start another worker, so there is no room for one meanwhile.
   */
  function wakeByTask(): boolean {
    const abort = new AbortController();
    // Bun has no asynchronous hooks that tell which worker has got it, and whose port is not to be waited for.
    const duration = 'Bun' in globalThis && refusal?.route === 'beforeExit' ? WAKING : LONGEST;
    const call = (): Promise<unknown> => submit.call(pool, duration, { ...WAKE, signal: abort.signal });
    const { result, task } = withoutNewThreads(() => submitAndFind(taskType, call));
    result.catch(() => {});
    if (!task) return true;
    const info: unknown = Reflect.get(task, 'workerInfo');
    // It is pending for good, and must not keep the process alive.
    if (isWorkerInfo(info)) info.port.unref();
    else abort.abort();
    return isWorkerInfo(info);
  }

  /** Wakes a worker that nothing leads to as soon as it is parked: once it has said that it is ready. */
  function wakeWhenReady(worker: Worker): void {
    const onMessage = (): void => {
      learnFromTasks();
      if (isKnown(worker) || wakeByTask()) worker.off('message', onMessage);
    };
    worker.on('message', onMessage);
  }

  async function whenIdle(): Promise<void> {
    await whenIs(() => awake || taskPool.isIdle(running.size));
    unwatched = false;
  }

  const known: Pool = {
    name,

    adopt(made) {
      for (const worker of taskPool.threads()) adopt(worker);
      if (!adopted.has(made)) return;
      starting.add(made);
      made.once('message', () => starting.delete(made));
    },

    refuse(error) {
      refusal = error;
      if (!force) return undefined;
      taskPool.cancelling?.cancelQueued();
      if (!looksAtQueued) return undefined;
      if (tasks.size === running.size && [...tasks].every((task) => reject(task, error))) return undefined;
      return `what is queued in pool ${name} could not be rejected, and is finished`;
    },

    idle() {
      if (unwatched) return whenIdle();
      if (running.size === 0) return undefined;
      return new Promise((resolve) => {
        settle = resolve;
      });
    },

    wake() {
      awake = true;
      // What runs still may end with its worker. To a task that nobody waits for that is no uncaught error of the program.
      for (const { result } of running) result?.catch(() => {});
      // A worker that ends from now on must not be made up for: the new one would keep the event loop busy, and end in turn.
      taskPool.options.minThreads = 0;
      if (!taskPool.parks()) return undefined;
      learnFromTasks();
      const threads = taskPool.threads();
      for (const worker of threads) if (isKnown(worker)) wakeByMessage(worker);
      if (threads.every(isKnown)) return undefined;
      const idle = taskPool.idleThreads(running.size);
      let woken = 0;
      while (woken < idle && wakeByTask()) woken++;
      for (const worker of threads) if (!isKnown(worker)) wakeWhenReady(worker);
      return `${woken} of ${idle} idle workers of pool ${name} were woken by a task each, since not every one of them is known`;
    },

    wakeStarting() {
      if (!taskPool.parks()) return false;
      const unknown = taskPool.threads().filter((worker) => !isKnown(worker));
      for (const worker of unknown) hear(worker);
      learnFromTasks();
      return !taskPool.threads().every(isKnown);
    },

    accept() {
      refusal = undefined;
      awake = false;
      taskPool.options.minThreads = minThreads;
    },

    async end() {
      before = new Set(taskPool.threads());
      await pool.destroy();
      // Not before: those that ended would have been made up for.
      taskPool.options.minThreads = minThreads;
    },

    leave() {
      onEnd();
      watching.takeAway();
      refusal = undefined;
      return { isUsed: () => taskPool.threads().some((worker) => !before.has(worker)), register: again };
    },
  };
  if (taskPool.threadsInstead === undefined) library.addPool(pool, known);
  else addPoolOfProcesses(pool, known, taskPool.threadsInstead);
  for (const worker of taskPool.threads()) adopt(worker);

  return { learn };
}
