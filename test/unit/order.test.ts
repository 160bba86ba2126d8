import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { diagnosisOf, reportOf, settleBySlot } from '../../src/children/account.ts';
import { type Slotted, step } from '../../src/children/child.ts';
import { createKnown } from '../../src/children/known.ts';
import { isHearing, post } from '../../src/children/order.ts';
import type { Order } from '../../src/children/terms.ts';
import { now } from '../../src/clock.ts';
import { at, Cell, createTable, Ordered, State } from '../../src/table/cells.ts';
import { showProgress } from '../../src/table/progress.ts';
import { claim } from '../../src/table/slots.ts';
import type { AckMessage } from '../../src/wire/messages.ts';
import { VERSION } from '../../src/wire/reason.ts';
import { isOrder } from '../../src/wire/validators.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** What is known of thread 5, which is linked, and its end of the child. */
function createScene(): { child: Slotted; port: MessagePort } {
  const table = createTable();
  const slot = claim(table, 5, 0) ?? 0;
  const child = createKnown().slot(5, slot, table);
  step(child, 'linkTaken');
  const { port1, port2 } = new MessageChannel();
  ends.push(() => port1.close());
  child.port = port1;
  return { child, port: port2 };
}

const order = (change: Partial<Order> = {}): Order => ({
  reason: { route: 'exit', exitCode: 3 },
  until: now() + 10_000,
  sync: false,
  relay: { stdout: true, stderr: true },
  ...change,
});
const read = (port: MessagePort): unknown => receiveMessageOnPort(port)?.message;
const cell = ({ table, slot }: Slotted, name: number): number => Atomics.load(table.cells, at(slot, name));
const set = ({ table, slot }: Slotted, name: number, value: number) =>
  Atomics.store(table.cells, at(slot, name), value);
const ack = (change: Partial<AckMessage> = {}): AckMessage => ({
  type: 'ack',
  version: VERSION,
  epoch: 1,
  handlers: [],
  workers: [],
  ...change,
});

/** A worker that waits, since one that has ended has no streams that go anywhere. */
const IDLE = "require('node:worker_threads').parentPort.on('message', () => {})";

