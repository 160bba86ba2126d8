/** Piscina and Tinypool, real ones, in a thread that lives on. */
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { Tinypool } from 'tinypool';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as atexit from '../../src/index.ts';
import { registerPool as registerPiscina } from '../../src/piscina.ts';
import type { ShutdownReport } from '../../src/report/report.ts';
import { registerPool as registerTinypool } from '../../src/tinypool.ts';

const filename = fileURLToPath(new URL('./modules/task.cjs', import.meta.url));
const TWO = { filename, minThreads: 2, maxThreads: 2 };

const pools: { destroy(): Promise<void> }[] = [];
/** Those that are left when a pool was destroyed are about to end. */
const exits: Promise<unknown>[] = [];
const watch = (worker: Worker): void => void exits.push(new Promise((resolve) => worker.once('exit', resolve)));
beforeEach(() => {
  process.on('worker', watch);
});
afterEach(async () => {
  await atexit.shutdown();
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  await Promise.all(exits.splice(0));
  process.off('worker', watch);
});

const kinds = {
  Piscina(options: object = {}) {
    const pool = new Piscina({ ...TWO, ...options });
    pools.push(pool);
    return pool;
  },
  Tinypool(options: object = {}) {
    const pool = new Tinypool({ ...TWO, ...options });
    pools.push(pool);
    return pool;
  },
};
const { Piscina: piscina, Tinypool: tinypool } = kinds;

/** A task for each of two workers, at the same time. */
const both = (pool: { run(task: unknown): Promise<unknown> }) => {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  return Promise.all([pool.run({ counter, until: 2, value: 1 }), pool.run({ counter, until: 2, value: 2 })]);
};
const statuses = ({ workers }: ShutdownReport) => workers.map(({ name, status }) => `${name.split(' ')[0]} ${status}`);
const settled = (tasks: readonly Promise<unknown>[]) =>
  Promise.allSettled(tasks).then((results) =>
    results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.code)),
  );
/** Idle workers of a pool are parked a moment after their task. */
const parked = () => new Promise((resolve) => setTimeout(resolve, 50));

describe.each([
  ['piscina', (options?: object, terms?: object) => registerPiscina(piscina(options), terms)],
  ['tinypool', (options?: object, terms?: object) => registerTinypool(tinypool(options), terms)],
] as const)('a pool of %s', (kind, create) => {
  it('finishes what is queued and running, refuses what comes later, and is destroyed', async () => {
    const pool = create();
    const tasks = [1, 2, 3, 4, 5].map((value) => pool.run({ ms: 30, value }));
    const ending = atexit.shutdown();
    const late = pool.run({ value: 6 });
    expect(await settled([...tasks, late])).toEqual([1, 2, 3, 4, 5, 'ERR_WORKER_ATEXIT_SHUTDOWN']);
    const report = await ending;
    expect(statuses(report)).toEqual([`${kind} acked`, `${kind} acked`]);
    expect(report.notes).toEqual([]);
    expect(pool.threads).toEqual([]);
    expect(Object.hasOwn(pool, 'run')).toBe(false);
  });

  it('wakes the workers that are parked', async () => {
    const pool = create({}, { name: 'renderer', timeout: 5000 });
    expect(await both(pool)).toEqual([1, 2]);
    await parked();
    const report = await atexit.shutdown();
    expect(statuses(report)).toEqual(['renderer acked', 'renderer acked']);
    expect(report.workers.map(({ handlers }) => handlers.map(({ name }) => name))).toEqual([['close'], ['close']]);
    expect(report.notes).toEqual([]);
    expect(report.ok).toBe(true);
  });

  it('passes on the error of a task', async () => {
    const pool = create();
    await expect(pool.run({ fails: true })).rejects.toThrow('the task failed');
    expect(await pool.run({ value: 1 })).toBe(1);
  });

  it('is registered once', async () => {
    const pool = create();
    const { run } = pool;
    const again = pool instanceof Piscina ? registerPiscina(pool) : registerTinypool(pool as Tinypool);
    expect(again).toBe(pool);
    expect(pool.run).toBe(run);
  });

  it('rejects what is queued where that is asked for', async () => {
    const pool = create({}, { force: true });
    const tasks = [1, 2, 3, 4].map((value) => pool.run({ ms: 200, value }));
    await parked();
    const ending = atexit.shutdown();
    const refused = 'ERR_WORKER_ATEXIT_SHUTDOWN';
    const results = await settled(tasks);
    const report = await ending;
    // Where workers had not started yet, nothing was running.
    expect(results.slice(2)).toEqual([refused, refused]);
    expect(report.notes).toEqual([]);
    expect(report.ok).toBe(true);
  });

  it('that is woken by messages alone needs to know each worker: otherwise by a task each, which is noted', async () => {
    const pool = kind === 'piscina' ? piscina() : tinypool();
    await both(pool);
    await parked();
    if (pool instanceof Piscina) registerPiscina(pool);
    else registerTinypool(pool);
    const report = await atexit.shutdown();
    expect(statuses(report)).toEqual([`${kind} acked`, `${kind} acked`]);
    expect(report.notes).toEqual([
      `2 of 2 idle workers of pool ${kind} were woken by a task each, since not every one of them is known`,
    ]);
    expect(pool.options.maxThreads).toBe(2);
  });

  it('knows a worker by the first task that it runs after the pool was registered', async () => {
    const pool = kind === 'piscina' ? piscina() : tinypool();
    await both(pool);
    if (pool instanceof Piscina) registerPiscina(pool);
    else registerTinypool(pool);
    await both(pool);
    await parked();
    const report = await atexit.shutdown();
    expect(statuses(report)).toEqual([`${kind} acked`, `${kind} acked`]);
    expect(report.notes).toEqual([]);
  });

  it('lets a worker clean up whose task is aborted', async () => {
    const pool = create();
    await both(pool);
    const abort = new AbortController();
    const task = pool.run({ ms: 60_000 }, { signal: abort.signal });
    await parked();
    const before = pool.threads.length;
    abort.abort();
    await expect(task).rejects.toThrow();
    const report = await atexit.shutdown();
    expect(before).toBe(2);
    expect(report.ok).toBe(true);
  });

  describe('a worker of which is blocked', () => {
    /** Runs a task that blocks for `ms`. Its worker counts the tasks, and its clean-ups. */
    const block = async (pool: ReturnType<typeof create>, ms: number, signal?: AbortSignal) => {
      const blocks = new Int32Array(new SharedArrayBuffer(12));
      const task = pool.run({ blocks, ms }, signal && { signal }).catch(() => {});
      await expect.poll(() => Atomics.load(blocks, 0)).toBe(1);
      return { task, cleanUps: () => Atomics.load(blocks, 1) };
    };

    it('does not wait for it where its task is aborted', async () => {
      const pool = create({ minThreads: 1, maxThreads: 1 }, { timeout: 600_000 });
      const abort = new AbortController();
      const { task, cleanUps } = await block(pool, 600_000, abort.signal);
      const gone = Promise.all(exits.splice(0));
      abort.abort();
      await gone;
      await task;
      expect(cleanUps()).toBe(0);
    });

    it('nor where another task of the same signal has ended', async () => {
      const pool = create({ minThreads: 1, maxThreads: 1 }, { timeout: 600_000 });
      const abort = new AbortController();
      await pool.run({ value: 1 }, { signal: abort.signal });
      const { task } = await block(pool, 600_000, abort.signal);
      const queued = pool.run({ value: 2 }, { signal: abort.signal }).catch(() => {});
      const gone = Promise.all(exits.splice(0));
      abort.abort();
      await Promise.all([gone, task, queued]);
    });

    it('lets it finish and clean up where it is destroyed', async () => {
      const pool = create({ minThreads: 1, maxThreads: 1 }, { timeout: 10_000 });
      const { cleanUps } = await block(pool, 500, new AbortController().signal);
      await pool.destroy();
      await Promise.all(exits.splice(0));
      expect(cleanUps()).toBe(1);
    });
  });
});

