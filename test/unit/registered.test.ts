import { EventEmitter, errorMonitor } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createKnown } from '../../src/children/known.ts';
import { createRegistered, describeEnd, listenForError, type Registered } from '../../src/children/registered.ts';
import type { FailedWorker, Terms } from '../../src/children/terms.ts';
import type { WorkerReport } from '../../src/report/report.ts';

const THREAD = 77;

/** A Worker as far as it is listened to, and ended. It is gone when the test says so. */
function createWorker(threadId = THREAD) {
  const worker = Object.assign(Object.create(EventEmitter.prototype) as Worker & { threadId: number }, { threadId });
  // A method of a class, as it is in Node.
  const terminate = vi.fn(async (): Promise<number> => 1);
  Object.setPrototypeOf(worker, Object.assign(Object.create(EventEmitter.prototype), { terminate }));
  const exit = async (code: number, gone = -1): Promise<void> => {
    worker.threadId = gone;
    worker.emit('exit', code);
    await new Promise((resolve) => process.nextTick(resolve));
  };
  const fail = (error: Error): void => {
    worker.once('error', () => {});
    worker.emit('error', error);
  };
  return { worker, terminate, exit, fail };
}

let registered: Registered;
let exits: number[];
let failures: FailedWorker[];
let isShuttingDown: boolean;
const retire = vi.fn(async (_: Worker) => 5);
beforeEach(() => {
  [exits, failures, isShuttingDown] = [[], [], false];
  retire.mockClear();
  registered = createRegistered(createKnown(), {
    retire,
    onExit: ({ threadId }) => exits.push(threadId),
    isShuttingDown: () => isShuttingDown,
    onFailedWorker: (failure) => failures.push(failure),
  });
});

const report = (change: Partial<WorkerReport> = {}): WorkerReport => ({
  threadId: THREAD,
  path: [THREAD],
  name: 'worker 77',
  status: 'acked',
  handlers: [],
  ...change,
});
const onFailure = (): void => {};

/** A registered worker, on these terms. */
function add(terms: Terms = {}) {
  const created = createWorker();
  expect(registered.add(created.worker, terms)).toBe(true);
  return created;
}

describe('a worker', () => {
  it('is registered once, while it is alive', async () => {
    const { worker, exit } = add();
    expect([...registered]).toEqual([worker]);
    expect(registered.has(worker)).toBe(true);
    expect(registered.add(worker, {})).toBe(false);
    expect(worker.listenerCount('exit')).toBe(1);
    await exit(0);
    expect([...registered]).toEqual([]);
    expect(registered.has(worker)).toBe(false);
    expect(registered.add(worker, {})).toBe(false);
    expect(registered.has(worker)).toBe(false);
  });

  it('has a name, or is called a worker, and the id of its thread, also when that is gone', async () => {
    const { worker, exit } = add({ name: 'renderer' });
    expect(registered.nameOf(worker, 5)).toBe('renderer 5');
    expect(registered.nameOf(createWorker().worker, 6)).toBe('worker 6');
    expect(registered.nameOf(undefined, 7)).toBe('worker 7');
    await exit(0);
    expect(registered.threadIdOf(worker)).toBe(THREAD);
    expect(registered.threadIdOf(createWorker(8).worker)).toBe(8);
  });

  it('keeps of its terms what is not said again', () => {
    const { worker } = add({ name: 'renderer', timeout: 5, essential: true });
    registered.add(worker, { name: undefined, timeout: 6 });
    expect(registered.termsOf(worker)).toEqual({ name: 'renderer', timeout: 6, essential: true });
    expect(registered.termsOf(createWorker().worker)).toEqual({});
    expect(registered.termsOf(undefined)).toEqual({});
  });

  it('that is forgotten is as it was', async () => {
    const { worker, terminate, exit } = add({ name: 'renderer', onFailure });
    registered.forget(worker);
    expect(worker.terminate).toBe(terminate);
    expect(worker.listenerCount('exit')).toBe(0);
    expect(registered.termsOf(worker)).toEqual({});
    // Whoever replaces it from now on keeps that.
    Object.assign(worker, { terminate: 'own' });
    registered.forget(worker);
    expect(worker.terminate).toBe('own');
    await exit(1);
    expect([exits, failures]).toEqual([[], []]);
  });
});

