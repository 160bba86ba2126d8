/** The links down, with real workers that use the library as it is built. What the messages may be is in children.test.ts. */
import { once } from 'node:events';
import threads, { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Children, createChildren } from '../../src/children/children.ts';

import type { FailedWorker, Order } from '../../src/children/terms.ts';
import { now } from '../../src/clock.ts';
import type { WorkerReport } from '../../src/report/report.ts';
import { at, Cell, createTable, Header, Phase, type Table } from '../../src/table/cells.ts';
import { KEY, VERSION } from '../../src/wire/reason.ts';
import { isLinkMessage } from '../../src/wire/validators.ts';
import { PARKED } from '../programs.ts';
import { blocking } from './stand-ins.ts';

const { threadId } = threads;
const workers: Worker[] = [];
let table: Table;
let children: Children;
let log: string[];
/** What workers said of themselves that ended while this thread lives on. */
let ended: WorkerReport[];
let failures: FailedWorker[];
/** How often a worker's handler has closed what it is to close, and whether a worker blocks. */
let closed: Int32Array;
const accept = (message: unknown, source: number): void => void children.accept(message, source);
const saw = (worker: Worker): void => children.workerCreated(worker);

const findable = (): void =>
  threads.setEnvironmentData(KEY, { version: VERSION, threadId, buffer: table.buffer } as unknown as string);

beforeEach(() => {
  table = createTable();
  [log, ended, failures] = [[], [], []];
  closed = new Int32Array(new SharedArrayBuffer(8));
  children = createChildren(
    { table, threadId, isMain: threads.isMainThread, slot: () => undefined },
    {
      log: (line) => log.push(line),
      onLink: () => log.push('link'),
      onOwnEnd: (reports) => ended.push(...reports),
      onUnended: () => {},
      onGone: (thread) => log.push(`gone ${thread}`),
      onFailedWorker: (failure) => failures.push(failure),
    },
  );
  process.on('workerMessage', accept);
  process.on('worker', saw);
  findable();
});

afterEach(async () => {
  vi.useRealTimers();
  process.off('workerMessage', accept);
  process.off('worker', saw);
  threads.setEnvironmentData(KEY, undefined);
  await Promise.all(workers.splice(0).map((worker) => Worker.prototype.terminate.call(worker)));
});

function start(handler?: string): Worker {
  const worker = new Worker(new URL('./modules/worker.js', import.meta.url), { workerData: { handler, closed } });
  workers.push(worker);
  return worker;
}

/** Starts a worker, and waits until its link is there. */
async function join(handler = 'close'): Promise<Worker> {
  const before = children.size;
  const worker = start(handler);
  await once(worker, 'message');
  await expect.poll(() => children.size).toBe(before + 1);
  await expect.poll(() => log.filter((line) => line === 'link').length).toBeGreaterThan(before);
  return worker;
}

const order = (timeout = 10_000): Order => ({
  reason: { route: 'exit' },
  until: now() + timeout,
  sync: false,
  relay: { stdout: true, stderr: true },
});
const blocks = () => expect.poll(() => Atomics.load(closed, 1)).toBe(1);
const about = (reports: readonly WorkerReport[]) => reports.map(({ name, status }) => `${name} ${status}`);
const reported = () => about(children.reports().workers);