describe('an order', () => {
  it('says why, and how long there is', () => {
    const { child, port } = createScene();
    const before = now();
    post(child, order(), 7);
    const message = read(port);
    expect(isOrder(message)).toBe(true);
    expect(message).toMatchObject({
      epoch: 7,
      reason: { route: 'exit', exitCode: 3 },
      sync: false,
      relay: { stdout: true, stderr: true },
    });
    expect(message).toHaveProperty('timeout', expect.closeTo(10_000, -3));
    expect(Reflect.get(Object(message), 'sentAt')).toBeGreaterThanOrEqual(before);
    expect(child.task.epoch).toBe(7);
    expect(child.task.orderedAt).toBeGreaterThanOrEqual(before);
    expect(child.task.isOrderedSync).toBe(false);
  });

  it('leaves no more time than the worker’s own limit, and never less than none', () => {
    const { child, port } = createScene();
    post(child, order(), 7, 50);
    expect(read(port)).toHaveProperty('timeout', 50);
    post(child, order({ until: now() - 100 }), 7);
    expect(read(port)).toHaveProperty('timeout', 0);
  });

  it('is in the slot as well, with who captures what', () => {
    const { child } = createScene();
    const { yes, stdoutCaptured, stderrCaptured } = Ordered;
    for (const [stdout, stderr, told] of [
      [true, true, yes],
      [false, true, yes | stdoutCaptured],
      [true, false, yes | stderrCaptured],
      [false, false, yes | stdoutCaptured | stderrCaptured],
    ] as const) {
      post(child, order({ relay: { stdout, stderr } }), 7);
      expect(cell(child, Cell.order)).toBe(told);
    }
  });

  it('may come again, synchronously, and is the same one', () => {
    const { child, port } = createScene();
    post(child, order(), 7);
    child.task.ack = ack();
    const { orderedAt } = child.task;
    post(child, order({ sync: true }), 8);
    expect(child.task).toMatchObject({ epoch: 7, orderedAt, isOrderedSync: true, ack: ack() });
    read(port);
    expect(read(port)).toMatchObject({ sync: true });
  });

  it('is for a worker that lives on after it ended by itself', () => {
    const { child } = createScene();
    child.task.ack = ack();
    post(child, order(), 7);
    expect(child.task.ack).toBeUndefined();
  });

  it('reaches the slot of a worker whose link was not delivered', () => {
    const { child } = createScene();
    child.port = undefined;
    post(child, order(), 7);
    expect(cell(child, Cell.order)).toBe(Ordered.yes);
  });

  it.each([
    [true, 'timed-out'],
    [false, 'ok'],
  ])('wakes a worker once, by its port (%s) or by its slot', async (isLinked, woken) => {
    const { child } = createScene();
    if (!isLinked) child.port = undefined;
    const wait = Atomics.waitAsync(child.table.cells, at(child.slot, Cell.order), 0, 50);
    post(child, order(), 7);
    expect(await wait.value).toBe(woken);
  });

  it.each([
    ['nobody', {}, { stdout: true, stderr: true }],
    ['somebody for stdout', { stdout: true }, { stdout: false, stderr: true }],
    ['somebody for stderr', { stderr: true }, { stdout: true, stderr: false }],
  ])('says where output goes that %s captures', async (_, options, relay) => {
    const { child, port } = createScene();
    const worker = new Worker(IDLE, { eval: true, ...options });
    ends.push(() => worker.terminate());
    await once(worker, 'online');
    child.worker = worker;
    post(child, order(), 7);
    expect(read(port)).toMatchObject({ relay });
    post(child, order({ relay: { stdout: false, stderr: false } }), 7);
    expect(read(port)).toMatchObject({ relay: { stdout: false, stderr: false } });
  });

  it('takes a stream that flows for one that nobody captures where its destinations cannot be seen', async () => {
    const { child, port } = createScene();
    const worker = new Worker(IDLE, { eval: true, stderr: true });
    ends.push(() => worker.terminate());
    await once(worker, 'online');
    child.worker = worker;
    const streams = [worker.stdout, worker.stderr];
    const states = streams.map((stream) => Reflect.get(stream, '_readableState'));
    // As another runtime may have it.
    for (const stream of streams) Reflect.set(stream, '_readableState', { flowing: stream.readableFlowing });
    post(child, order(), 7);
    for (const [index, stream] of streams.entries()) Reflect.set(stream, '_readableState', states[index]);
    expect(read(port)).toMatchObject({ relay: { stdout: true, stderr: false } });
  });
});

describe('whether a thread is there', () => {
  /** A port whose `postMessage` returns what Node's does: nothing where the thread has gone before, or on other runtimes. */
  const isThere = (child: Slotted, isSent?: boolean): boolean => {
    if (child.port) vi.spyOn(child.port, 'postMessage').mockReturnValue(isSent as undefined);
    return isHearing(child);
  };

  it('is told by what becomes of a message', () => {
    const { child, port } = createScene();
    expect(isThere(child, true)).toBe(true);
    expect(isThere(child, false)).toBe(false);
    vi.restoreAllMocks();
    expect(isHearing(child)).toBe(true);
    expect(read(port)).toEqual({ type: 'ping', version: VERSION });
  });

  it('is told, too, by a port that says nothing any more', () => {
    const { child } = createScene();
    expect(isThere(child)).toBe(true);
    expect(isThere(child, true)).toBe(true);
    expect(isThere(child)).toBe(false);
  });

  it('is not known without a port', () => {
    const { child } = createScene();
    child.port = undefined;
    expect(isHearing(child)).toBe(true);
  });
});

