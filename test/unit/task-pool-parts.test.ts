/** What Piscina and Tinypool have in common, alone: the pool and the library are what it is told that they are. */
import { AsyncResource, createHook } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { MessageChannel, type Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { registerTaskPool, type TaskOptions, type TaskPool } from '../../src/adapters/task-pool.ts';
import { type Instance, publishInstance } from '../../src/api/instance.ts';
import { ShutdownError } from '../../src/report/errors.ts';
import type { Pool } from '../../src/thread/pools.ts';
import { LONGEST } from '../../src/times.ts';
import { VERSION } from '../../src/wire/reason.ts';
import { isPending } from './stand-ins.ts';

vi.mock('../../src/index.ts', () => ({}));
vi.mock('node:async_hooks', async (load) => {
  const hooks = await load<typeof import('node:async_hooks')>();
  return { ...hooks, createHook: vi.fn(hooks.createHook) };
});

type Wake = () => boolean;
const instance = {
  usePool: vi.fn(),
  addPool: vi.fn((_owner: object, _pool: Pool) => {}),
  addPoolWorker: vi.fn((_worker: Worker, _terms: object, _wake: Wake) => {}),
};
beforeEach(() => {
  vi.clearAllMocks();
  publishInstance({ version: VERSION, ...instance } as unknown as Instance);
});
afterEach(() => {
  vi.mocked(createHook).mockReset();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});
afterAll(() => Reflect.deleteProperty(globalThis, Symbol.for('worker-atexit')));

/** A task as the pool makes it. */
class Task extends AsyncResource {
  workerInfo: unknown = null;
  aborted = false;
  readonly done = vi.fn((error: Error) => this.reject(error));
  resolve = (_: unknown): void => {};
  reject = (_: Error): void => {};
  readonly result = new Promise((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  readonly task: unknown;
  readonly options: TaskOptions | undefined;

  constructor(task: unknown, options: TaskOptions | undefined, type: string) {
    super(type);
    this.task = task;
    this.options = options;
  }
}

const createWorker = (): Worker => new EventEmitter() as Worker;

/** What the pool keeps of a worker. */
function infoOf(worker: Worker) {
  return {
    worker,
    port: Object.assign(new EventEmitter(), { postMessage: vi.fn(), unref: vi.fn() }),
    sharedBuffer: new Int32Array(new SharedArrayBuffer(8)),
  };
}

interface Change extends Partial<TaskPool> {
  readonly force?: boolean;
  readonly timeout?: number;
  /** Of each task the asynchronous resource. */
  readonly type?: string;
  /** What the pool does with a task as it is submitted. */
  readonly onSubmit?: (task: Task) => void;
}

function createScene({ force, timeout, type = 'Test.Task', onSubmit = () => {}, ...change }: Change = {}) {
  const workers: Worker[] = [];
  const tasks: Task[] = [];
  const pool: TaskPool['pool'] = Object.create({
    run(this: unknown, task: unknown, options?: TaskOptions) {
      expect(this).toBe(pool);
      const made = new Task(task, options, type);
      tasks.push(made);
      onSubmit(made);
      return made.result;
    },
    destroy: vi.fn(async () => {}),
  });
  const options = { minThreads: 2, maxThreads: 4 };
  const onEnd = vi.fn();
  const again = vi.fn();
  const registered = registerTaskPool(
    {
      name: 'test',
      taskType: 'Test.Task',
      pool,
      threads: () => [...workers],
      options,
      tellsOfWorkers: false,
      workerOf: (worker) => worker as Worker,
      parks: () => true,
      idleThreads: () => workers.length,
      isIdle: (running) => running === 0,
      ...change,
    },
    { ...(force !== undefined && { force }), ...(timeout !== undefined && { timeout }) },
    again,
    onEnd,
  );
  const [owner, adapter] = instance.addPool.mock.lastCall ?? expect.unreachable();
  expect(owner).toBe(pool);
  const wakes = (): Wake[] => instance.addPoolWorker.mock.calls.map(([, , wake]) => wake);
  return {
    ...registered,
    pool,
    options,
    adapter,
    workers,
    tasks,
    onEnd,
    wakes,
    /** A worker of the pool that the adapter knows. */
    know() {
      const worker = createWorker();
      workers.push(worker);
      const info = infoOf(worker);
      registered.learn(info);
      return info;
    },
  };
}

const error = new ShutdownError({ route: 'exit' });
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a worker of the pool', () => {
  it('is the library’s as soon as it is known, once, on the pool’s terms', () => {
    const { learn } = createScene();
    const info = infoOf(createWorker());
    learn(info);
    learn(info);
    expect(instance.addPoolWorker.mock.calls).toStrictEqual([[info.worker, { name: 'test' }, expect.any(Function)]]);
    createScene({ timeout: 5 }).know();
    expect(instance.addPoolWorker.mock.lastCall?.[1]).toStrictEqual({ name: 'test', timeout: 5 });
  });

  it('is known by what the pool keeps of it, and by nothing else', () => {
    const { learn } = createScene();
    const { worker, port, sharedBuffer } = infoOf(createWorker());
    for (const info of [
      undefined,
      null,
      'worker',
      Object.assign(() => {}, { worker, port, sharedBuffer }),
      { port, sharedBuffer },
      { worker, sharedBuffer },
      { worker, port },
      { worker, port, sharedBuffer: [0] },
      { worker, port, sharedBuffer: new Int32Array(2) },
    ]) {
      learn(info);
    }
    expect(instance.addPoolWorker).not.toHaveBeenCalled();
  });

  it('is none where the pool’s object leads to no thread', () => {
    const { learn } = createScene({ workerOf: () => undefined });
    learn(infoOf(createWorker()));
    expect(instance.addPoolWorker).not.toHaveBeenCalled();
  });

  it('is woken by a task that is pending for good, posted as the pool does it', async () => {
    const { know, wakes } = createScene();
    const { port, sharedBuffer } = know();
    const parked = Atomics.waitAsync(sharedBuffer, 0, 0, 5000);
    expect(wakes()[0]?.()).toBe(true);
    expect(port.postMessage.mock.calls).toEqual([
      [{ taskId: -1, task: LONGEST, filename: 'node:timers/promises', name: 'setTimeout', histogramEnabled: 0 }],
    ]);
    expect([...sharedBuffer]).toEqual([1, 0]);
    expect(await parked.value).toBe('ok');
  });

  it('answers nobody any more once its pool ends it, which has rejected its tasks', () => {
    const { know, wakes } = createScene();
    const [{ port }, other] = [know(), know()];
    for (const listened of [port, other.port]) listened.on('message', () => {});
    port.on('close', () => {});
    wakes()[0]?.();
    expect(port.eventNames()).toEqual(['close']);
    expect(other.port.eventNames()).toEqual(['message']);
  });

  it('is not woken where it is never parked', () => {
    const { know, wakes } = createScene({ parks: () => false });
    const { port } = know();
    expect(wakes()[0]?.()).toBe(true);
    expect(port.postMessage).not.toHaveBeenCalled();
  });

  it('is not to be waited for where nothing leads to it, unless it has just been started', () => {
    const { adapter, workers, wakes } = createScene();
    const [worker, stranger] = [createWorker(), createWorker()];
    adapter.adopt(stranger);
    workers.push(worker);
    adapter.adopt(stranger);
    expect(wakes()[0]?.()).toBe(false);
    adapter.adopt(worker);
    expect(wakes()).toHaveLength(1);
    expect(wakes()[0]?.()).toBe(true);
    worker.emit('message', 'ready');
    expect(wakes()[0]?.()).toBe(false);
    expect(stranger.listenerCount('message')).toBe(0);
  });

  it('may be one that the pool had before it was registered', () => {
    const worker = createWorker();
    createScene({ threads: () => [worker] });
    expect(instance.addPoolWorker.mock.calls.map(([adopted]) => adopted)).toEqual([worker]);
  });

  it('is found through a task that it runs, when it is to be woken', () => {
    const { pool, tasks, workers, adapter, wakes } = createScene();
    const worker = createWorker();
    workers.push(worker);
    adapter.adopt(worker);
    void pool.run(1);
    worker.emit('message', 'ready');
    const info = infoOf(worker);
    Object.assign(tasks[0] ?? {}, { workerInfo: info });
    expect(wakes()[0]?.()).toBe(true);
    expect(info.port.postMessage).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['has been aborted', () => AbortSignal.abort(), false],
    ['is an EventEmitter, and does not tell', () => new EventEmitter(), false],
    ['has not been aborted', () => new AbortController().signal, true],
  ])('is to be waited for unless a task’s signal %s', async (_, signalOf, isWaitedFor) => {
    const { pool, tasks, know, wakes } = createScene();
    know();
    const task = pool.run(1, { signal: signalOf() as AbortSignal });
    void pool.run(2, {});
    expect(wakes()[0]?.()).toBe(isWaitedFor);
    tasks[0]?.resolve(1);
    await task;
    expect(wakes()[0]?.()).toBe(true);
  });
});

describe('a task', () => {
  it('is the pool’s own, with its result and its error', async () => {
    const { pool, tasks } = createScene();
    const [one, other] = [pool.run(1, { name: 'a' }), pool.run(2)];
    expect(tasks.map(({ task, options }) => [task, options])).toEqual([
      [1, { name: 'a' }],
      [2, undefined],
    ]);
    tasks[0]?.resolve('done');
    tasks[1]?.reject(new Error('no'));
    expect(await one).toBe('done');
    await expect(other).rejects.toThrow('no');
  });

  it('tells which worker has run it', async () => {
    const { pool, tasks } = createScene();
    const done = pool.run(1);
    Object.assign(tasks[0] ?? {}, { workerInfo: infoOf(createWorker()) });
    tasks[0]?.resolve(1);
    await done;
    expect(instance.addPoolWorker).toHaveBeenCalledTimes(1);
  });

  it('is looked for no longer than it is submitted', () => {
    const { pool } = createScene();
    void pool.run(1);
    const [first] = vi.mocked(createHook).mock.results;
    const hook = first?.type === 'return' ? first.value : expect.unreachable();
    const disabled = vi.spyOn(hook, 'disable');
    vi.mocked(createHook).mockReturnValue(hook);
    void pool.run(2);
    expect(disabled).toHaveBeenCalledTimes(1);
    const throws = createScene({
      onSubmit() {
        throw new Error('no');
      },
    });
    throws.pool.run(3).catch(() => {});
    expect(disabled).toHaveBeenCalledTimes(2);
  });

  it.each([
    ['where every worker is known and there will be no more', { max: 1 }, 0],
    ['where every worker is known, and others will be told of', { tellsOfWorkers: true }, 0],
    ['where a worker may be made for it', {}, 1],
    ['where a worker is not known', { max: 2, unknown: true }, 1],
    ['where what is queued is looked at', { max: 1, force: true }, 1],
  ])(
    'is looked for only where it can tell something new: %s',
    (_, { max, unknown, ...change }: Change & { max?: number; unknown?: boolean }, looks) => {
      const { pool, know, options, workers } = createScene(change);
      know();
      if (unknown) workers.push(createWorker());
      if (max !== undefined) options.maxThreads = max;
      void pool.run(1);
      expect(createHook).toHaveBeenCalledTimes(looks);
    },
  );

  it('can be watched by others as well', () => {
    const { pool } = createScene();
    expect(Object.getOwnPropertyDescriptor(pool, 'run')).toMatchObject({ configurable: true, writable: true });
  });

  it('that comes after the shutdown has begun is refused', async () => {
    const { pool, adapter, tasks } = createScene();
    expect(adapter.refuse(error)).toBeUndefined();
    await expect(pool.run(1)).rejects.toBe(error);
    expect(tasks).toEqual([]);
  });
});

describe('what is queued', () => {
  const cancelled = Object.assign(new Error('cancelled'), { name: 'CancelError' });

  it('is rejected by the pool where it has a way to, and says why', async () => {
    const cancelQueued = vi.fn();
    const { pool, adapter, tasks } = createScene({ force: true, cancelling: { error: 'CancelError', cancelQueued } });
    const [queued, running, other] = [pool.run(1), pool.run(2), pool.run(3)];
    expect(adapter.refuse(error)).toBeUndefined();
    expect(cancelQueued).toHaveBeenCalledTimes(1);
    tasks[0]?.reject(cancelled);
    tasks[1]?.reject(new TypeError('no'));
    tasks[2]?.reject('a text' as unknown as Error);
    await expect(queued).rejects.toBe(error);
    await expect(running).rejects.toThrow(TypeError);
    await expect(other).rejects.toBe('a text');
    expect(tasks.map(({ aborted }) => aborted)).toEqual([false, false, false]);
  });

  it('is finished where that is not asked for', async () => {
    const cancelQueued = vi.fn();
    const { pool, adapter, tasks } = createScene({ cancelling: { error: 'CancelError', cancelQueued } });
    const queued = pool.run(1);
    expect(adapter.refuse(error)).toBeUndefined();
    expect(cancelQueued).not.toHaveBeenCalled();
    tasks[0]?.reject(cancelled);
    await expect(queued).rejects.toBe(cancelled);
  });

  it('by the program’s own is what the pool says of it, while nothing ends', async () => {
    const { pool, tasks } = createScene({ force: true, cancelling: { error: 'CancelError', cancelQueued() {} } });
    const queued = pool.run(1);
    tasks[0]?.reject(cancelled);
    await expect(queued).rejects.toBe(cancelled);
  });

  it('is looked at otherwise: a task that no worker has got is rejected', async () => {
    const { pool, adapter, tasks } = createScene({ force: true });
    const [running, queued] = [pool.run(1), pool.run(2)];
    Object.assign(tasks[0] ?? {}, { workerInfo: infoOf(createWorker()) });
    expect(adapter.refuse(error)).toBeUndefined();
    await expect(queued).rejects.toBe(error);
    expect(tasks.map(({ aborted, done }) => [aborted, done.mock.calls])).toEqual([
      [false, []],
      [true, [[error]]],
    ]);
    tasks[0]?.resolve(1);
    expect(await running).toBe(1);
  });

  it.each(['workerInfo', 'aborted', 'done'])('is finished where a task has no %s, which is noted', (property) => {
    const { pool, adapter, tasks } = createScene({ force: true });
    void pool.run(1);
    Reflect.deleteProperty(tasks[0] ?? {}, property);
    expect(adapter.refuse(error)).toBe('what is queued in pool test could not be rejected, and is finished');
    expect(tasks[0]?.aborted).not.toBe(true);
  });

  it('is finished where what a task is done by is no function', () => {
    const { pool, adapter, tasks } = createScene({ force: true });
    void pool.run(1);
    Object.assign(tasks[0] ?? {}, { done: 'done' });
    expect(adapter.refuse(error)).toBe('what is queued in pool test could not be rejected, and is finished');
  });

  it('is finished where a task is not to be found', () => {
    const { pool, adapter, tasks } = createScene({ force: true, type: 'Other.Task' });
    void pool.run(1);
    expect(adapter.refuse(error)).toBe('what is queued in pool test could not be rejected, and is finished');
    expect(tasks[0]?.done).not.toHaveBeenCalled();
  });
});

describe('the drain stage', () => {
  it('waits until what runs is finished', async () => {
    const { pool, adapter, tasks } = createScene();
    expect(adapter.idle()).toBeUndefined();
    const done = pool.run(1);
    pool.run(2).catch(() => {});
    const idle = adapter.idle();
    let isIdle = false;
    void idle?.then(() => {
      isIdle = true;
    });
    tasks[0]?.resolve(1);
    await done;
    await turn();
    expect(isIdle).toBe(false);
    tasks[1]?.reject(new Error('no'));
    await idle;
    expect(adapter.idle()).toBeUndefined();
  });

  it('asks a pool again and again that had tasks when it was registered', async () => {
    vi.useFakeTimers();
    let isIdle = false;
    const { adapter } = createScene({ isIdle: () => isIdle });
    const idle = adapter.idle();
    await vi.advanceTimersByTimeAsync(100);
    expect(await isPending(idle)).toBe(true);
    isIdle = true;
    await vi.advanceTimersByTimeAsync(5);
    expect(await isPending(idle)).toBe(false);
    expect(adapter.idle()).toBeUndefined();
  });

  it('asks it no more once its workers were woken', async () => {
    vi.useFakeTimers();
    const { adapter } = createScene({ isIdle: () => false });
    const idle = adapter.idle();
    adapter.wake();
    await vi.advanceTimersByTimeAsync(5);
    await idle;
  });
});

describe('the idle workers', () => {
  it('are woken, each by a message, and none is made up for', () => {
    const { adapter, know, options, tasks } = createScene();
    const infos = [know(), know()];
    expect(adapter.wake()).toBeUndefined();
    expect(infos.map(({ port }) => port.postMessage.mock.calls.length)).toEqual([1, 1]);
    expect(tasks).toEqual([]);
    expect(options.minThreads).toBe(0);
  });

  it('are left alone where they are not parked', () => {
    const { adapter, know, options } = createScene({ parks: () => false });
    const { port } = know();
    expect(adapter.wake()).toBeUndefined();
    expect(port.postMessage).not.toHaveBeenCalled();
    expect(options.minThreads).toBe(0);
  });

  it('are woken later where they are known later', () => {
    const { adapter, know } = createScene();
    adapter.wake();
    expect(know().port.postMessage).toHaveBeenCalledTimes(1);
  });

  /** The pool gives each task to the next of its workers, as long as there is one. */
  function createUnknown(change: Change = {}) {
    const infos = [createWorker(), createWorker()].map(infoOf);
    const left = [...infos];
    const limits: number[] = [];
    const scene = createScene({
      onSubmit(task) {
        limits.push(scene.options.maxThreads);
        task.workerInfo = left.shift() ?? null;
      },
      ...change,
    });
    scene.workers.push(...infos.map(({ worker }) => worker));
    return { ...scene, infos, limits };
  }

  it('that are not known are woken by a task of the pool’s own each, which is noted', () => {
    const { adapter, tasks, infos, limits, options } = createUnknown();
    expect(adapter.wake()).toBe(
      '2 of 2 idle workers of pool test were woken by a task each, since not every one of them is known',
    );
    expect(tasks.map(({ task, options: given }) => [task, given])).toEqual(
      [0, 1].map(() => [
        LONGEST,
        { filename: 'node:timers/promises', name: 'setTimeout', signal: expect.any(AbortSignal) },
      ]),
    );
    expect(tasks.map((task) => task.options?.signal?.aborted)).toEqual([false, false]);
    expect(infos.map(({ port }) => port.unref.mock.calls.length)).toEqual([1, 1]);
    // No room for another worker, which the pool would start for it.
    expect(limits).toEqual([2, 2]);
    expect(options.maxThreads).toBe(4);
  });

  it('are no more than the pool says', () => {
    const { adapter, tasks } = createUnknown({ idleThreads: () => 1 });
    expect(adapter.wake()).toMatch(/^1 of 1 idle workers/);
    expect(tasks).toHaveLength(1);
  });

  it('that are known get a message nevertheless', () => {
    const { adapter, know } = createUnknown();
    const { port } = know();
    expect(adapter.wake()).toMatch(/^2 of 3 idle workers/);
    expect(port.postMessage).toHaveBeenCalledTimes(1);
  });

  it('are not woken where the pool picks none: the task is taken back', () => {
    const { adapter, tasks } = createUnknown({ onSubmit() {} });
    expect(adapter.wake()).toMatch(/^0 of 2 idle workers/);
    expect(tasks).toHaveLength(1);
    expect(tasks[0]?.options?.signal?.aborted).toBe(true);
  });

  it('are taken for woken where the task does not tell', () => {
    const { adapter, tasks } = createUnknown({ type: 'Other.Task' });
    expect(adapter.wake()).toMatch(/^2 of 2 idle workers/);
    expect(tasks.map((task) => task.options?.signal?.aborted)).toEqual([false, false]);
  });

  it('leave the pool as it was where it fails', () => {
    const { adapter, options } = createUnknown({
      onSubmit() {
        throw new Error('no');
      },
    });
    expect(() => adapter.wake()).toThrow('no');
    expect(options.maxThreads).toBe(4);
  });

  it('are woken by a task that no answer is awaited of', async () => {
    const { adapter, tasks } = createUnknown();
    adapter.wake();
    // Were it not caught, the test would fail.
    for (const task of tasks) task.reject(new Error('the pool was destroyed'));
    await turn();
  });

  it('are woken when they have said that they are ready, where they were being started', () => {
    const idle = [0, 2];
    const { adapter, workers, tasks } = createUnknown({ idleThreads: () => idle.shift() ?? 0 });
    adapter.wake();
    expect(tasks).toEqual([]);
    workers[0]?.emit('message', 'ready');
    workers[0]?.emit('message', 'more');
    expect(tasks).toHaveLength(1);
    workers[1]?.emit('message', 'ready');
    expect(tasks).toHaveLength(2);
    expect(workers.map((worker) => worker.listenerCount('message'))).toEqual([0, 0]);
  });

  it('are not woken twice where a task has led to them meanwhile', () => {
    const { pool, adapter, workers, tasks, infos } = createUnknown({ idleThreads: () => 0, onSubmit() {} });
    void pool.run(1);
    adapter.wake();
    Object.assign(tasks[0] ?? {}, { workerInfo: infos[0] });
    workers[0]?.emit('message', 'ready');
    expect(tasks).toHaveLength(1);
    expect(infos[0]?.port.postMessage).toHaveBeenCalledTimes(1);
    expect(workers[0]?.listenerCount('message')).toBe(0);
  });

  it.each([
    ['Bun', 'beforeExit', 1000],
    ['Bun', 'exit', LONGEST],
    ['Node', 'beforeExit', LONGEST],
  ] as const)('are not kept from ending by themselves, on %s by %s', (runtime, route, duration) => {
    vi.stubGlobal(runtime, {});
    const { adapter, tasks } = createUnknown();
    adapter.refuse(new ShutdownError({ route }));
    adapter.wake();
    expect(tasks.map(({ task }) => task)).toEqual([duration, duration]);
  });

  it('are woken on Bun, too, where nothing was refused', () => {
    vi.stubGlobal('Bun', {});
    const { adapter, tasks } = createUnknown();
    adapter.wake();
    expect(tasks.map(({ task }) => task)).toEqual([LONGEST, LONGEST]);
  });
});

describe('where no event loop turns, a worker that was being started', () => {
  /** What a worker has posted before this thread blocks. */
  function createStarting(change: Change = {}) {
    const scene = createScene(change);
    const worker = createWorker();
    scene.workers.push(worker);
    const { port1, port2 } = new MessageChannel();
    Reflect.set(worker, Symbol('kOther'), 5);
    Reflect.set(worker, Symbol('kPublicPort'), port2);
    const close = (): void => port1.close();
    return { ...scene, worker, port: port1, close };
  }

  it('is heard, and is known as soon as the pool has heard it', () => {
    const { adapter, worker, port, close, learn } = createStarting();
    const info = infoOf(worker);
    worker.on('message', (message) => {
      if (message === 'ready') learn(info);
    });
    expect(adapter.wakeStarting?.()).toBe(true);
    port.postMessage('ready');
    expect(adapter.wakeStarting?.()).toBe(false);
    port.postMessage('more');
    const heard = vi.fn();
    worker.on('message', heard);
    // It is known now, and heard by the event loop alone.
    expect(adapter.wakeStarting?.()).toBe(false);
    expect(heard).not.toHaveBeenCalled();
    close();
  });

  it('is heard as well when its pool ends it', () => {
    const { adapter, worker, port, close, learn, wakes } = createStarting();
    const info = infoOf(worker);
    worker.on('message', () => learn(info));
    adapter.adopt(worker);
    expect(wakes()[0]?.()).toBe(true);
    expect(info.port.postMessage).not.toHaveBeenCalled();
    port.postMessage('ready');
    expect(wakes()[0]?.()).toBe(true);
    expect(info.port.postMessage).toHaveBeenCalledTimes(1);
    close();
  });

  it('is known, too, by a task that it has got meanwhile', () => {
    const { pool, adapter, worker, tasks, close } = createStarting();
    void pool.run(1);
    expect(adapter.wakeStarting?.()).toBe(true);
    Object.assign(tasks[0] ?? {}, { workerInfo: infoOf(worker) });
    expect(adapter.wakeStarting?.()).toBe(false);
    close();
  });

  it('keeps the pool busy while another one is known', () => {
    const { adapter, know, close } = createStarting();
    know();
    expect(adapter.wakeStarting?.()).toBe(true);
    close();
  });

  it('is not heard where it is never parked, or where Node keeps its port elsewhere', () => {
    const { adapter, close } = createStarting({ parks: () => false });
    expect(adapter.wakeStarting?.()).toBe(false);
    close();
    const other = createScene();
    other.workers.push(createWorker());
    expect(other.adapter.wakeStarting?.()).toBe(true);
  });

  it('may have a listener that fails: that is uncaught, as ever', () => {
    const { adapter, worker, port, close } = createStarting();
    const microtasks: (() => void)[] = [];
    vi.stubGlobal('queueMicrotask', (task: () => void) => microtasks.push(task));
    worker.on('message', () => {
      throw new Error('no');
    });
    port.postMessage('ready');
    expect(adapter.wakeStarting?.()).toBe(true);
    expect(microtasks).toHaveLength(1);
    expect(microtasks[0]).toThrow('no');
    close();
  });
});

describe('the end of the pool', () => {
  it('destroys it, and leaves it as it was', async () => {
    const { adapter, pool, onEnd } = createScene();
    expect(Object.hasOwn(pool, 'run')).toBe(true);
    await adapter.end();
    expect(pool.destroy).toHaveBeenCalledTimes(1);
    const left = adapter.leave?.();
    expect(left?.isUsed()).toBe(false);
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(Object.hasOwn(pool, 'run')).toBe(false);
  });

  it('leaves what the program has put in the place of run', async () => {
    const { adapter, pool } = createScene();
    const own = async () => 'own';
    pool.run = own;
    await adapter.end();
    expect(pool.run).toBe(own);
  });
});

describe('a task that runs when workers are to end', () => {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown): void => void unhandled.push(reason);
  const others = process.listeners('unhandledRejection');
  beforeEach(() => {
    unhandled.length = 0;
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', listener);
  });
  afterEach(() => {
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
  });

  it.each([
    ['may end with its worker, and is no uncaught error', true, []],
    ['is one before that', false, [error]],
  ])('%s', async (_, isWoken, expected) => {
    const { pool, adapter, tasks } = createScene({ parks: () => false });
    void pool.run('task');
    if (isWoken) adapter.wake();
    tasks[0]?.reject(error);
    await turn();
    await turn();
    expect(unhandled).toEqual(expected);
  });

  it('is rejected to whoever waits for it', async () => {
    const { pool, adapter, tasks } = createScene({ parks: () => false });
    const result = pool.run('task');
    adapter.wake();
    tasks[0]?.reject(error);
    await expect(result).rejects.toBe(error);
  });
});