describe('an order', () => {
  it('lets each worker clean up, and is through when all have acked', async () => {
    const [one, other] = [await join(), await join('fail')];
    const names = [`renderer ${one.threadId} acked`, `worker ${other.threadId} failed`];
    children.setTerms(one, { name: 'renderer' });
    expect(children.hasJoined()).toBe(true);
    expect(children.hasAcked()).toBe(false);
    children.begin();
    await children.order(order());
    expect(children.hasAcked()).toBe(true);
    // It says so in its slot right after its ack.
    await expect.poll(() => children.hasJoined()).toBe(false);
    expect(Atomics.load(closed, 0)).toBe(1);
    expect(reported()).toEqual(names);
    for (const { ackMs } of children.reports().workers) expect(ackMs).toBeGreaterThan(0);
    expect(children.reports().told.size).toBe(0);
    expect(children.terminateSilent()).toBe(false);
    expect(children.reports().workers[1]?.handlers[0]?.error?.message).toBe('the handler failed');
  });

  it('terminates a worker when its own time is up', async () => {
    const worker = await join('block');
    const name = `worker ${worker.threadId} timed-out`;
    children.setTerms(worker, { timeout: 1500 });
    const gone = once(worker, 'exit');
    await children.order(order());
    expect(reported()).toEqual([name]);
    expect(children.reports().workers[0]?.diagnosis).toBe('handler block blocks it (0 of 1 done)');
    await gone;
  });

  it('blocks for acks where the event loop does not turn', async () => {
    await join();
    const silent = await join('block');
    const gone = once(silent, 'exit');
    children.begin();
    const before = now();
    children.block(
      { ...order(3000), sync: true },
      blocking(() => void Atomics.store(table.cells, Header.phase, Phase.orderedSync)),
    );
    expect(now() - before).toBeLessThan(5000);
    expect(Atomics.load(closed, 0)).toBe(1);
    children.terminateSilent();
    expect(children.reports().workers[0]?.status).toBe('acked');
    await gone;
  });

  it.each([
    ['is going', 0],
    ['was gone before', 500],
  ])('notices that a worker %s also where the event loop does not turn', async (_, ms) => {
    const [clean, gone] = [await join(), await join('hang')];
    const exit = once(gone, 'exit');
    children.begin();
    void Worker.prototype.terminate.call(gone);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    const before = now();
    children.block(
      { ...order(30_000), sync: true },
      blocking(() => void Atomics.store(table.cells, Header.phase, Phase.orderedSync)),
    );
    expect(now() - before).toBeLessThan(15_000);
    expect(children.terminateSilent()).toBe(false);
    expect(children.reports().workers.map(({ threadId, status, diagnosis }) => [threadId, status, diagnosis])).toEqual([
      [clean.threadId, 'acked', undefined],
      [expect.any(Number), 'lost', 'it ended'],
    ]);
    await exit;
  });

  it('reaches a worker that blocks only as far as its slot: it is terminated', async () => {
    const worker = await join();
    worker.postMessage('block');
    const gone = once(worker, 'exit');
    // Until it blocks it would read its order.
    await blocks();
    children.order(order(100));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(children.terminateSilent()).toBe(true);
    expect(children.reports().workers).toMatchObject([{ status: 'timed-out', diagnosis: PARKED }]);
    await gone;
  });

  it('finds out how a worker is lost', async () => {
    const worker = await join('hang');
    const settled = children.order(order());
    children.begin();
    await Worker.prototype.terminate.call(worker);
    await settled;
    expect(children.reports().workers).toMatchObject([{ status: 'lost', diagnosis: 'it ended with exit code 1' }]);
  });

  it('has what a worker prints written before its ack, and waits for that', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
    await join('print');
    await children.order(order());
    await children.flush();
    const printed = write.mock.calls.map(([chunk]) => String(chunk));
    write.mockRestore();
    expect(printed).toContain('printed at the end\n');
  });

  it('does not concern a worker that has registered nothing', async () => {
    const worker = start();
    await once(worker, 'message');
    expect(children.order(order())).toBeUndefined();
    expect(children.reports().workers).toEqual([]);
    expect(children.hasJoined()).toBe(false);
  });

  it('reports a registered worker that has not loaded the library', async () => {
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
    workers.push(worker);
    await once(worker, 'online');
    children.setTerms(worker, { name: 'stranger' });
    await children.order(order(1000));
    expect(children.reports().workers).toEqual([
      {
        threadId: worker.threadId,
        path: [worker.threadId],
        name: expect.any(String),
        status: 'unlinked',
        handlers: [],
      },
    ]);
    expect(reported()).toEqual([`stranger ${worker.threadId} unlinked`]);
  });

  it('goes out again once the shutdown is over and the worker lives on', async () => {
    const worker = await join();
    children.begin();
    await children.order(order());
    children.over();
    expect(children.reports().workers).toEqual([]);
    expect(children.size).toBe(1);
    expect(children.hasAcked()).toBe(false);
    // It has registered nothing since, so there is nothing to wait for.
    await expect.poll(() => children.order(order())).toBeUndefined();
    expect(worker.threadId).toBeGreaterThan(0);
  });
});

