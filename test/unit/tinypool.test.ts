/** What of a Tinypool the adapter uses, and how. What it does with that is in task-pool.test.ts. */
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PoolOptions } from '../../src/adapters/adapter.ts';
import { registerTaskPool, type TaskPool } from '../../src/adapters/task-pool.ts';
import { registerPool, type TinypoolPool } from '../../src/tinypool.ts';

vi.mock('../../src/index.ts', () => ({}));
vi.mock('../../src/adapters/task-pool.ts', () => ({ registerTaskPool: vi.fn() }));
const hasPool = vi.fn((_: object) => false);
vi.mock('../../src/api/instance.ts', () => ({ findInstance: () => ({ hasPool }) }));

afterEach(() => {
  vi.clearAllMocks();
  hasPool.mockReturnValue(false);
});

const worker = Object.create(Worker.prototype) as Worker;

function createPool(change: object = {}) {
  return {
    run: vi.fn(async () => {}),
    destroy: vi.fn(async () => {}),
    recycleWorkers: vi.fn(async () => {}),
    cancelPendingTasks: vi.fn(),
    threads: [{ thread: worker }] as object[],
    queueSize: 0,
    options: { minThreads: 1, maxThreads: 2 } as object,
    ...change,
  };
}

/** What the adapter has said of the pool. */
function register(pool: ReturnType<typeof createPool>, options?: PoolOptions) {
  expect(registerPool(pool as unknown as TinypoolPool, options)).toBe(pool);
  const [taskPool, given] = vi.mocked(registerTaskPool).mock.lastCall ?? expect.unreachable();
  return { taskPool, given };
}
const said = (change: object): TaskPool => register(createPool(change)).taskPool;

it('is what it has: names, threads and limits, and its way to reject what is queued', () => {
  const pool = createPool();
  const { taskPool, given } = register(pool, { name: 'renderer' });
  expect(taskPool).toMatchObject({ name: 'tinypool', taskType: 'Tinypool.Task', tellsOfWorkers: false });
  expect(taskPool.pool).toBe(pool);
  expect(taskPool.options).toBe(pool.options);
  expect(taskPool.cancelling?.error).toBe('CancelError');
  taskPool.cancelling?.cancelQueued();
  expect(pool.cancelPendingTasks).toHaveBeenCalledTimes(1);
  expect(given).toEqual({ name: 'renderer' });
  register(pool);
  expect(vi.mocked(registerTaskPool).mock.lastCall?.[1]).toEqual({});
});

it('has threads in objects of its own, and child processes, which are none', () => {
  const taskPool = said({ threads: [{ thread: worker }, { process: {} }, { thread: {} }] });
  expect(taskPool.threads()).toEqual([worker]);
  const others = [undefined, null, 'worker', worker, { thread: undefined }];
  expect(others.map(taskPool.workerOf)).toEqual(others.map(() => undefined));
});

it.each([
  [{}, true],
  [{ useAtomics: true }, true],
  [{ useAtomics: undefined }, true],
  [{ useAtomics: false }, false],
])('with the options %j has idle workers that are parked: %s', (options, parks) => {
  expect(said({ options }).parks()).toBe(parks);
});

it.each([
  [0, 0, 2],
  [1, 0, 1],
  [3, 2, 1],
  [2, 3, 2],
  [5, 0, 0],
])('of which %i tasks run, %i of them queued, has %i of 2 threads idle', (running, queueSize, idle) => {
  expect(said({ threads: [{ thread: worker }, { thread: worker }], queueSize }).idleThreads(running)).toBe(idle);
});

it.each([
  [0, 0, true],
  [1, 0, false],
  [0, 1, false],
])('with %i tasks running and %i queued is idle: %s', (running, queueSize, isIdle) => {
  expect(said({ queueSize }).isIdle(running)).toBe(isIdle);
});

it('is registered once', () => {
  hasPool.mockReturnValue(true);
  const pool = createPool();
  expect(registerPool(pool as unknown as TinypoolPool)).toBe(pool);
  expect(registerTaskPool).not.toHaveBeenCalled();
});

describe('what is no Tinypool is refused', () => {
  it.each(['run', 'destroy', 'threads', 'queueSize', 'options', 'recycleWorkers'])('without %s', (member) => {
    const pool = createPool();
    Reflect.deleteProperty(pool, member);
    expect(() => registerPool(pool as unknown as TinypoolPool)).toThrow(
      `pool must be a Tinypool pool; it is an object without ${member}`,
    );
  });
});