describe('without an ack', () => {
  /** What became of it, where it is lost or its time is up. */
  const settled = (child: Slotted, status: 'lost' | 'timed-out') => {
    post(child, order(), 7);
    settleBySlot(child, status, 'why');
    const { state, diagnosis } = child.task;
    return { status: state, diagnosis };
  };

  it('the slot tells that it was sent', () => {
    const { child } = createScene();
    set(child, Cell.state, State.acked);
    expect(settled(child, 'lost')).toEqual({ status: 'acked', diagnosis: undefined });
    set(child, Cell.state, State.failed);
    set(child, Cell.failures, 3);
    expect(settled(child, 'lost')).toEqual({
      status: 'failed',
      diagnosis: '3 of its handlers failed; its ack was not delivered',
    });
  });

  it.each([
    [State.joined, 'lost'],
    [State.joined, 'timed-out'],
    [State.read, 'lost'],
    [State.read, 'timed-out'],
  ] as const)('it is what the diagnosis says: %i, %s', (state, status) => {
    const { child } = createScene();
    set(child, Cell.state, state);
    expect(settled(child, status)).toEqual({ status, diagnosis: 'why' });
  });

  it('a port is closed that was there once', () => {
    const { child } = createScene();
    expect(diagnosisOf(child)).toBe('its event loop was blocked and the order never read');
    step(child, 'portClosed');
    child.port = undefined;
    expect(diagnosisOf(child)).toBe('its link was closed, and it was blocked');
    post(child, order(), 7);
    expect(cell(child, Cell.order)).toBe(Ordered.yes | Ordered.alone);
    set(child, Cell.state, State.read);
    expect(diagnosisOf(child)).toBe('it read the order, and no handler of it has started');
  });

  it('a port that was never there is not closed', () => {
    const table = createTable();
    const child = createKnown().slot(5, claim(table, 5, 0) ?? 0, table);
    step(child, 'portClosed');
    expect(diagnosisOf(child)).toBe('its event loop was blocked and the order never read');
  });
});

describe('the report', () => {
  const clean = { name: 'close', durationMs: 1 };
  const failed = { name: 'flush', durationMs: 2, error: { name: 'Error', message: 'no', stack: 'Error: no' } };
  const unfinished = { name: 'upload', durationMs: 3, unfinished: true } as const;

  it('is what the ack says, of the worker and of those below it', () => {
    const { child } = createScene();
    const below = { threadId: 9, path: [8, 9], name: 'worker 9', status: 'lost', handlers: [failed] } as const;
    child.task.ackMs = 4;
    child.task.ack = ack({ handlers: [clean], workers: [below] });
    const reports = reportOf(child, 'renderer 5');
    expect(reports).toEqual([
      { threadId: 5, path: [5], name: 'renderer 5', status: 'acked', ackMs: 4, handlers: [clean] },
      { ...below, path: [5, 8, 9], handlers: [{ name: 'flush', durationMs: 2, error: expect.any(Error) }] },
    ]);
  });

  it.each([
    ['acked', []],
    ['acked', [clean]],
    ['failed', [clean, failed]],
    ['failed', [unfinished, clean]],
  ] as const)('is that it has %s', (status, handlers) => {
    const { child } = createScene();
    child.task.ack = ack({ handlers });
    expect(reportOf(child, 'worker 5')).toMatchObject([{ status }]);
    expect(reportOf(child, 'worker 5')[0]).not.toHaveProperty('ackMs');
  });

  it('is what became of it, where there is no ack', () => {
    const { child } = createScene();
    settleBySlot(child, 'lost', 'it ended');
    const about = { threadId: 5, path: [5], name: 'worker 5', handlers: [] };
    expect(reportOf(child, 'worker 5')).toEqual([{ ...about, status: 'lost', diagnosis: 'it ended' }]);
    Object.assign(child.task, { state: 'acked', diagnosis: undefined });
    expect(reportOf(child, 'worker 5')).toStrictEqual([{ ...about, status: 'acked' }]);
    child.task.state = 'ordered';
    expect(reportOf(child, 'worker 5')).toEqual([
      { ...about, status: 'timed-out', diagnosis: 'its event loop was blocked and the order never read' },
    ]);
  });

  it('has what the slots tell of those below it, where it cannot tell any more', () => {
    const { child } = createScene();
    const { table } = child;
    const slots = [6, 7, 8, 9, 11, 12].map((thread) => claim(table, thread, 5) ?? 0);
    const deeper = claim(table, 10, 8) ?? 0;
    const states = [State.acked, State.failed, State.read, State.idle, State.lost, State.timedOut];
    for (const [index, slot] of slots.entries()) Atomics.store(table.cells, at(slot, Cell.state), states[index] ?? 0);
    Atomics.store(table.cells, at(deeper, Cell.state), State.joined);
    for (const index of [2, 4, 5]) showProgress(table, slots[index] ?? 0, 1, 2, 'close');
    post(child, order(), 7);
    settleBySlot(child, 'timed-out', 'why');
    expect(
      reportOf(child, 'worker 5').map(({ path, name, status, diagnosis }) => [path, name, status, diagnosis]),
    ).toEqual([
      [[5], 'worker 5', 'timed-out', 'why'],
      [[5, 6], 'worker 6', 'acked', 'its parent did not ack for it'],
      [[5, 7], 'worker 7', 'failed', 'its parent did not ack for it'],
      [[5, 8], 'worker 8', 'timed-out', 'handler close blocks it (0 of 2 done)'],
      [[5, 8, 10], 'worker 10', 'timed-out', 'its event loop was blocked and the order never read'],
      [[5, 11], 'worker 11', 'lost', 'its parent did not ack for it'],
      [[5, 12], 'worker 12', 'timed-out', 'handler close blocks it (0 of 2 done)'],
    ]);
    expect(reportOf(child, 'worker 5')[1]?.handlers).toEqual([]);
  });
});

