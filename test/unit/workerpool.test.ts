/** The adapter alone: the pool and the library are what it is told that they are. */
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Instance, publishInstance } from '../../src/api/instance.ts';
import { ShutdownError } from '../../src/report/errors.ts';
import type { Pool } from '../../src/thread/pools.ts';
import { VERSION } from '../../src/wire/reason.ts';
import { registerPool } from '../../src/workerpool.ts';
import { isPending, someWorker } from './stand-ins.ts';

vi.mock('../../src/index.ts', () => ({}));

const instance = {
  hasPool: vi.fn((_: object) => false),
  addPool: vi.fn((_owner: object, _pool: Pool) => {}),
  usePool: vi.fn(),
  addPoolWorker: vi.fn((_worker: Worker, _terms: object, _wake: () => void) => {}),
  cleanUp: vi.fn((_: Worker): Promise<void> | undefined => undefined),
};
beforeEach(() => {
  vi.clearAllMocks();
  instance.hasPool.mockReturnValue(false);
  instance.cleanUp.mockReturnValue(undefined);
  publishInstance({ version: VERSION, ...instance } as unknown as Instance);
});
afterAll(() => Reflect.deleteProperty(globalThis, Symbol.for('worker-atexit')));

/** A promise of the pool’s own kind. */
class PoolPromise extends Promise<unknown> {}

/** A Worker as the pool keeps it, with what the pool calls of it. */
function createWorker() {
  const calls: unknown[][] = [];
  const worker = Object.assign(Object.create(Worker.prototype) as Worker, {
    send(this: unknown, ...args: unknown[]) {
      calls.push(['send', this === worker, ...args]);
    },
    kill: () => calls.push(['kill']),
    terminate: async () => calls.push(['terminate']),
  });
  const ask = (name: string, ...args: unknown[]): unknown => Reflect.apply(Reflect.get(worker, name), undefined, args);
  return { worker, calls, ask };
}

function createPool(more: object = {}) {
  const parts = {
    workers: [] as unknown[],
    stats: vi.fn(() => ({ activeTasks: 0, pendingTasks: 0 })),
    exec: vi.fn((..._: unknown[]): unknown => PoolPromise.resolve('done')),
    terminate: vi.fn(async (..._: unknown[]) => {}),
  };
  // Methods of a class, as the pool has them.
  return { parts, pool: Object.assign(Object.create(parts) as typeof parts, more) };
}

/** What the adapter has given to the library. */
function adapterOf(): Pool {
  const [, adapter] = instance.addPool.mock.lastCall ?? expect.unreachable();
  return adapter;
}
const error = new ShutdownError({ route: 'exit' });

describe('a workerpool', () => {
  it('is registered, and returned', () => {
    const { pool } = createPool();
    expect(registerPool(pool)).toBe(pool);
    expect(instance.addPool.mock.calls).toEqual([[pool, expect.any(Object)]]);
  });

  it('is registered once', () => {
    const { pool, parts } = createPool();
    instance.hasPool.mockImplementation((owner) => owner === pool);
    expect(registerPool(pool)).toBe(pool);
    expect(instance.addPool).not.toHaveBeenCalled();
    expect(pool.exec).toBe(parts.exec);
  });

  it.each(['exec', 'terminate', 'stats', 'workers'])('has %s', (member) => {
    const { parts } = createPool();
    Reflect.deleteProperty(parts, member);
    expect(() => registerPool(parts)).toThrow(
      expect.objectContaining({
        code: 'ERR_WORKER_ATEXIT_INVALID_ARGUMENT',
        message: `pool must be a workerpool pool; it is an object without ${member}`,
      }),
    );
  });

  it('has the options of a pool', () => {
    const options: object = { force: 1 };
    expect(() => registerPool(createPool().pool, options)).toThrow('options.force must be true or false; it is 1');
  });
});

