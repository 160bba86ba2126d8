/** What of a Piscina the adapter uses, and how. What it does with that is in task-pool.test.ts. */
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PoolOptions } from '../../src/adapters/adapter.ts';
import { registerTaskPool, type TaskPool } from '../../src/adapters/task-pool.ts';
import { type PiscinaPool, registerPool } from '../../src/piscina.ts';

vi.mock('../../src/index.ts', () => ({}));
const learn = vi.fn();
vi.mock('../../src/adapters/task-pool.ts', () => ({ registerTaskPool: vi.fn() }));
const hasPool = vi.fn((_: object) => false);
vi.mock('../../src/api/instance.ts', () => ({ findInstance: () => ({ hasPool }) }));

beforeEach(() => {
  vi.mocked(registerTaskPool).mockReturnValue({ learn });
});
afterEach(() => {
  vi.clearAllMocks();
  hasPool.mockReturnValue(false);
});

const worker = Object.create(Worker.prototype) as Worker;

function createPool(change: object = {}) {
  return {
    run: vi.fn(async () => {}),
    destroy: vi.fn(async () => {}),
    on: vi.fn(),
    off: vi.fn(),
    threads: [worker],
    queueSize: 0,
    idleThreads: 1,
    options: { minThreads: 1, maxThreads: 2, atomics: 'sync' as unknown },
    ...change,
  };
}

/** What the adapter has said of the pool. */
function register(pool: PiscinaPool, options?: PoolOptions) {
  expect(registerPool(pool, options)).toBe(pool);
  const [taskPool, given, again, onEnd] = vi.mocked(registerTaskPool).mock.lastCall ?? expect.unreachable();
  return { taskPool, given, again: again ?? expect.unreachable(), onEnd: onEnd ?? expect.unreachable() };
}
const said = (change: object): TaskPool => register(createPool(change)).taskPool;

it('is what it has: names, threads and limits, and no way to reject what is queued', () => {
  const pool = createPool();
  const { taskPool, given } = register(pool, { name: 'renderer' });
  expect(taskPool).toMatchObject({ name: 'piscina', taskType: 'Piscina.Task', tellsOfWorkers: true });
  expect(taskPool.pool).toBe(pool);
  expect(taskPool.options).toBe(pool.options);
  expect(taskPool.threads()).toEqual([worker]);
  expect(taskPool.threads()).not.toBe(pool.threads);
  expect(taskPool.cancelling).toBeUndefined();
  expect([worker, { thread: worker }, undefined].map(taskPool.workerOf)).toEqual([worker, undefined, undefined]);
  expect(given).toEqual({ name: 'renderer' });
  register(pool);
  expect(vi.mocked(registerTaskPool).mock.lastCall?.[1]).toEqual({});
});

it.each([
  ['sync', true],
  ['async', false],
  ['disabled', false],
])('has idle workers that are parked where its atomics are %s: %s', (atomics, parks) => {
  expect(said({ options: { minThreads: 1, maxThreads: 1, atomics } }).parks()).toBe(parks);
});

it('has idle workers that are parked, too, where it has no such option', () => {
  expect(said({ options: { minThreads: 1, maxThreads: 1 } }).parks()).toBe(true);
});

it.each([
  [0, 1, true],
  [1, 1, false],
  [0, 0, false],
])('with %i tasks queued and %i of 1 threads idle is idle: %s', (queueSize, idleThreads, isIdle) => {
  const taskPool = said({ queueSize, idleThreads });
  expect(taskPool.isIdle(5)).toBe(isIdle);
  expect(taskPool.idleThreads(5)).toBe(idleThreads);
});

it('tells of a worker that it makes, and keeps what it knows of it under a symbol', () => {
  const pool = createPool();
  const { onEnd } = register(pool);
  const [[event, onWorker]] = pool.on.mock.calls as [[string, (created: object) => void]];
  expect(event).toBe('workerCreate');
  onWorker({ [Symbol('kWorkerInfo')]: 'info', [Symbol('kOther')]: 5, name: 'worker' });
  expect(learn.mock.calls).toEqual([['info'], [5]]);
  onEnd();
  expect(pool.off.mock.calls).toEqual([['workerCreate', onWorker]]);
});

it('is registered again as it was', () => {
  const { again } = register(createPool(), { name: 'renderer' });
  const before = vi.mocked(registerTaskPool).mock.calls.length;
  again();
  expect(vi.mocked(registerTaskPool).mock.calls).toHaveLength(before + 1);
  expect(vi.mocked(registerTaskPool).mock.lastCall?.[1]).toEqual({ name: 'renderer' });
});

it('is registered once', () => {
  hasPool.mockReturnValue(true);
  const pool = createPool();
  expect(registerPool(pool)).toBe(pool);
  expect(hasPool).toHaveBeenCalledWith(pool);
  expect(registerTaskPool).not.toHaveBeenCalled();
});

describe('what is no Piscina is refused', () => {
  it.each(['run', 'destroy', 'threads', 'queueSize', 'idleThreads', 'options'])('without %s', (member) => {
    const pool = createPool();
    Reflect.deleteProperty(pool, member);
    expect(() => registerPool(pool)).toThrow(`pool must be a Piscina pool; it is an object without ${member}`);
  });

  it('and so is an option that there is not', () => {
    expect(() => registerPool(createPool(), { forced: true } as PoolOptions)).toThrow('options has no option "forced"');
  });
});