describe('a worker’s output', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** What the order says of the worker's stdout, which `use` was made of. */
  function isRelayed(use: (own: PassThrough, ofProcess: PassThrough) => unknown): unknown {
    const { child, port } = createScene();
    const [own, ofProcess, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    vi.stubGlobal('process', { ...process, hrtime: process.hrtime, stdout: ofProcess, stderr });
    use(own, ofProcess);
    child.worker = { stdout: own, stderr: new PassThrough() } as unknown as Worker;
    post(child, order(), 7);
    return Reflect.get(Object(read(port)), 'relay');
  }
  const relayed = { stdout: true, stderr: false };
  const captured = { stdout: false, stderr: false };
  const hide = (own: PassThrough, state: unknown) => Object.defineProperty(own, '_readableState', { value: state });
  const flowing = (own: PassThrough, value: boolean | null) => Object.defineProperty(own, 'readableFlowing', { value });

  it('is relayed where it is piped to the process’s own', () => {
    expect(isRelayed((own, ofProcess) => own.pipe(ofProcess))).toEqual(relayed);
  });

  it('is relayed where it is piped to somewhere else as well', () => {
    expect(
      isRelayed((own, ofProcess) => {
        own.pipe(new PassThrough());
        own.pipe(ofProcess);
      }),
    ).toEqual(relayed);
  });

  it('is somebody’s who pipes it to somewhere else, or listens to it, or lets it flow', () => {
    for (const use of [
      (own: PassThrough) => own.pipe(new PassThrough()),
      (own: PassThrough) => own.on('data', () => {}),
      (own: PassThrough) => own.on('data', (data) => process.stdout.write(data)),
      (own: PassThrough) => own.resume(),
      () => {},
    ]) {
      expect(isRelayed(use)).toEqual(captured);
    }
  });

  it.each([undefined, null, 5, {}, { pipes: undefined }, { pipes: {} }])(
    'is taken for relayed while it flows where its destinations are %j',
    (state) => {
      expect(isRelayed((own) => hide(flowing(own, true), state))).toEqual(relayed);
      expect(isRelayed((own) => hide(flowing(own, false), state))).toEqual(captured);
      expect(isRelayed((own) => hide(flowing(own, null), state))).toEqual(captured);
    },
  );

  it('is relayed on Bun where a listener writes it to the process’s own', () => {
    vi.stubGlobal('Bun', {});
    const bun = { pipes: [] };
    const listen = (...listeners: ((data: string) => unknown)[]) =>
      isRelayed((own) => {
        for (const listener of listeners) own.on('data', listener);
        hide(own, bun);
      });
    const other = (): void => {};
    expect(listen(other, (data) => process.stdout.write(data))).toEqual(relayed);
    expect(listen((data) => process.stderr.write(data))).toEqual(relayed);
    expect(listen(other)).toEqual(captured);
    expect(listen()).toEqual(captured);
  });
});