describe('its workers', () => {
  it.each([
    [undefined, { name: 'workerpool' }],
    [
      { name: 'renderer', timeout: 0 },
      { name: 'renderer', timeout: 0 },
    ],
  ])('are named, with terms %j', (options, terms) => {
    const { worker } = createWorker();
    registerPool(createPool({ workers: [{ worker }] }).pool, options);
    expect(instance.addPoolWorker.mock.calls).toEqual([[worker, terms, expect.any(Function)]]);
    const [, given, wake] = instance.addPoolWorker.mock.lastCall ?? expect.unreachable();
    expect(Object.keys(given)).toEqual(Object.keys(terms));
    // It is never parked, and by force it is ended only where nothing runs in it any more.
    expect(wake()).toBe(false);
  });

  it('are those that are threads, each once', () => {
    const [one, two] = [createWorker(), createWorker()];
    const { pool } = createPool({ workers: [{ worker: one.worker }, { worker: { pid: 5 } }, { worker: null }] });
    registerPool(pool);
    pool.workers.push({ worker: two.worker });
    adapterOf().adopt(someWorker);
    adapterOf().adopt(someWorker);
    expect(instance.addPoolWorker.mock.calls.map(([worker]) => worker)).toEqual([one.worker, two.worker]);
  });

  it('are looked for at each task', () => {
    const { worker } = createWorker();
    const { pool, parts } = createPool();
    parts.exec.mockImplementation(() => {
      pool.workers.push({ worker });
      return PoolPromise.resolve();
    });
    registerPool(pool);
    expect(instance.addPoolWorker).not.toHaveBeenCalled();
    pool.exec('task');
    expect(instance.addPoolWorker).toHaveBeenCalledTimes(1);
  });

  it('are none that can be found where the pool keeps them otherwise', () => {
    registerPool(createPool({ workers: new Map() }).pool);
    expect(instance.addPoolWorker).not.toHaveBeenCalled();
  });

  it('stay as they are where another version ends them otherwise', () => {
    const worker = Object.create(Worker.prototype) as Worker;
    registerPool(createPool({ workers: [{ worker }] }).pool);
    expect(instance.addPoolWorker).toHaveBeenCalledTimes(1);
    expect(Object.keys(worker)).toEqual([]);
    expect(Object.hasOwn(worker, 'kill')).toBe(false);
  });
});

describe('a worker that the pool ends', () => {
  const TERMINATE = '__workerpool-terminate__';
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  function create() {
    const created = createWorker();
    registerPool(createPool({ workers: [{ worker: created.worker }] }).pool);
    return created;
  }

  it('cleans up before it is told', async () => {
    const { calls, ask, worker } = create();
    let finish = (): void => {};
    instance.cleanUp.mockReturnValue(
      new Promise((resolve) => {
        finish = resolve;
      }),
    );
    ask('send', TERMINATE, 'more');
    expect(instance.cleanUp.mock.calls).toEqual([[worker]]);
    const [, , wake] = instance.addPoolWorker.mock.lastCall ?? expect.unreachable();
    expect(wake()).toBe(true);
    await turn();
    expect(calls).toEqual([]);
    // The pool’s own time is up; the clean-up has its own.
    expect(ask('kill')).toBe(true);
    await turn();
    expect(calls).toEqual([]);
    finish();
    await turn();
    expect(calls).toEqual([['send', true, TERMINATE, 'more'], ['terminate']]);
  });

  it('is told at once where it has nothing to clean up', () => {
    const { calls, ask } = create();
    ask('send', TERMINATE);
    expect(calls).toEqual([['send', true, TERMINATE]]);
  });

  it('is killed where that is all that the pool does', async () => {
    const { calls, ask } = create();
    expect(ask('kill')).toBe(true);
    await turn();
    expect(calls).toEqual([['terminate']]);
  });

  it('gets every other message at once', async () => {
    const { calls, ask } = create();
    instance.cleanUp.mockReturnValue(new Promise(() => {}));
    ask('send', { method: 'run' }, ['transfer']);
    expect(instance.cleanUp).not.toHaveBeenCalled();
    const [, , wake] = instance.addPoolWorker.mock.lastCall ?? expect.unreachable();
    expect(wake()).toBe(false);
    ask('send', TERMINATE);
    ask('send', { method: 'run' });
    expect(calls).toEqual([
      ['send', true, { method: 'run' }, ['transfer']],
      ['send', true, { method: 'run' }],
    ]);
  });

  it('can be watched by others as well', () => {
    const { worker } = create();
    for (const name of ['send', 'kill']) {
      expect(Object.getOwnPropertyDescriptor(worker, name)).toMatchObject({ configurable: true, writable: true });
    }
  });
});

