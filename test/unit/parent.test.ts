/** The link up. The parent is another thread, which hands on what it is sent; what it would say is said here. */

import { once } from 'node:events';
import threads, { type MessagePort, Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { now } from '../../src/clock.ts';
import {
  at,
  Cell,
  createTable,
  Header,
  Linked,
  Ordered,
  Phase,
  readName,
  State,
  type Table,
} from '../../src/table/cells.ts';
import { orderBySlot } from '../../src/table/orders.ts';
import { claim } from '../../src/table/slots.ts';
import { RELAY } from '../../src/times.ts';
import type { LinkMessage, OrderMessage } from '../../src/wire/messages.ts';
import { SLOTS } from '../../src/wire/messages.ts';
import { KEY, type Reason, ROUTES, VERSION } from '../../src/wire/reason.ts';
import { isAck, isLinkMessage, isOrder } from '../../src/wire/validators.ts';
import { createParent, type Parent } from '../../workers/parent.ts';
import * as rare from '../../workers/rare.ts';
import { isPending } from './stand-ins.ts';

const { threadId } = threads;
let parent: Worker;
beforeAll(() => {
  parent = new Worker(new URL('./modules/parent.js', import.meta.url));
});
afterAll(() => parent.terminate());

let table: Table;
let log: string[];
let orders: OrderMessage[];
let reasons: Reason[];
const ports: MessagePort[] = [];

/** The table that all threads share from now on. */
async function share(): Promise<void> {
  table = createTable();
  parent.postMessage({ buffer: table.buffer, linked: at(0, Cell.linked), width: at(1, 0) - at(0, 0) });
  await once(parent, 'message');
}

beforeEach(async () => {
  await share();
  [log, orders, reasons] = [[], [], []];
});
afterEach(() => {
  // Whoever watches the phase watches it for good.
  for (const port of ports.splice(0)) port.close();
});

const deliver = (to: number, message: LinkMessage): Promise<unknown> =>
  threads.postMessageToThread(to, message, [message.port]);
/** For a link that is on its way, and stays there. */
const neverDeliver = (_: number, { port }: LinkMessage): Promise<unknown> => {
  ports.push(port);
  return new Promise(() => {});
};

function create({ inherited = true, parentId = parent.threadId, table: home = table, by = deliver } = {}): Parent {
  // What another test has left behind tells its own.
  const [ownLog, ownOrders, ownReasons] = [log, orders, reasons];
  return createParent(
    {
      table: home,
      threadId,
      parentId,
      inherited,
      deliver: by,
    },
    {
      onBegin(reason) {
        ownLog.push('begin');
        ownReasons.push(reason);
      },
      onOrder(order) {
        ownLog.push('order');
        ownOrders.push(order);
      },
      onLinked() {},
      onOver: () => void ownLog.push('over'),
      log: (line) => void ownLog.push(line),
      standGuard: (of) => rare.standGuard(of, false),
      rare: () => rare,
    },
  );
}

const cell = (name: number, slot = 0): number => Atomics.load(table.cells, at(slot, name));
const set = (name: number, value: number, slot = 0) => Atomics.store(table.cells, at(slot, name), value);
const header = (name: number): number => Atomics.load(table.cells, name);
const isOrdered = ({ flagCells: { cells, order } }: Parent): boolean =>
  cells[Header.phase] !== Phase.running || cells[order] !== 0;

function setPhase(phase: number): void {
  Atomics.store(table.cells, Header.phase, phase);
  Atomics.notify(table.cells, Header.phase);
}

/** Joins, and collects what comes over the link. */
async function join(up: Parent): Promise<{ port: MessagePort; received: unknown[]; message: Record<string, unknown> }> {
  const arrived = once(parent, 'message');
  up.join();
  const [{ message, source }] = await arrived;
  expect(source).toBe(threadId);
  expect(isLinkMessage(message)).toBe(true);
  const { port } = message;
  const received: unknown[] = [];
  ports.push(port);
  port.on('message', (said: unknown) => received.push(said));
  return { port, received, message };
}

const order = (change: Partial<OrderMessage> = {}): OrderMessage => ({
  type: 'order',
  version: VERSION,
  epoch: 7,
  reason: { route: 'exit', exitCode: 3 },
  timeout: 10_000,
  sentAt: now(),
  sync: false,
  relay: { stdout: false, stderr: false },
  ...change,
});
const turn = () => new Promise((resolve) => setImmediate(resolve));
const logged = (...lines: string[]) => expect.poll(() => log).toEqual(lines);

describe('a worker that joins', () => {
  it('has a slot at once, and sends one end of a link to its parent', async () => {
    const up = create();
    expect(up.slot).toBeUndefined();
    const { message } = await join(up);
    expect(up.slot).toBe(0);
    expect(message).toEqual({ [KEY]: VERSION, slot: 0, port: expect.anything() });
    expect([cell(Cell.state), cell(Cell.thread), cell(Cell.parent)]).toEqual([State.joined, threadId, parent.threadId]);
    expect(header(Header.doorbell)).toBe(1);
  });

  it('sends its own table where it has inherited none', async () => {
    const { message } = await join(create({ inherited: false }));
    expect(Reflect.get(message, 'buffer')).toBeInstanceOf(SharedArrayBuffer);
  });

  it('works alone where nobody takes its link', async () => {
    const up = create({ parentId: 999_999 });
    up.join();
    expect(cell(Cell.state)).toBe(State.joined);
    await expect.poll(() => cell(Cell.state)).toBe(State.free);
    expect(up.isHeard()).toBe(false);
    up.ack([], [], 0);
    expect(cell(Cell.state)).toBe(State.free);
  });

  it('keeps the slots of its own workers while it works alone', async () => {
    const child = claim(table, 1000, threadId) ?? 0;
    const up = create({ inherited: false, parentId: 999_999 });
    up.join();
    expect(cell(Cell.state, 1)).toBe(State.joined);
    await expect.poll(() => cell(Cell.state, 1)).toBe(State.free);
    expect([cell(Cell.state, child), cell(Cell.thread, child)]).toEqual([State.joined, 1000]);
  });

  it('works alone where no slot is free, and says so', () => {
    for (let slot = 0; slot < SLOTS; slot++) set(Cell.state, State.joined, slot);
    const up = create();
    up.join();
    expect(log).toEqual([`no slot is free, so worker ${threadId} works alone`]);
    expect(up.isHeard()).toBe(false);
  });

  it('rings for a parent that blocks in the middle of a shutdown, and gets its order', async () => {
    const up = create();
    setPhase(Phase.begun);
    await logged('begin');
    await join(up);
    expect(header(Header.doorbell)).toBe(1);
  });

  it('again has its slot again', async () => {
    const up = create();
    await join(up);
    set(Cell.state, State.idle);
    up.join();
    expect(cell(Cell.state)).toBe(State.joined);
    expect(cell(Cell.state, 1)).toBe(State.free);
  });
});

describe('an order', () => {
  it('is obeyed, with the time that is left since it was posted', async () => {
    const up = create();
    const { port } = await join(up);
    port.postMessage(order({ sentAt: now() - 5000 }));
    await logged('order');
    expect(orders[0]).toMatchObject({ epoch: 7, reason: { route: 'exit', exitCode: 3 }, sync: false });
    expect(orders[0]?.timeout).toBeLessThanOrEqual(5000);
    expect(orders[0]?.timeout).toBeGreaterThan(2000);
    expect(cell(Cell.state)).toBe(State.read);
  });

  it('leaves no more time than it says, and no less than none', async () => {
    const { port } = await join(create());
    port.postMessage(order({ sentAt: now() + 5000 }));
    port.postMessage(order({ sentAt: 0, timeout: 1 }));
    await logged('order', 'order');
    expect(orders.map(({ timeout }) => timeout)).toEqual([10_000, 0]);
  });

  it('does not undo an ack', async () => {
    const { port } = await join(create());
    set(Cell.state, State.acked);
    port.postMessage(order());
    await logged('order');
    expect(cell(Cell.state)).toBe(State.acked);
  });

  it('is followed by the end of the shutdown, where this thread lives on', async () => {
    const up = create();
    const { port } = await join(up);
    port.postMessage({ type: 'over', version: VERSION });
    await logged('over');
  });

  it('must be one: what does not fit is dropped, and that is said once', async () => {
    const up = create();
    const { port } = await join(up);
    port.postMessage({ type: 'order', version: VERSION + 1 });
    port.postMessage('text');
    port.postMessage({ type: 'over', version: VERSION });
    await logged(`dropped a message from thread ${parent.threadId}: type "order", version ${VERSION + 1}`, 'over');
  });
});

it('a message that cannot be read is dropped, and that is said', () => {
  const listened = vi.spyOn(threads.MessagePort.prototype, 'on');
  const up = create({ by: neverDeliver });
  up.join();
  const [port] = listened.mock.contexts as MessagePort[];
  listened.mockRestore();
  port?.emit('messageerror', new Error('unreadable'));
  expect(log).toEqual([`dropped a message from thread ${parent.threadId}: undefined`]);
});

describe('whether this worker was told to end can be seen without the event loop', () => {
  it('in its slot', async () => {
    const up = create();
    expect(isOrdered(up)).toBe(false);
    await join(up);
    expect(isOrdered(up)).toBe(false);
    set(Cell.order, Ordered.yes);
    expect(isOrdered(up)).toBe(true);
    up.over(true);
    expect(isOrdered(up)).toBe(false);
  });

  it('in the table, without a slot', () => {
    const up = create();
    expect(isOrdered(up)).toBe(false);
    Atomics.store(table.cells, Header.phase, Phase.begun);
    expect(isOrdered(up)).toBe(true);
  });

  it('in the table that it has moved to', () => {
    const up = create({ inherited: false });
    const ancestors = createTable();
    up.move(parent.threadId, ancestors.buffer);
    expect(isOrdered(up)).toBe(false);
    Atomics.store(ancestors.cells, Header.phase, Phase.begun);
    expect(isOrdered(up)).toBe(true);
  });
});

describe('an ack', () => {
  it('goes over the link, is in the slot, and rings', async () => {
    const up = create();
    const { port, received } = await join(up);
    port.postMessage(order({ epoch: 9 }));
    await logged('order');
    const handlers = [{ name: 'close', durationMs: 1 }];
    up.ack(handlers, [], 0, false, 5);
    expect([cell(Cell.state), cell(Cell.failures), header(Header.doorbell)]).toEqual([State.acked, 0, 2]);
    await expect.poll(() => received.length).toBe(1);
    expect(isAck(received[0])).toBe(true);
    expect(received).toEqual([{ type: 'ack', version: VERSION, epoch: 9, readAt: 5, handlers, workers: [] }]);
  });

  it('says how many handlers have failed', async () => {
    const up = create();
    const { received } = await join(up);
    up.ack([], [], 2);
    expect([cell(Cell.state), cell(Cell.failures)]).toEqual([State.failed, 2]);
    await expect.poll(() => received).toMatchObject([{ epoch: 0 }]);
  });

  it('is not sent by a worker that has never joined', () => {
    create().ack([], [], 0);
    expect(header(Header.doorbell)).toBe(0);
  });

  it('is told by a parent that has taken the link, or can still do so', async () => {
    const up = create();
    expect(up.isHeard()).toBe(false);
    await join(up);
    expect(up.isHeard()).toBe(true);
    set(Cell.linked, Linked.notYet);
    expect(up.isHeard()).toBe(true);
    Atomics.store(table.cells, Header.phase, Phase.orderedSync);
    expect(up.isHeard()).toBe(false);
    set(Cell.linked, Linked.yes);
    expect(up.isHeard()).toBe(true);
  });
});

describe('a thread that has made a worker, and used nothing itself', () => {
  it('has a slot, and no link', async () => {
    const up = create();
    const arrived = vi.fn();
    parent.once('message', arrived);
    up.reserve();
    up.reserve();
    expect([up.slot, cell(Cell.state), header(Header.highestSlot)]).toEqual([0, State.idle, 1]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(arrived).not.toHaveBeenCalled();
    parent.off('message', arrived);
  });

  it('acts on an order that comes there, as one whose link is on its way', async () => {
    const up = create();
    up.reserve();
    // A worker of its has registered something.
    set(Cell.state, State.joined);
    orderBySlot(table, 0, { route: 'exit', timeout: 500, sentAt: now(), flags: 0, isPosted: false });
    await logged('order');
    expect(up.isHeard()).toBe(false);
  });

  it('links itself up when it uses something', async () => {
    const up = create();
    up.reserve();
    const { port } = await join(up);
    expect([up.slot, cell(Cell.state), header(Header.highestSlot)]).toEqual([0, State.joined, 1]);
    port.postMessage(order());
    await logged('order');
  });

  it('has none in a table of its own', () => {
    const up = create({ inherited: false });
    up.reserve();
    expect(up.slot).toBeUndefined();
  });
});

describe('when a shutdown is over', () => {
  it.each([
    [true, State.joined],
    [false, State.idle],
  ])('and something is registered again: %s', async (used, state) => {
    const up = create();
    const { port, received } = await join(up);
    port.postMessage(order());
    await logged('order');
    set(Cell.order, Ordered.yes);
    up.ack([], [], 0);
    up.over(used);
    expect([cell(Cell.state), cell(Cell.order)]).toEqual([state, 0]);
    up.ack([], [], 0);
    await expect.poll(() => received).toMatchObject([{ epoch: 7 }, { epoch: 0 }]);
  });

  it.each([
    ['a worker of its has registered something again', 1, State.joined],
    ['none of its workers ever has', 0, State.idle],
  ])('and %s', async (_, joins, state) => {
    const up = create();
    await join(up);
    claim(table, 1000, threadId);
    set(Cell.joins, joins);
    up.ack([], [], 0);
    up.over(false);
    expect(cell(Cell.state)).toBe(state);
  });

  it('and a parent that looks just then takes none for idle one of whose workers has joined', async () => {
    const up = create();
    await join(up);
    claim(table, 1000, threadId);
    set(Cell.joins, 1);
    up.ack([], [], 0);
    const written = vi.spyOn(Atomics, 'exchange');
    up.over(false);
    const states = written.mock.calls.filter(([, index]) => index === at(0, Cell.state)).map(([, , state]) => state);
    written.mockRestore();
    expect(states).toEqual([State.joined]);
  });

  it('one that has never joined has nothing to say', () => {
    create().over(true);
    expect(cell(Cell.state)).toBe(State.free);
  });
});

describe('the shutdown of the whole tree', () => {
  it('is seen, with its reason', async () => {
    create();
    Atomics.store(table.cells, Header.route, ROUTES.indexOf('signal'));
    Atomics.store(table.cells, Header.signal, 15);
    Atomics.store(table.cells, Header.exitCode, 143);
    setPhase(Phase.begun);
    await logged('begin');
    expect(reasons).toEqual([{ route: 'signal', signal: 'SIGTERM', exitCode: 143 }]);
  });

  it('is seen where it had begun before', async () => {
    Atomics.store(table.cells, Header.route, 99);
    setPhase(Phase.ordered);
    create();
    await logged('begin');
    expect(reasons).toEqual([{ route: 'shutdown', exitCode: 0 }]);
  });

  it('begins once, and is over for a worker that has no link to be told by', async () => {
    create();
    for (const phase of [Phase.begun, Phase.ordered, Phase.running]) {
      setPhase(phase);
      await turn();
      await turn();
    }
    await logged('begin', 'over');
    setPhase(Phase.begun);
    await logged('begin', 'over', 'begin');
  });

  it('is over for a linked worker when its parent says so', async () => {
    await join(create());
    setPhase(Phase.begun);
    await logged('begin');
    setPhase(Phase.running);
    await turn();
    await turn();
    expect(log).toEqual(['begin']);
  });

  it('does not concern a worker with a table of its own', async () => {
    create({ inherited: false });
    setPhase(Phase.begun);
    await turn();
    await turn();
    expect(log).toEqual([]);
  });

  it('is acted on by a worker whose order has not come down', async () => {
    const up = create();
    await join(up);
    Atomics.store(table.cells, Header.route, ROUTES.indexOf('exit'));
    Atomics.store(table.cells, Header.exitCode, 3);
    set(Cell.timeout, 9000);
    set(Cell.sentAt, Math.trunc(now()) - 1000);
    set(Cell.order, Ordered.yes | Ordered.stderrCaptured);
    setPhase(Phase.ordered);
    await logged('begin', 'order');
    expect(orders).toMatchObject([
      { epoch: 0, reason: { route: 'exit', exitCode: 3 }, sync: false, relay: { stdout: true, stderr: false } },
    ]);
    expect(orders[0]?.timeout).toBeLessThanOrEqual(8000);
    expect(orders[0]?.timeout).toBeGreaterThan(4000);
    expect(cell(Cell.state)).toBe(State.read);
    up.over(false);
  });

  it('is awaited anew by a worker that was woken for one which is over by then', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    set(Cell.order, Ordered.yes);
    Atomics.notify(table.cells, at(0, Cell.order));
    set(Cell.order, 0);
    // As long as a worker waits for its message, and as long again.
    await new Promise((resolve) => setTimeout(resolve, 2 * RELAY));
    expect(log).toEqual([]);
    set(Cell.timeout, 9000);
    set(Cell.sentAt, Math.trunc(now()));
    set(Cell.order, Ordered.yes);
    Atomics.notify(table.cells, at(0, Cell.order));
    await logged('order');
    up.over(false);
  });

  it.each([
    ['the shutdown has begun', () => Atomics.store(table.cells, Header.phase, Phase.begun)],
    ['it was ordered alone', () => set(Cell.order, Ordered.yes)],
  ])('is acted on at once by a worker that ends by itself when %s', async (_, tell) => {
    const up = create();
    await join(up);
    up.actOnPendingOrder();
    expect(log).toEqual([]);
    Atomics.store(table.cells, Header.timeout, 9000);
    Atomics.store(table.cells, Header.sentAt, Math.trunc(now()) + 60_000);
    set(Cell.timeout, 9000);
    set(Cell.sentAt, Math.trunc(now()) + 60_000);
    tell();
    up.actOnPendingOrder();
    up.actOnPendingOrder();
    expect(log).toEqual(['order']);
    expect(isOrder(orders[0])).toBe(true);
    // Nothing of its time has passed yet.
    expect(orders[0]?.timeout).toBe(9000);
    up.over(false);
  });

  it('leaves a worker no more time than its ancestors would leave it', async () => {
    const grandparentId = parent.threadId + 1000;
    const up = create();
    await join(up);
    claim(table, parent.threadId, grandparentId);
    claim(table, grandparentId, parent.threadId + 2000);
    Atomics.store(table.cells, Header.timeout, 9000);
    Atomics.store(table.cells, Header.sentAt, Math.trunc(now()) + 60_000);
    Atomics.store(table.cells, Header.phase, Phase.begun);
    up.actOnPendingOrder();
    // Each leaves three quarters of what it has, less 100 ms for its ack.
    expect(orders[0]?.timeout).toBe(((9000 - 100) * 0.75 - 100) * 0.75);
    up.over(false);
  });

  it('is not for a worker that has registered nothing since the last one', async () => {
    const up = create();
    await join(up);
    up.over(false);
    Atomics.store(table.cells, Header.phase, Phase.begun);
    up.actOnPendingOrder();
    expect(log).toEqual([]);
  });

  it('is acted on once: the order that comes after all is obeyed as well', async () => {
    const { port } = await join(create());
    port.postMessage(order());
    await logged('order');
    setPhase(Phase.ordered);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await turn();
    expect(log).toEqual(['order', 'begin']);
  });

  it('is acted on at once where the root blocks and the link was not delivered', async () => {
    const up = create();
    const blocked = new Int32Array(new SharedArrayBuffer(4));
    parent.postMessage({ blocked });
    await once(parent, 'message');
    up.join();
    Atomics.store(table.cells, Header.timeout, 9000);
    Atomics.store(table.cells, Header.sentAt, Math.trunc(now()));
    setPhase(Phase.orderedSync);
    await logged('begin', 'order');
    expect(orders).toMatchObject([{ sync: true, relay: { stdout: true, stderr: true } }]);
    expect(up.isHeard()).toBe(false);
    up.over(false);
    const arrived = once(parent, 'message');
    Atomics.store(blocked, 0, 1);
    Atomics.notify(blocked, 0);
    const [{ message }] = await arrived;
    ports.push(message.port);
  });

  it('is acted on by a worker that joins late', async () => {
    const up = create();
    Atomics.store(table.cells, Header.timeout, 9000);
    Atomics.store(table.cells, Header.sentAt, Math.trunc(now()));
    setPhase(Phase.ordered);
    await logged('begin');
    await join(up);
    await logged('begin', 'order');
    up.over(false);
  });

  it('is not acted on by a worker that has nothing registered', async () => {
    const up = create();
    await join(up);
    set(Cell.state, State.idle);
    setPhase(Phase.ordered);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await turn();
    expect(log).toEqual(['begin']);
    up.join();
    await logged('begin', 'order');
    up.over(false);
  });

  it('is waited for while the parent’s event loop turns and has not come to its workers', async () => {
    const slot = claim(table, parent.threadId, 0) ?? 0;
    const up = create();
    await join(up);
    const pulse = setInterval(() => Atomics.add(table.cells, at(slot, Cell.pulse), 1), 5);
    setPhase(Phase.ordered);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(log).toEqual(['begin']);
    clearInterval(pulse);
    await logged('begin', 'order');
    up.over(false);
  });
});

describe('an order by slot', () => {
  it('ends this worker alone, in the time that it says', async () => {
    const up = create();
    const { message } = await join(up);
    orderBySlot(table, Number(message.slot), {
      route: 'terminate',
      timeout: 10_000,
      sentAt: now(),
      flags: Ordered.alone,
      isPosted: false,
    });
    await logged('order');
    expect(orders).toMatchObject([{ epoch: 0, reason: { route: 'terminate' }, sync: false }]);
    expect(orders[0]?.timeout).toBeLessThanOrEqual(10_000);
    expect(orders[0]?.timeout).toBeGreaterThan(5000);
    up.over(false);
  });

  it('is not obeyed by a worker that has acked by itself', async () => {
    const up = create();
    await join(up);
    up.ack([], [], 0);
    orderBySlot(table, 0, {
      route: 'terminate',
      timeout: 10_000,
      sentAt: now(),
      flags: Ordered.alone,
      isPosted: false,
    });
    await turn();
    await turn();
    expect(log).toEqual([]);
    up.over(false);
  });

  it('whose route this version does not know is an end all the same', async () => {
    const up = create();
    await join(up);
    set(Cell.route, 99);
    set(Cell.order, Ordered.yes);
    up.actOnPendingOrder();
    expect(orders).toMatchObject([{ reason: { route: 'terminate' } }]);
    up.over(false);
  });

  it('is for the worker of that slot only', async () => {
    await join(create());
    Atomics.notify(table.cells, Header.phase);
    await turn();
    await turn();
    expect(log).toEqual([]);
  });
});

describe('a worker that was made before its parent could be found', () => {
  it('says once that nobody hears its link', async () => {
    const up = create({ inherited: false, parentId: 999_999 });
    up.join();
    await logged(expect.stringContaining('no thread above worker 0 has loaded worker-atexit'));
    up.join();
    await expect.poll(() => up.slot).toBeUndefined();
    expect(log).toHaveLength(1);
  });

  it('links up when it is invited, if it has used the library', async () => {
    const up = create({ inherited: false, parentId: 999_999 });
    const own = table;
    up.join();
    await share();
    up.move(parent.threadId, table.buffer);
    const [{ message }] = await once(parent, 'message');
    ports.push(message.port);
    expect(isLinkMessage(message)).toBe(true);
    expect(message.buffer).toBeUndefined();
    expect(cell(Cell.thread)).toBe(threadId);
    expect(Atomics.load(own.cells, at(0, Cell.state))).toBe(State.free);
    setPhase(Phase.begun);
    // Nobody may have heard its link before it was invited.
    const told = () => log.filter((line) => !line.startsWith('no thread above worker 0'));
    await expect.poll(told).toEqual(['begin']);
  });

  it('follows the shutdown of the tree from then on, and joins when it uses the library', async () => {
    const up = create({ inherited: false, parentId: 999_999 });
    await share();
    up.move(parent.threadId, table.buffer);
    expect(cell(Cell.state)).toBe(State.free);
    setPhase(Phase.begun);
    await logged('begin');
    await join(up);
    expect(cell(Cell.parent)).toBe(parent.threadId);
  });

  it('waits for what becomes of a link that is on its way', async () => {
    const up = create({ inherited: false, by: neverDeliver });
    up.join();
    const elsewhere = createTable();
    up.move(parent.threadId, elsewhere.buffer);
    await turn();
    expect(Atomics.load(elsewhere.cells, at(0, Cell.state))).toBe(State.free);
    expect(up.flagCells.cells).toBe(table.cells);
  });

  it('stays in the table that it has inherited', () => {
    const up = create();
    up.move(parent.threadId, createTable().buffer);
    expect(up.flagCells.cells).toBe(table.cells);
  });

  it('stays where it is once it has a parent', async () => {
    const up = create();
    await join(up);
    const elsewhere = createTable();
    up.move(parent.threadId, elsewhere.buffer);
    expect(Atomics.load(elsewhere.cells, at(0, Cell.state))).toBe(State.free);
  });
});

describe('what a worker shows in its slot', () => {
  it('is how many handlers it has entrusted to the main thread', async () => {
    const up = create();
    up.entrust();
    expect(cell(Cell.entrusted)).toBe(0);
    await join(up);
    up.entrust();
    up.entrust();
    expect(cell(Cell.entrusted)).toBe(2);
  });

  it('is which handler is about to run', async () => {
    const up = create();
    up.showProgress(1, 2, 'close');
    expect(cell(Cell.handler)).toBe(0);
    await join(up);
    up.showProgress(1, 2, 'close');
    expect([cell(Cell.handler), cell(Cell.count), readName(table, 0)]).toEqual([1, 2, 'close']);
  });

  it('is that its event loop turns', async () => {
    const up = create();
    up.pulse()();
    await join(up);
    const stop = up.pulse();
    await expect.poll(() => cell(Cell.pulse)).toBeGreaterThan(1);
    stop();
    const pulse = cell(Cell.pulse);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(cell(Cell.pulse)).toBe(pulse);
  });
});

describe('whether the main thread hears what is broadcast', () => {
  it('is told at once where it does', () => {
    const up = create();
    expect(up.isMainHearing()).toBe(false);
    Atomics.store(table.cells, Header.hearing, 1);
    expect(up.isMainHearing()).toBe(true);
    const hear = vi.fn();
    up.whenMainHears(hear);
    expect(hear).toHaveBeenCalledTimes(1);
  });

  it('is told when it does', async () => {
    const hear = vi.fn();
    create().whenMainHears(hear);
    await turn();
    expect(hear).not.toHaveBeenCalled();
    Atomics.store(table.cells, Header.hearing, 1);
    Atomics.notify(table.cells, Header.hearing);
    await expect.poll(() => hear.mock.calls.length).toBe(1);
  });
});

describe('what a worker prints after its order', () => {
  const stdout = process.stdout;

  it('goes over the link, for the streams that nobody captures', async () => {
    const write = vi.spyOn(stdout, 'write').mockReturnValue(true);
    try {
      const up = create();
      const { port, received } = await join(up);
      port.postMessage(order({ relay: { stdout: true, stderr: false } }));
      await logged('order');
      stdout.write('printed\n');
      await up.flush(false, false);
      await expect
        .poll(() => received)
        .toEqual([{ type: 'print', version: VERSION, stream: 'stdout', chunk: 'printed\n' }]);
      expect(header(Header.doorbell)).toBe(1);
      setPhase(Phase.orderedSync);
      stdout.write('and rings\n');
      expect(header(Header.doorbell)).toBe(2);
      up.over(false);
      stdout.write('its own again\n');
      expect(write.mock.calls.map(([chunk]) => chunk)).toEqual(['its own again\n']);
    } finally {
      write.mockRestore();
    }
  });

  it.each([
    [true, 1],
    [false, 0],
  ])('is held while the parent reads what was printed before, unless it blocks: %s', async (sync, sent) => {
    const write = vi.spyOn(stdout, 'write').mockReturnValue(true);
    const unread = vi.spyOn(stdout, 'writableLength', 'get').mockReturnValue(5);
    const up = create();
    try {
      const { port, received } = await join(up);
      port.postMessage(order({ sync, relay: { stdout: true, stderr: false } }));
      await logged('order');
      stdout.write('printed');
      await expect.poll(() => received.length).toBe(sent);
      up.ack([], [], 0);
      await expect.poll(() => received.at(-1)).toMatchObject({ type: 'ack' });
      expect(received).toHaveLength(sent + 1);
    } finally {
      up.over(false);
      unread.mockRestore();
      write.mockRestore();
    }
  });

  it('goes to the descriptor where nobody reads the link', async () => {
    const full = Object.assign(new Error('full'), { code: 'EAGAIN' });
    const written = vi.spyOn(process.getBuiltinModule('node:fs'), 'writeSync').mockImplementationOnce(() => {
      throw full;
    });
    written.mockImplementation((_, bytes) => Buffer.byteLength(bytes));
    const up = create({ by: neverDeliver });
    try {
      up.join();
      Atomics.store(table.cells, Header.timeout, 9000);
      Atomics.store(table.cells, Header.sentAt, Math.trunc(now()));
      setPhase(Phase.orderedSync);
      await logged('begin', 'order');
      stdout.write('last words');
      expect(written.mock.calls.map(([descriptor, bytes]) => [descriptor, String(bytes)])).toEqual([
        [1, 'last words'],
        [1, 'last words'],
      ]);
    } finally {
      up.over(false);
      written.mockRestore();
    }
  });
});

describe('a link that is still on its way when this thread ends', () => {
  /** Takes the link of {@link neverDeliver}. */
  function take(): MessagePort {
    const [port] = ports;
    if (!port) throw new Error('nothing was sent');
    set(Cell.linked, Linked.yes);
    return port;
  }

  /** Prints `words` after an order by slot. */
  async function print(...words: string[]): Promise<void> {
    orderBySlot(table, 0, {
      route: 'shutdown',
      timeout: 500,
      sentAt: now(),
      flags: Ordered.alone | Ordered.stderrCaptured,
      isPosted: false,
    });
    await logged('order');
    for (const word of words) process.stdout.write(word);
  }

  /** What the descriptors would have been given meanwhile. */
  async function directly(act: () => Promise<void>): Promise<string[]> {
    const written = vi
      .spyOn(process.getBuiltinModule('node:fs'), 'writeSync')
      .mockImplementation((_, bytes) => Buffer.byteLength(bytes));
    try {
      await act();
      return written.mock.calls.map(([, bytes]) => String(bytes));
    } finally {
      written.mockRestore();
    }
  }

  /** A worker that has joined, and hears when the test says so what became of its link. */
  function joinLate() {
    let [deliver, refuse] = [(): void => {}, (): void => {}];
    const up = create({
      by: (to, message) => {
        neverDeliver(to, message);
        return new Promise<void>((resolve, reject) => {
          [deliver, refuse] = [resolve, reject];
        });
      },
    });
    up.join();
    return { up, deliver, refuse };
  }

  it('has what is printed in it, and the ack after that', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    await print('one', 'two');
    const received: unknown[] = [];
    const written = await directly(async () => {
      take().on('message', (said: unknown) => received.push(said));
      process.stdout.write('three');
      expect(up.ack([], [], 0, true)).toBe(true);
      await expect.poll(() => received.length).toBe(4);
      up.over(false);
    });
    expect(received).toMatchObject([{ chunk: 'one' }, { chunk: 'two' }, { chunk: 'three' }, { epoch: 0 }]);
    expect(written).toEqual([]);
  });

  it('is taken back where it was not taken in time: what is printed goes to the descriptor, and nobody tells', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    const received: unknown[] = [];
    const written = await directly(async () => {
      await print('one', 'two');
      expect(up.ack([], [], 1, true)).toBe(false);
      process.stdout.write('three');
    });
    expect(written).toEqual(['one', 'two', 'three']);
    expect(cell(Cell.linked)).toBe(Linked.never);
    expect(cell(Cell.state)).toBe(State.failed);
    expect(up.isHeard()).toBe(false);
    ports[0]?.on('message', (said: unknown) => received.push(said));
    await turn();
    await turn();
    expect(received).not.toContainEqual(expect.objectContaining({ type: 'ack' }));
    up.over(false);
  });

  it('is taken back where its parent blocks, and what is in it is written first', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    const written = await directly(async () => {
      await print('one');
      Atomics.store(table.cells, Header.phase, Phase.orderedSync);
      process.stdout.write('two');
    });
    expect(written).toEqual(['one', 'two']);
    expect(cell(Cell.linked)).toBe(Linked.never);
    up.over(false);
  });

  it('is not taken back once it was taken', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    const written = await directly(async () => {
      await print('one');
      take();
      expect(up.ack([], [], 0, true)).toBe(true);
      up.over(false);
    });
    expect(written).toEqual([]);
    expect(cell(Cell.linked)).toBe(Linked.yes);
  });

  it('is not written twice when it was delivered and its parent blocks after that', async () => {
    const { up, deliver } = joinLate();
    const written = await directly(async () => {
      await print('one');
      take();
      deliver();
      await turn();
      set(Cell.linked, Linked.notYet);
      expect(up.ack([], [], 0, true)).toBe(false);
    });
    expect(written).toEqual([]);
    up.over(false);
  });

  it('that nobody takes has what was printed written, too', async () => {
    const { up, refuse } = joinLate();
    const written = await directly(async () => {
      await print('one');
      refuse();
      await expect.poll(() => up.isHeard()).toBe(false);
    });
    expect(written).toEqual(['one']);
    expect(cell(Cell.state)).toBe(State.free);
  });

  it('keeps its slot when it was taken back, and is refused after that', async () => {
    const { up, refuse } = joinLate();
    up.ack([], [], 0, true);
    refuse();
    await turn();
    expect(cell(Cell.state)).toBe(State.acked);
  });

  it('is as good as taken in a thread that lives on', async () => {
    const up = create({ by: neverDeliver });
    expect(up.ack([], [], 0)).toBe(false);
    up.join();
    expect(up.flush(false, false)).toBeUndefined();
    expect(up.ack([], [], 0)).toBe(true);
  });

  it('is waited for until it was taken, where its parent has told this thread to end', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    await print();
    const flushed = up.flush(false, true);
    await new Promise((resolve) => setTimeout(resolve, 2 * RELAY));
    expect(await isPending(flushed)).toBe(true);
    take();
    await flushed;
    expect(up.flush(false, true)).toBeUndefined();
    up.over(false);
  });

  it('is waited for as long as a parent may take whose event loop turns, where this thread ends by itself', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    const startedAt = now();
    await up.flush(false, true);
    expect(now() - startedAt).toBeGreaterThanOrEqual(RELAY);
    expect(cell(Cell.linked)).toBe(Linked.notYet);
  });

  it('is waited for until its parent blocks', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    const flushed = up.flush(false, true);
    Atomics.store(table.cells, Header.phase, Phase.orderedSync);
    await flushed;
    expect(up.flush(false, true)).toBeUndefined();
  });

  it('is waited for until it was refused', async () => {
    const up = create({ parentId: 999_999 });
    up.join();
    await up.flush(false, true);
    expect(up.isHeard()).toBe(false);
  });

  it('is waited for by a thread that blocks, as long as a parent may take whose event loop turns', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    const startedAt = now();
    expect(up.flush(true, true)).toBeUndefined();
    expect(now() - startedAt).toBeGreaterThanOrEqual(RELAY);
  });

  it.each([
    ['was taken', () => set(Cell.linked, Linked.yes)],
    ['will not be taken any more', () => Atomics.store(table.cells, Header.phase, Phase.orderedSync)],
  ])('is not waited for by a thread that blocks where it %s', (_, happens) => {
    const wait = vi.spyOn(Atomics, 'wait');
    try {
      const up = create({ by: neverDeliver });
      up.flush(true, true);
      up.join();
      happens();
      up.flush(true, true);
      const alone = create({ by: neverDeliver, inherited: false });
      alone.join();
      alone.flush(true, true);
      expect(wait).not.toHaveBeenCalled();
    } finally {
      wait.mockRestore();
    }
  });

  it('is waited for by a thread that blocks until it was taken', async () => {
    const up = create();
    up.join();
    up.flush(true, true);
    expect(cell(Cell.linked)).toBe(1);
    const [{ message }] = await once(parent, 'message');
    ports.push(message.port);
  });
});

