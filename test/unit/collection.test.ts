/** One collection, whose workers are slots alone: what they would do is written into these. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Slotted, step } from '../../src/children/child.ts';
import { type Collection, createCollection, isOver, type Parts } from '../../src/children/collection.ts';
import { createKnown, type Known } from '../../src/children/known.ts';
import type { Order } from '../../src/children/terms.ts';
import { now } from '../../src/clock.ts';
import { at, Cell, createTable, Header, Ordered, Phase, State, type Table } from '../../src/table/cells.ts';
import { claim } from '../../src/table/slots.ts';
import { DELIVERY, PROBE, RELAY } from '../../src/times.ts';
import { VERSION } from '../../src/wire/reason.ts';
import { isPending } from './stand-ins.ts';

const PARENT = 1;

let table: Table;
let known: Known;
let log: string[];
let isAwaiting: boolean;
let readAll: (child: Slotted) => void;
const ports: MessagePort[] = [];
beforeEach(() => {
  table = createTable();
  known = createKnown();
  log = [];
  isAwaiting = false;
  readAll = ({ threadId }) => log.push(`read ${threadId}`);
});
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function add(threadId: number, slotTable = table): Slotted {
  return known.slot(threadId, claim(slotTable, threadId, PARENT) ?? expect.unreachable(), slotTable);
}

/** A worker that is linked, and its end of the link. */
function link(child: Slotted): MessagePort {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  child.port = port1;
  step(child, 'linkTaken');
  return port2;
}

const order = (change: Partial<Order> = {}): Order => ({
  reason: { route: 'exit' },
  until: now() + 10_000,
  sync: false,
  relay: { stdout: false, stderr: false },
  ...change,
});

function collect(change: Partial<Order> = {}, more: Partial<Parts> = {}): Collection {
  const collection: Collection = createCollection(order(change), {
    table,
    limitOf: ({ threadId }) => (threadId === 99 ? 50 : undefined),
    readAll: (child) => readAll(child),
    onOrdered: ({ threadId }) => log.push(`ordered ${threadId}`),
    onSettled(child) {
      log.push(`settled ${child.threadId}`);
      collection.done(child);
    },
    findMore: () => log.push('more'),
    isAwaitingAnswers: () => isAwaiting,
    loseTheGone: (children) => log.push(`lose ${[...children].map(({ threadId }) => threadId)}`),
    ...more,
  });
  return collection;
}

const setState = ({ slot }: Slotted, state: State) => Atomics.store(table.cells, at(slot, Cell.state), state);
const read = (port: MessagePort): unknown => receiveMessageOnPort(port)?.message;
const cell = ({ slot, table: slotTable }: Slotted, name: number): number =>
  Atomics.load(slotTable.cells, at(slot, name));
function ring(): void {
  Atomics.add(table.cells, Header.doorbell, 1);
  Atomics.notify(table.cells, Header.doorbell);
}
const acked = { type: 'ack', version: VERSION, epoch: 1, handlers: [], workers: [] } as const;
const listeners = (change = {}) => ({
  onOrdered() {},
  wakeStarting: () => false,
  spread: () => void log.push('spread'),
  spreadAt: Number.POSITIVE_INFINITY,
  ...change,
});
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a worker that is sent an order', () => {
  it('is ordered once, within its own limit, and awaited', () => {
    const [one, other] = [add(5), add(99)];
    const [port, limited] = [link(one), link(other)];
    const collection = collect();
    for (const child of [one, one, other]) collection.send(child);
    expect(read(port)).toMatchObject({ type: 'order', timeout: expect.closeTo(10_000, -3) });
    expect(read(port)).toBeUndefined();
    expect(read(limited)).toMatchObject({ timeout: 50 });
    expect([...collection.pending]).toEqual([one, other]);
    expect(log).toEqual(['ordered 5', 'ordered 99']);
    expect(one.task.state).toBe('ordered');
  });

  it('has another number in each collection', () => {
    const [one, other] = [add(5), add(6)];
    collect().send(one);
    collect().send(other);
    expect(other.task.epoch).toBe(one.task.epoch + 1);
  });

  it('is ordered again where this thread blocks, once, and unless it has acked', () => {
    const [one, other] = [add(5), add(6)];
    const [port, acking] = [link(one), link(other)];
    const collection = collect();
    for (const child of [one, other]) collection.send(child);
    for (const end of [port, acking]) expect(read(end)).toMatchObject({ sync: false });
    other.task.ack = acked;
    collection.change(order({ sync: true }), true);
    expect([collection.isBlocking, collection.order.sync]).toEqual([true, true]);
    for (const child of [one, one, other]) collection.send(child);
    expect(read(port)).toMatchObject({ sync: true });
    expect([read(port), read(acking)]).toEqual([undefined, undefined]);
    expect(log).toEqual(['ordered 5', 'ordered 6']);
  });

  it('is not awaited where it has acked already', () => {
    const child = add(5);
    Object.assign(child.task, { epoch: 3, state: 'ordered', ack: acked });
    const collection = collect();
    collection.send(child);
    expect(collection.pending.size).toBe(0);
  });

  it.each([
    ['it has acked by itself', (child: Slotted) => void setState(child, State.acked)],
    ['it has nothing to do', (child: Slotted) => void setState(child, State.idle)],
    ['it is gone', (child: Slotted) => void step(child, 'left')],
  ])('is not ordered where %s, and heard out', (_, end) => {
    const child = add(5);
    end(child);
    expect(isOver(child)).toBe(true);
    const collection = collect();
    collection.send(child);
    child.task.ack = acked;
    collection.send(child);
    expect(log).toEqual(['read 5']);
    expect([collection.pending.size, cell(child, Cell.order)]).toEqual([0, 0]);
  });

  it('is ordered again by its slot where it has closed its port', () => {
    const child = add(5);
    link(child);
    const collection = collect();
    collection.send(child);
    child.port = undefined;
    step(child, 'portClosed');
    collection.sendAgain(child);
    expect(cell(child, Cell.order) & Ordered.alone).not.toBe(0);
    expect([...collection.pending]).toEqual([child]);
  });

  it('is not ordered again where it was not ordered, or is through', () => {
    const [fresh, through] = [add(5), add(6)];
    const collection = collect();
    collection.send(through);
    setState(through, State.acked);
    Atomics.store(table.cells, at(through.slot, Cell.order), 0);
    for (const child of [fresh, through]) collection.sendAgain(child);
    expect([cell(fresh, Cell.order), cell(through, Cell.order)]).toEqual([0, 0]);
  });
});