describe('a registered worker', () => {
  it('cleans up before it is terminated', async () => {
    const worker = await join();
    const { threadId: thread } = worker;
    children.setTerms(worker, { name: 'renderer' });
    expect(await worker.terminate()).toBe(1);
    expect(Atomics.load(closed, 0)).toBe(1);
    expect(about(ended)).toEqual([`renderer ${thread} acked`]);
    expect(children.size).toBe(0);
    expect(failures).toEqual([]);
  });

  it('is ended at once when it is terminated a second time', async () => {
    const worker = await join('hang');
    const { threadId: thread } = worker;
    children.setTerms(worker, { timeout: 60_000 });
    const first = worker.terminate();
    await worker.terminate();
    await first;
    expect(about(ended)).toEqual([`worker ${thread} lost`]);
  });

  it('that does not clean up within its time is ended', async () => {
    const worker = await join('block');
    const { threadId: thread } = worker;
    children.setTerms(worker, { timeout: 1500 });
    await worker.terminate();
    expect(about(ended)).toEqual([`worker ${thread} timed-out`]);
    expect(ended[0]?.diagnosis).toBe('handler block blocks it (0 of 1 done)');
  });

  it('can be shut down alone, which tells what became of it, always the same', async () => {
    const worker = await join('fail');
    const { threadId: thread } = worker;
    children.setTerms(worker, { name: 'renderer' });
    const ending = children.shutdown(worker);
    expect(children.shutdown(worker)).toBe(ending);
    expect(about([await ending])).toEqual([`renderer ${thread} failed`]);
    expect(worker.threadId).toBe(-1);
  });

  it('that is being ended is not ended a second time when it is shut down', async () => {
    const worker = await join('slow');
    const { threadId: thread } = worker;
    children.setTerms(worker, { timeout: 10_000 });
    void worker.terminate();
    expect(about([await children.shutdown(worker)])).toEqual([`worker ${thread} acked`]);
  });

  it('can be shut down although it has just been made, or has ended already', async () => {
    const worker = start('close');
    const { threadId: thread } = worker;
    children.setTerms(worker, {});
    await once(worker, 'message');
    await worker.terminate();
    expect(about([await children.shutdown(worker)])).toEqual([`worker ${thread} acked`]);
  });

  it('that has not loaded the library is merely ended', async () => {
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
    workers.push(worker);
    const { threadId: thread } = worker;
    await once(worker, 'online');
    children.setTerms(worker, {});
    expect(about([await children.shutdown(worker)])).toEqual([`worker ${thread} unlinked`]);
  });

  it('keeps what was said of it before', async () => {
    const worker = await join();
    const { threadId: thread } = worker;
    children.setTerms(worker, { name: 'renderer' });
    const { terminate } = worker;
    children.setTerms(worker, { name: undefined, timeout: 3000 });
    expect(worker.terminate).toBe(terminate);
    await children.order(order());
    expect(reported()).toEqual([`renderer ${thread} acked`]);
  });

  it('can be forgotten: it ends as one that nobody has registered', async () => {
    const worker = await join();
    children.setTerms(worker, { name: 'renderer', onFailure() {} });
    expect(Object.hasOwn(worker, 'terminate')).toBe(true);
    children.forget(worker);
    children.forget(worker);
    expect(Object.hasOwn(worker, 'terminate')).toBe(true);
    await worker.terminate();
    expect(Object.hasOwn(worker, 'terminate')).toBe(false);
    expect(failures).toEqual([]);
  });

  it('is invited if it was made before this thread could be found, and cleans up', async () => {
    threads.setEnvironmentData(KEY, undefined);
    process.off('worker', saw);
    process.off('workerMessage', accept);
    const worker = start('close');
    await once(worker, 'message');
    process.on('workerMessage', accept);
    expect(children.size).toBe(0);
    children.setTerms(worker, {});
    // However long it takes until the invitation is answered.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await worker.terminate();
    expect(Atomics.load(closed, 0)).toBe(1);
  });

  it('all of them are terminated, but those in pools', async () => {
    const [own, pooled] = [await join(), await join()];
    children.setTerms(own, {});
    children.setTerms(pooled, { pool: { wake: () => true } });
    await children.terminate();
    expect([own.threadId, pooled.threadId > 0]).toEqual([-1, true]);
    expect(Atomics.load(closed, 0)).toBe(1);
  });
});

it('forgets a worker whose link comes when it is gone', async () => {
  process.off('workerMessage', accept);
  const messages: [message: unknown, source: number][] = [];
  const keep = (message: unknown, source: number): void => {
    messages.push([message, source]);
    // So far it has been taken.
    if (isLinkMessage(message)) Atomics.store(table.cells, at(message.slot, Cell.linked), 1);
  };
  process.on('workerMessage', keep);
  const worker = start('close');
  const gone = once(worker, 'exit');
  await once(worker, 'message');
  await expect.poll(() => messages.length).toBe(1);
  process.off('workerMessage', keep);
  worker.postMessage('end');
  await gone;
  for (const [message, source] of messages) children.accept(message, source);
  expect(children.size).toBe(1);
  await expect.poll(() => children.size).toBe(0);
});