describe('a task', () => {
  it('is the pool’s, until the shutdown', async () => {
    const { pool, parts } = createPool();
    registerPool(pool);
    expect(await pool.exec('task', [1], { on: 5 })).toBe('done');
    expect(parts.exec.mock.calls).toEqual([['task', [1], { on: 5 }]]);
    expect(parts.exec.mock.contexts).toEqual([pool]);
  });

  it('is refused then, with a promise of the pool’s own kind', async () => {
    const { pool, parts } = createPool();
    registerPool(pool);
    pool.exec('task');
    expect(adapterOf().refuse(error)).toBeUndefined();
    const refused = pool.exec('task');
    expect(refused).toBeInstanceOf(PoolPromise);
    await expect(refused).rejects.toBe(error);
    expect(parts.exec).toHaveBeenCalledTimes(1);
  });

  it('is refused with one that has the same methods where the pool has not shown its own', async () => {
    const { pool } = createPool();
    registerPool(pool);
    adapterOf().refuse(error);
    const refused = pool.exec('task') as Promise<never> &
      Record<'timeout' | 'cancel' | 'always', (_?: unknown) => unknown>;
    expect(refused.timeout(5)).toBe(refused);
    expect(refused.cancel()).toBe(refused);
    const always = vi.fn();
    await expect(refused.always(always)).rejects.toBe(error);
    expect(always).toHaveBeenCalledTimes(1);
    await expect(refused).rejects.toBe(error);
  });

  it('of nothing that can be named is refused, too', async () => {
    const { pool, parts } = createPool();
    parts.exec.mockReturnValue(Object.create(null));
    registerPool(pool);
    pool.exec('task');
    adapterOf().refuse(error);
    await expect(pool.exec('task')).rejects.toBe(error);
  });

  it('can be watched by others as well', () => {
    const { pool } = createPool();
    registerPool(pool);
    expect(Object.getOwnPropertyDescriptor(pool, 'exec')).toMatchObject({ configurable: true, writable: true });
  });
});

describe('what is queued', () => {
  const createQueue = () => {
    const rejected: unknown[] = [];
    const tasks = ['a', 'b'].map((name) => ({
      resolver: { reject: (reason: unknown) => rejected.push(name, reason) },
    }));
    return { rejected, tasks, queue: { push() {}, pop: () => tasks.shift() } };
  };

  it('is finished unless told', () => {
    const { tasks, queue } = createQueue();
    registerPool(createPool({ taskQueue: queue }).pool);
    expect(adapterOf().refuse(error)).toBeUndefined();
    expect(tasks).toHaveLength(2);
  });

  it('is rejected where that is asked for', () => {
    const { rejected, queue } = createQueue();
    registerPool(createPool({ taskQueue: queue }).pool, { force: true });
    expect(adapterOf().refuse(error)).toBeUndefined();
    expect(rejected).toEqual(['a', error, 'b', error]);
  });

  it.each([undefined, null, 5, {}, { pop() {} }, { push() {} }, { pop: 5, push() {} }])(
    'is finished, which is noted, where the queue is %j',
    (taskQueue) => {
      registerPool(createPool({ taskQueue }).pool, { force: true, name: 'renderer' });
      expect(adapterOf().refuse(error)).toBe('what is queued in pool renderer could not be rejected, and is finished');
    },
  );
});

describe('that nothing is queued or running', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is so now, or is waited for', async () => {
    const { pool, parts } = createPool();
    registerPool(pool);
    expect(adapterOf().idle()).toBeUndefined();
    parts.stats.mockReturnValue({ activeTasks: 1, pendingTasks: 0 });
    let isIdle = false;
    adapterOf()
      .idle()
      ?.then(() => {
        isIdle = true;
      });
    await vi.advanceTimersByTimeAsync(100);
    expect(isIdle).toBe(false);
    parts.stats.mockReturnValue({ activeTasks: 0, pendingTasks: 1 });
    await vi.advanceTimersByTimeAsync(100);
    expect(isIdle).toBe(false);
    parts.stats.mockReturnValue({ activeTasks: 0, pendingTasks: 0 });
    await vi.advanceTimersByTimeAsync(5);
    expect(isIdle).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not waited for any more once its workers are told to end', async () => {
    const { pool, parts } = createPool();
    registerPool(pool);
    parts.stats.mockReturnValue({ activeTasks: 1, pendingTasks: 0 });
    adapterOf().idle();
    expect(adapterOf().wake()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(5);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a pool whose process lives on', () => {
  it('is terminated, and as it was', async () => {
    const { pool, parts } = createPool();
    registerPool(pool);
    expect(pool.exec).not.toBe(parts.exec);
    let finish = (): void => {};
    parts.terminate.mockReturnValue(
      new Promise((resolve) => {
        finish = resolve;
      }),
    );
    const over = adapterOf().end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await isPending(over)).toBe(true);
    finish();
    await over;
    adapterOf().leave?.();
    expect(parts.terminate.mock.calls).toEqual([[]]);
    expect(parts.terminate.mock.contexts).toEqual([pool]);
    expect(pool.exec).toBe(parts.exec);
  });

  it('stays as others have made it since', async () => {
    const { pool } = createPool();
    registerPool(pool);
    const others = vi.fn();
    pool.exec = others;
    await adapterOf().end();
    expect(pool.exec).toBe(others);
  });
});