describe('the wait', () => {
  it('is none where nobody is awaited', () => {
    expect(collect().await()).toBeUndefined();
  });

  it('is over when the last one is done', async () => {
    const [one, other] = [add(5), add(6)];
    const collection = collect();
    for (const child of [one, other]) collection.send(child);
    const settled = collection.await();
    collection.done(one);
    expect(await isPending(settled)).toBe(true);
    collection.done(other);
    await settled;
    expect(log.filter((line) => line === 'more')).toHaveLength(1);
  });

  it('goes on while the answer to an invitation is awaited', async () => {
    isAwaiting = true;
    const collection = collect();
    const settled = collection.await();
    expect(settled).toBeInstanceOf(Promise);
    collection.settleIfDone();
    expect([await isPending(settled), log]).toEqual([true, []]);
    isAwaiting = false;
    collection.settleIfDone();
    await settled;
  });

  it('goes on for whoever has joined meanwhile', async () => {
    const [one, late] = [add(5), add(6)];
    const collection = collect({}, { findMore: () => collection.send(late) });
    collection.send(one);
    const settled = collection.await();
    collection.done(one);
    expect(await isPending(settled)).toBe(true);
    expect([...collection.pending]).toEqual([late]);
  });

  it('looks for nobody where this thread blocks', () => {
    const collection = collect();
    collection.change(order(), true);
    collection.settleIfDone();
    expect(log).toEqual([]);
  });

  it('is dropped with the shutdown, and then never over', async () => {
    const child = add(5);
    const collection = collect();
    collection.send(child);
    const settled = collection.await();
    collection.drop();
    collection.done(child);
    expect([collection.pending.size, await isPending(settled)]).toEqual([0, true]);
  });

  it('tells those below a worker that is blocked, unless the phase has told them', async () => {
    const [blocked, reading, below, alsoBelow] = [add(5), add(6), claim(table, 7, 5) ?? 0, claim(table, 8, 6) ?? 0];
    const collection = collect({ until: now() + 1000 });
    for (const child of [blocked, reading]) collection.send(child);
    setState(reading, State.read);
    Atomics.store(table.cells, Header.phase, Phase.ordered);
    collection.await();
    await wait(RELAY + 50);
    expect(Atomics.load(table.cells, at(below, Cell.order))).toBe(0);
    Atomics.store(table.cells, Header.phase, Phase.running);
    collection.await();
    await expect.poll(() => Atomics.load(table.cells, at(below, Cell.order))).toBe(Ordered.yes | Ordered.alone);
    expect(Atomics.load(table.cells, at(below, Cell.timeout))).toBeLessThan(1000 - RELAY);
    expect(Atomics.load(table.cells, at(alsoBelow, Cell.order))).toBe(0);
  });
});

