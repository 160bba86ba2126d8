/**
 * Piscina pools: they drain, their parked workers are woken, and after a shutdown in a process that lives on they are
 * destroyed.
 *
 * @module
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { checkPool, checkPoolOptions, instance, type PoolOptions } from './adapter.ts';
import type { ShutdownError } from './errors.ts';

export type { PoolOptions } from './adapter.ts';

/** What this adapter uses of a Piscina. */
export interface PiscinaPool {
  run(task: unknown, options?: { filename?: string; name?: string }): Promise<unknown>;
  destroy(): Promise<void>;
  on(event: 'workerCreate', listener: (worker: object) => void): unknown;
  off(event: 'workerCreate', listener: (worker: object) => void): unknown;
  readonly threads: readonly Worker[];
  readonly queueSize: number;
  readonly idleThreads: number;
  readonly options: object;
}

/**
 * What the pool keeps of a worker: its port, and the counter in whose `Atomics.wait` an idle worker is parked. No public
 * interface; the event `workerCreate` hands out an object that leads to it.
 */
interface WorkerInfo {
  readonly worker: Worker;
  readonly port: { postMessage(message: unknown): void };
  readonly sharedBuffer: Int32Array;
}

const WAKE = fileURLToPath(new URL('./wake.js', import.meta.url));

/** Where in `sharedBuffer` the pool counts the tasks that it has posted. */
const REQUESTS = 0;

/** How often a pool is asked whether it is idle that had tasks already when it was registered: ms. */
const POLL = 5;

function isWorkerInfo(value: unknown): value is WorkerInfo {
  return (
    typeof value === 'object' &&
    value !== null &&
    'worker' in value &&
    value.worker instanceof Worker &&
    'port' in value &&
    'sharedBuffer' in value &&
    value.sharedBuffer instanceof Int32Array &&
    value.sharedBuffer.buffer instanceof SharedArrayBuffer
  );
}

const findWorkerInfo = (created: object): WorkerInfo | undefined =>
  Object.getOwnPropertySymbols(created)
    .map((key): unknown => Reflect.get(created, key))
    .find(isWorkerInfo);

/**
 * Lets a Piscina shut down with this thread. At the drain stage what is queued and running finishes, and a task that is
 * submitted later is rejected with the `ShutdownError`; then every worker cleans up, parked ones included, on every
 * route; after a `shutdown()` in a process that lives on, the pool is destroyed. Register a pool in the tick that makes
 * it: later the public way to wake its workers is all that is left, a task for each.
 *
 * @returns `pool`.
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` if it is no Piscina, `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`.
 */
export function registerPool<P extends PiscinaPool>(pool: P, options: PoolOptions = {}): P {
  checkPool('Piscina', pool, ['run', 'destroy', 'threads', 'queueSize', 'idleThreads', 'options']);
  checkPoolOptions(options);
  const { name = 'piscina', timeout } = options;
  const terms = { name, ...(timeout !== undefined && { timeout }) };
  const library = instance();
  const infos = new WeakMap<Worker, WorkerInfo>();
  const adopted = new WeakSet<Worker>();
  const submit = pool.run;
  const isIdle = (): boolean => pool.queueSize === 0 && pool.idleThreads === pool.threads.length;
  /** Whether tasks were submitted before `run` was watched. */
  let unwatched = !isIdle();
  let running = 0;
  let awake = false;
  let refusal: ShutdownError | undefined;
  let settle: (() => void) | undefined;

  const run = async (...args: Parameters<PiscinaPool['run']>): Promise<unknown> => {
    if (refusal) throw refusal;
    running++;
    try {
      return await submit.apply(pool, args);
    } finally {
      running--;
      if (running === 0) settle?.();
    }
  };
  Object.defineProperty(pool, 'run', { value: run, configurable: true, writable: true });

  function adopt(worker: Worker): void {
    if (adopted.has(worker)) return;
    adopted.add(worker);
    library.addPoolWorker(worker, terms, () => {
      const info = infos.get(worker);
      if (info && parks()) wakeByMessage(info);
    });
  }

  const onWorker = (created: object): void => {
    const info = findWorkerInfo(created);
    if (!info) return;
    infos.set(info.worker, info);
    adopt(info.worker);
    // It was started before the others were woken, and parks now.
    if (awake && parks()) wakeByMessage(info);
  };
  pool.on('workerCreate', onWorker);

  /** Idle workers are parked only where the pool waits for tasks in `Atomics.wait`, as it does by default. */
  const parks = (): boolean => !('atomics' in pool.options) || pool.options.atomics === 'sync';

  function wakeByMessage({ port, sharedBuffer }: WorkerInfo): void {
    port.postMessage({ task: false, taskId: -1, filename: WAKE, name: 'default', histogramEnabled: 0 });
    Atomics.add(sharedBuffer, REQUESTS, 1);
    Atomics.notify(sharedBuffer, REQUESTS, 1);
  }

  function wakeByTask(): void {
    submit.call(pool, true, { filename: WAKE, name: 'default' }).catch(() => {});
  }

  library.addPool({
    adopt() {
      for (const worker of pool.threads) adopt(worker);
    },

    refuse(error) {
      refusal = error;
    },

    idle() {
      if (unwatched) return polled();
      if (running === 0) return undefined;
      return new Promise((resolve) => {
        settle = resolve;
      });
    },

    wake() {
      awake = true;
      if (!parks()) return undefined;
      let byTask = 0;
      for (const worker of pool.threads) {
        const info = infos.get(worker);
        if (info) wakeByMessage(info);
        else byTask++;
      }
      for (let count = 0; count < byTask; count++) wakeByTask();
      return byTask === 0
        ? undefined
        : `${byTask} workers of pool ${name} were woken by a task each, since the pool was not registered in the tick that made it`;
    },

    async end() {
      pool.off('workerCreate', onWorker);
      await pool.destroy();
      Reflect.deleteProperty(pool, 'run');
    },
  });

  for (const worker of pool.threads) adopt(worker);

  async function polled(): Promise<void> {
    while (!isIdle()) await new Promise((resolve) => setTimeout(resolve, POLL));
    unwatched = false;
  }

  return pool;
}