describe('a worker of a pool', () => {
  it('is woken when it is ended alone', async () => {
    const worker = await join();
    let woken = 0;
    children.setTerms(worker, { pool: { wake: () => ++woken > 0 } });
    await children.cleanUp(worker);
    expect(woken).toBe(1);
    expect(Atomics.load(closed, 0)).toBe(1);
    expect(worker.threadId).toBeGreaterThan(0);
    expect(children.cleanUp(worker)).toBeUndefined();
  });

  it('that does not read its order goes soon where it is not to be waited for', async () => {
    const worker = await join();
    children.setTerms(worker, { timeout: 60_000, pool: { wake: () => false } });
    worker.postMessage('block');
    await blocks();
    await worker.terminate();
    expect(ended).toMatchObject([{ status: 'timed-out' }]);
  });

  it('that reads its order later than that is waited for otherwise', async () => {
    const worker = await join();
    children.setTerms(worker, { timeout: 10_000, pool: { wake: () => true } });
    worker.postMessage('blockAWhile');
    await blocks();
    await worker.terminate();
    expect(ended).toMatchObject([{ status: 'acked' }]);
  });

  it('that reads its order has its time', async () => {
    const worker = await join('slow');
    children.setTerms(worker, { timeout: 10_000, pool: { wake: () => false } });
    await worker.terminate();
    expect(ended).toMatchObject([{ status: 'acked' }]);
  });
});

describe('a worker that fails', () => {
  const exit = (worker: Worker) => new Promise((resolve) => worker.once('exit', resolve));
  const fail = async (worker: Worker, command: string): Promise<void> => {
    const gone = exit(worker);
    worker.once('error', () => {});
    worker.postMessage(command);
    await gone;
    // What is told of it is told in the next tick.
    await new Promise((resolve) => setImmediate(resolve));
  };
  const onFailure = (): void => {};

  it('is told of, with its error', async () => {
    const worker = await join('fail');
    const { threadId: thread } = worker;
    children.setTerms(worker, { onFailure });
    await fail(worker, 'throw');
    expect(failures).toMatchObject([{ onFailure, isFatal: false, error: { message: 'the worker failed' } }]);
    expect(about(failures.map(({ report }) => report))).toEqual([`worker ${thread} failed`]);
    expect(failures[0]?.report.diagnosis).toBe('it ended by RangeError: the worker failed');
  });

  it('is told of by its exit code, though its handlers ran', async () => {
    const worker = await join();
    children.setTerms(worker, { essential: true });
    await fail(worker, 'exit');
    expect(failures).toMatchObject([
      { onFailure: undefined, isFatal: true, error: undefined, report: { status: 'acked' } },
    ]);
    expect(failures[0]?.report.diagnosis).toBe('it ended with exit code 3');
  });

  it('is told of although it has not loaded the library', async () => {
    const worker = new Worker('process.exit(4)', { eval: true });
    const { threadId: thread } = worker;
    children.setTerms(worker, { essential: true, onFailure });
    await exit(worker);
    await expect.poll(() => failures.length).toBe(1);
    expect(failures).toMatchObject([
      { isFatal: true, report: { threadId: thread, status: 'unlinked', diagnosis: 'it ended with exit code 4' } },
    ]);
  });

  it.each([{}, { onFailure: undefined, essential: false }])(
    'is nobody’s concern without an owner: %j',
    async (terms) => {
      const worker = await join();
      children.setTerms(worker, terms);
      await fail(worker, 'exit');
      expect(failures).toEqual([]);
    },
  );

  it('is not told of if it ended as it should', async () => {
    const worker = await join();
    children.setTerms(worker, { essential: true, onFailure });
    await fail(worker, 'end');
    expect(Atomics.load(closed, 0)).toBe(1);
    expect(failures).toEqual([]);
  });

  it('is told of in a shutdown by the report, once, and not when it goes', async () => {
    const [worker, silent, clean] = [await join('fail'), await join('fail'), await join()];
    children.setTerms(worker, { onFailure });
    children.setTerms(silent, {});
    children.setTerms(clean, { onFailure });
    children.begin();
    await children.order(order());
    expect(children.failures()).toMatchObject([
      { report: { threadId: worker.threadId, status: 'failed' }, onFailure, isFatal: false, error: undefined },
    ]);
    expect(children.failures()).toEqual([]);
    await Worker.prototype.terminate.call(worker);
    expect(failures).toEqual([]);
  });
});

describe('the end of a thread that has entrusted something', () => {
  it('is told where it has a link', async () => {
    const worker = await join();
    const { threadId: thread } = worker;
    children.watchExit(thread);
    await Worker.prototype.terminate.call(worker);
    expect(log).not.toContain(`gone ${thread}`);
  });

  it('is told where it has none', async () => {
    const worker = start();
    const { threadId: thread } = worker;
    await once(worker, 'message');
    children.watchExit(thread);
    children.watchExit(999_999);
    expect(log).toEqual([]);
    await Worker.prototype.terminate.call(worker);
    expect(log).toEqual([`gone ${thread}`]);
    children.watchExit(thread);
    expect(log).toEqual([`gone ${thread}`, `gone ${thread}`]);
  });
});