describe('a worker without a port', () => {
  it('has acked by its slot, a while after it has rung', async () => {
    const child = add(5);
    const collection = collect();
    collection.send(child);
    const settled = collection.await();
    collection.follow();
    collection.follow();
    ring();
    await wait(DELIVERY + 30);
    expect(await isPending(settled)).toBe(true);
    setState(child, State.acked);
    ring();
    await settled;
    expect([child.task.state, log]).toEqual(['acked', ['ordered 5', 'settled 5', 'more']]);
  });

  it('has acked by its slot also where it had rung before', async () => {
    const child = add(5);
    const collection = collect();
    collection.send(child);
    setState(child, State.failed);
    collection.follow();
    await collection.await();
    expect(child.task.state).toBe('failed');
  });

  it('is left to its port, should that come after all', async () => {
    const child = add(5);
    const collection = collect();
    collection.send(child);
    setState(child, State.acked);
    collection.follow();
    link(child);
    await wait(DELIVERY + 50);
    expect([child.task.state, log]).toEqual(['ordered', ['ordered 5']]);
  });

  it('is not followed where it has one, or where this thread blocks', () => {
    const waiting = vi.spyOn(Atomics, 'waitAsync');
    const child = add(5);
    const collection = collect();
    collection.send(child);
    collection.change(order(), true);
    collection.follow();
    const linked = add(6);
    link(linked);
    const other = collect();
    other.send(linked);
    other.follow();
    expect(waiting).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });
});

describe('a thread that blocks', () => {
  const block = (collection: Collection, change = {}): number => {
    const before = now();
    collection.block(listeners(change));
    return now() - before;
  };

  it('does so until the order’s time is up, and looks who is gone meanwhile', () => {
    const child = add(5);
    const collection = collect({ until: now() + 40 * PROBE });
    collection.send(child);
    expect(block(collection)).toBeGreaterThanOrEqual(40 * PROBE - 1);
    expect(log).toContain('lose 5');
    expect(log).toContain('more');
  });

  it('looks who is gone again and again', () => {
    let looks = 0;
    const child = add(5);
    const loseTheGone = (): void => {
      looks += 1;
      if (looks === 3) collection.done(child);
    };
    const collection = collect({ until: now() + 30_000 }, { loseTheGone });
    collection.send(child);
    expect(block(collection)).toBeLessThan(20_000);
    expect(looks).toBe(3);
  });

  it('does not where nobody is awaited', () => {
    expect(block(collect())).toBeLessThan(5000);
    expect(log).toEqual(['more']);
  });

  it('reads a port when it has seen in the slot that the ack is there, and believes the slot without one', () => {
    const [one, other] = [add(5), add(6)];
    const collection = collect();
    for (const child of [one, other]) {
      collection.send(child);
      setState(child, State.acked);
    }
    readAll = (child) => {
      log.push(`read ${child.threadId}`);
      if (child !== one) return;
      one.task.ack = acked;
      collection.done(one);
    };
    block(collection);
    expect(log).toEqual(['ordered 5', 'ordered 6', 'more', 'read 5', 'read 6', 'settled 6', 'more']);
    expect([one.task.state, other.task.state]).toEqual(['ordered', 'acked']);
  });

  it('waits a moment for those that were invited', () => {
    isAwaiting = true;
    const took = block(collect());
    expect(took).toBeGreaterThanOrEqual(95);
    expect(took).toBeLessThan(5000);
  });

  it('wakes others once it is time, and those that are parked until there are none', () => {
    const child = add(5);
    const collection = collect({ until: now() + 200 });
    collection.send(child);
    let left = 3;
    block(collection, { spreadAt: now() + 20, wakeStarting: () => log.push('wakeStarting') > 0 && --left > 0 });
    expect(log.filter((line) => line === 'spread')).toHaveLength(1);
    expect(log.filter((line) => line === 'wakeStarting')).toHaveLength(3);
  });

  it('looks often where a worker rings elsewhere', () => {
    const child = add(5, createTable());
    const collection = collect({ until: now() + 1000 });
    collection.send(child);
    block(collection);
    // Without that it would look once a probe.
    expect(log.filter((line) => line === 'read 5').length).toBeGreaterThan(1000 / PROBE + 5);
  });

  it('tells those below a worker that is blocked, once', () => {
    const child = add(5);
    const below = claim(table, 7, 5) ?? 0;
    const collection = collect({ until: now() + 3 * RELAY });
    collection.send(child);
    const times = new Set<number>();
    block(collection, { wakeStarting: () => times.add(Atomics.load(table.cells, at(below, Cell.timeout))).size > 0 });
    expect([...times].filter((timeout) => timeout > 0)).toHaveLength(1);
  });
});