describe('a worker that has no slot', () => {
  it('writes into nobody’s', () => {
    const up = create();
    const before = [...table.cells.subarray(0, at(1, 0))];
    vi.useFakeTimers();
    try {
      const stop = up.pulse();
      vi.advanceTimersByTime(1000);
      stop();
    } finally {
      vi.useRealTimers();
    }
    up.entrust();
    up.showProgress(2, 3, 'flush');
    up.ack([], [], 0);
    up.over(true);
    up.over(false);
    expect([...table.cells.subarray(0, at(1, 0))]).toEqual(before);
    expect(isOrdered(up)).toBe(false);
  });
});

describe('an order in the slot of a worker whose link is still on its way', () => {
  const orderOf = (slot: number, flags: number): void =>
    orderBySlot(table, slot, { route: 'shutdown', timeout: 500, sentAt: now(), flags, isPosted: false });

  it('is obeyed as it is, for whatever reason', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    orderOf(0, Ordered.alone | Ordered.sync | Ordered.stdoutCaptured);
    await logged('order');
    expect(orders).toMatchObject([
      { reason: { route: 'shutdown' }, sync: true, relay: { stdout: false, stderr: true } },
    ]);
    expect(Object.keys(Object(orders[0]?.reason))).toEqual(['route']);
    up.over(false);
  });

  it('says that a parent which blocks for it will not hear it any more', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    expect(up.isHeard()).toBe(true);
    set(Cell.order, Ordered.yes | Ordered.sync);
    expect(up.isHeard()).toBe(false);
    set(Cell.linked, Linked.yes);
    expect(up.isHeard()).toBe(true);
  });

  it('that is to be posted as well is waited for, and then obeyed all the same', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    orderOf(0, 0);
    await turn();
    expect(log).toEqual([]);
    await logged('order');
    expect(orders).toMatchObject([{ epoch: 0, sync: false, relay: { stdout: true, stderr: true } }]);
    up.over(false);
  });

  it('is left to the message where the link is there by then', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    orderOf(0, 0);
    await turn();
    set(Cell.linked, Linked.yes);
    ports[0]?.postMessage(order());
    await logged('order');
    expect(orders).toMatchObject([{ epoch: 7 }]);
    up.over(false);
  });
});

describe('a shutdown after one that is over', () => {
  it('is obeyed by a worker that has registered something for it', async () => {
    const up = create({ by: neverDeliver });
    up.join();
    Atomics.store(table.cells, Header.timeout, 9000);
    Atomics.store(table.cells, Header.sentAt, Math.trunc(now()));
    setPhase(Phase.ordered);
    await logged('begin', 'order');
    up.ack([], [], 0);
    setPhase(Phase.running);
    await logged('begin', 'order', 'over');
    up.over(true);
    setPhase(Phase.ordered);
    await logged('begin', 'order', 'over', 'begin', 'order');
    up.over(false);
  });

  it('has no signal where it has none', async () => {
    create();
    Atomics.store(table.cells, Header.route, ROUTES.indexOf('exit'));
    setPhase(Phase.begun);
    await logged('begin');
    expect(Object.keys(Object(reasons[0]))).toEqual(['route', 'exitCode']);
  });
});