describe('its own terminate()', () => {
  it('is its own again once it is forgotten, as it was', () => {
    const { worker } = createWorker();
    const own = { value: vi.fn(async () => 7), configurable: true, writable: true, enumerable: true };
    Object.defineProperty(worker, 'terminate', own);
    registered.add(worker, {});
    expect(worker.terminate).not.toBe(own.value);
    registered.forget(worker);
    expect(Object.getOwnPropertyDescriptor(worker, 'terminate')).toEqual(own);
  });

  it('may be wrapped meanwhile, and ends the worker however often that is registered', async () => {
    const { worker, terminate } = add();
    const inner = worker.terminate;
    const wrapper = vi.fn(() => inner.call(worker));
    worker.terminate = wrapper;
    registered.forget(worker);
    expect(worker.terminate).toBe(wrapper);
    expect(await worker.terminate()).toBe(1);
    expect(retire).not.toHaveBeenCalled();
    registered.add(worker, {});
    expect(await worker.terminate()).toBe(5);
    await registered.terminatorOf(worker)();
    expect(terminate).toHaveBeenCalledTimes(2);
    expect(wrapper).toHaveBeenCalledTimes(2);
    registered.forget(worker);
    expect(worker.terminate).toBe(wrapper);
  });
});

describe('the end of a worker', () => {
  it('is asked for by its own terminate(), which lets it clean up', async () => {
    const { worker, terminate } = add();
    expect(Object.getOwnPropertyDescriptor(worker, 'terminate')).toMatchObject({ configurable: true, writable: true });
    expect(await worker.terminate()).toBe(5);
    expect(retire.mock.calls).toEqual([[worker]]);
    expect(terminate).not.toHaveBeenCalled();
  });

  it('is what its class does, whoever has a say in that', async () => {
    const { worker, terminate } = add();
    await registered.terminatorOf(worker)();
    expect(terminate.mock.contexts).toEqual([worker]);
    const stranger = createWorker();
    await registered.terminatorOf(stranger.worker)();
    expect(stranger.terminate.mock.contexts).toEqual([stranger.worker]);
  });

  it('is told of with the id of its thread, and known where a worker keeps that', async () => {
    const { worker, exit } = add();
    expect(registered.hasExited(worker)).toBe(false);
    await exit(0, THREAD);
    expect(registered.hasExited(worker)).toBe(true);
    expect(exits).toEqual([THREAD]);
  });

  it('is described by its error, or by its exit code', () => {
    const { worker, fail } = createWorker();
    expect(describeEnd(worker, 3)).toBe('it ended with exit code 3');
    listenForError(worker);
    fail(new RangeError('no'));
    expect(describeEnd(worker, 1)).toBe('it ended by RangeError: no');
    const other = createWorker();
    listenForError(other.worker);
    // A worker may throw anything.
    other.worker.once('error', () => {});
    other.worker.emit('error', 'boom');
    expect(describeEnd(other.worker, 1)).toBe('it ended by Error: thrown, and not an Error: boom');
  });

  it('is listened for once', () => {
    const { worker } = createWorker();
    for (let times = 0; times < 20; times++) listenForError(worker);
    expect(worker.listenerCount(errorMonitor)).toBe(1);
  });

  it('leaves its errors to its owner', () => {
    const { worker } = add();
    expect(() => worker.emit('error', new Error('no'))).toThrow('no');
  });
});