describe('a pool that had tasks when it was registered', () => {
  it('is awaited all the same', async () => {
    const pool = piscina();
    const tasks = [1, 2, 3].map((value) => pool.run({ ms: 50, value }));
    registerPiscina(pool);
    const ending = atexit.shutdown();
    expect(await settled(tasks)).toEqual([1, 2, 3]);
    expect(statuses(await ending)).toEqual(['piscina acked', 'piscina acked']);
  });

  it('goes on although its load balancer fails, and that is noted', async () => {
    let fails = false;
    const loadBalancer: NonNullable<typeof Piscina.prototype.options.loadBalancer> = (_, workers) => {
      if (fails) throw new Error('the load balancer failed');
      return workers.find(({ currentUsage }) => currentUsage === 0) ?? null;
    };
    const pool = piscina({ loadBalancer });
    await both(pool);
    registerPiscina(pool);
    atexit.register(() => {});
    await parked();
    fails = true;
    const report = await atexit.shutdown({ timeout: 1000 });
    expect(report.notes).toEqual([expect.stringMatching(/^a pool failed: Error: the load balancer failed\n/)]);
    expect(report.handlers).toHaveLength(1);
    expect(pool.options.maxThreads).toBe(2);
  });

  it('is not rejected what is not known, and that is noted', async () => {
    const pool = piscina();
    const tasks = [1, 2, 3, 4].map((value) => pool.run({ ms: 50, value }));
    registerPiscina(pool, { force: true });
    tasks.push(pool.run({ value: 5 }));
    const ending = atexit.shutdown();
    const results = await settled(tasks);
    expect(results.slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect((await ending).ok).toBe(true);
  });
});

describe('a pool whose workers are not parked', () => {
  it('is not woken', async () => {
    const pool = registerPiscina(piscina({ atomics: 'async' }));
    await both(pool);
    const report = await atexit.shutdown();
    expect(statuses(report)).toEqual(['piscina acked', 'piscina acked']);
    expect(report.notes).toEqual([]);
  });

  it('nor a Tinypool', async () => {
    const pool = registerTinypool(tinypool({ useAtomics: false }));
    await both(pool);
    const report = await atexit.shutdown();
    expect(statuses(report)).toEqual(['tinypool acked', 'tinypool acked']);
    expect(report.notes).toEqual([]);
  });
});

it('a pool starts no worker while it ends', async () => {
  const pool = registerPiscina(piscina({ minThreads: 1, maxThreads: 4 }));
  await pool.run({ value: 1 });
  await parked();
  const report = await atexit.shutdown();
  expect(statuses(report)).toEqual(['piscina acked']);
  expect(pool.threads).toEqual([]);
  // It may be used again.
  expect(pool.options.minThreads).toBe(1);
});

it('a program that has put something in the place of run keeps it', async () => {
  const pool = registerPiscina(piscina());
  const own = async () => 'own';
  Object.defineProperty(pool, 'run', { value: own, configurable: true });
  await atexit.shutdown();
  expect(pool.run).toBe(own);
});