describe('what has become of a worker', () => {
  it('is that it had no link, unless it is said', () => {
    const { worker } = add({ name: 'renderer' });
    const unlinked = { threadId: THREAD, path: [THREAD], name: 'renderer 77', status: 'unlinked', handlers: [] };
    expect(registered.reportOf(worker)).toEqual(unlinked);
    registered.keep(worker, report({ status: 'lost' }));
    expect(registered.reportOf(worker)).toEqual(report({ status: 'lost' }));
  });

  it('is not kept of one that was never registered', () => {
    const { worker } = createWorker();
    registered.keep(worker, report());
    expect(registered.reportOf(worker)).toMatchObject({ status: 'unlinked' });
  });
});

describe('a worker that fails', () => {
  it('is told of to its owner, with its error', async () => {
    const { exit, fail } = add({ onFailure });
    fail(new RangeError('no'));
    await exit(1);
    expect(failures).toMatchObject([{ onFailure, isFatal: false, error: { message: 'no' } }]);
    expect(failures[0]?.report).toMatchObject({ status: 'unlinked', diagnosis: 'it ended by RangeError: no' });
  });

  it('is the end of this thread where it is essential', async () => {
    const { exit } = add({ essential: true });
    await exit(3);
    expect(failures).toMatchObject([{ onFailure: undefined, isFatal: true, error: undefined }]);
    expect(failures[0]?.report.diagnosis).toBe('it ended with exit code 3');
  });

  it('has the diagnosis that its report has', async () => {
    const { worker, exit } = add({ onFailure });
    registered.keep(worker, report({ status: 'lost', diagnosis: 'it ended' }));
    await exit(1);
    expect(failures[0]?.report).toEqual(report({ status: 'lost', diagnosis: 'it ended' }));
  });

  it.each([
    ['has acked and ended as it should', 'acked', 0, false, []],
    ['has acked, and then failed', 'acked', 1, false, [true]],
    ['has not acked', 'timed-out', 0, false, [false]],
    ['was told to end', 'acked', 1, true, []],
    ['was told to end, and has not acked', 'lost', 1, true, [false]],
  ] as const)('%s: whether that is fatal', async (_, status, code, isTold, fatal) => {
    const { worker, exit } = add({ essential: true, onFailure });
    registered.keep(worker, report({ status }));
    if (isTold) registered.terminatorOf(worker);
    await exit(code);
    expect(failures.map(({ isFatal }) => isFatal)).toEqual(fatal);
  });

  it.each([{}, { essential: false }, { name: 'renderer' }])('is nobody’s concern on the terms %j', async (terms) => {
    const { exit } = add(terms);
    await exit(1);
    expect(failures).toEqual([]);
  });

  it('in the middle of a shutdown is told of at its end', async () => {
    const { worker, exit } = add({ essential: true, onFailure });
    isShuttingDown = true;
    const lost = report({ status: 'lost' });
    const failure = { report: lost, onFailure, isFatal: false, error: undefined };
    expect(registered.failureOf(worker, report())).toBeUndefined();
    expect(registered.failureOf(worker, lost)).toEqual(failure);
    expect(registered.failureOf(worker, lost)).toBeUndefined();
    await exit(1);
    isShuttingDown = false;
    expect(failures).toEqual([]);
  });

  it('at the end of a shutdown is told of once, also where that is over by then', async () => {
    const { worker, exit } = add({ onFailure });
    registered.failureOf(worker, report({ status: 'lost' }));
    await exit(1);
    expect(failures).toEqual([]);
  });

  it('is told of once, also to a shutdown after that', async () => {
    const { worker, exit } = add({ onFailure });
    await exit(1);
    expect(failures).toHaveLength(1);
    expect(registered.failureOf(worker, report({ status: 'lost' }))).toBeUndefined();
  });

  it('is not told of where nobody wants to hear of it', () => {
    const { worker } = add({ essential: true });
    expect(registered.failureOf(worker, report({ status: 'lost' }))).toBeUndefined();
  });
});
