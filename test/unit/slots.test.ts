import { describe, expect, it } from 'vitest';
import { at, Cell, createTable, Header, isThrough, Ordered, ROOT, State, type Table } from '../../src/table/cells.ts';
import { orderBySlot, orderOrphans } from '../../src/table/orders.ts';
import { blockedBy, diagnose, showProgress } from '../../src/table/progress.ts';
import {
  childrenOf,
  claim,
  countJoin,
  entrustingOf,
  free,
  markIdle,
  markSubtreeLost,
  release,
  slotOf,
  stateOf,
  workersAbove,
} from '../../src/table/slots.ts';
import { SLOTS } from '../../src/wire/messages.ts';
import { ROUTES } from '../../src/wire/reason.ts';

/** Threads by their ids, each with its parent's: 1 and 2 are the root's, 3 and 4 those of 1, 5 that of 3. */
const TREE = [
  [1, 0],
  [2, 0],
  [3, 1],
  [4, 1],
  [5, 3],
] as const;

function createTree(): Table {
  const table = createTable();
  for (const [thread, parent] of TREE) claim(table, thread, parent);
  return table;
}

const cell = ({ cells }: Table, slot: number, name: number): number => Atomics.load(cells, at(slot, name));
const set = ({ cells }: Table, slot: number, name: number, value: number) =>
  Atomics.store(cells, at(slot, name), value);
const used = ({ cells }: Table): number => Atomics.load(cells, Header.highestSlot);

describe('a slot', () => {
  it('is the lowest one that is free, and says whose it is', () => {
    const table = createTree();
    expect(TREE.map(([thread]) => slotOf(table, thread))).toEqual([0, 1, 2, 3, 4]);
    expect(cell(table, 2, Cell.thread)).toBe(3);
    expect(cell(table, 2, Cell.parent)).toBe(1);
    expect(stateOf(table, 2)).toBe(State.joined);
    release(table, 1, 2);
    expect(claim(table, 6, 0)).toBe(1);
    expect(claim(table, 7, 0)).toBe(5);
  });

  it('has nothing of the one who had it before', () => {
    const table = createTree();
    const stale = [Cell.linked, Cell.order, Cell.handler, Cell.count, Cell.failures, Cell.entrusted, Cell.joins];
    for (const name of stale) set(table, 1, name, 5);
    release(table, 1, 2);
    claim(table, 6, 0);
    expect(stale.map((name) => cell(table, 1, name))).toEqual(stale.map(() => 0));
  });

  it('counts the workers below that join', () => {
    const table = createTree();
    expect([ROOT, 0, 1, 2, 3, 4].map((slot) => cell(table, slot, Cell.joins))).toEqual([2, 2, 0, 1, 0, 0]);
    countJoin(table, 3);
    countJoin(table, 0);
    // Nobody is there to count for.
    countJoin(table, 99);
    expect([ROOT, 0, 1, 2, 3, 4].map((slot) => cell(table, slot, Cell.joins))).toEqual([3, 2, 0, 2, 0, 0]);
  });

  it('may be idle at first, and has joined as soon as a worker below has', () => {
    const table = createTable();
    const slot = claim(table, 3, 0, State.idle) ?? -1;
    expect(stateOf(table, slot)).toBe(State.idle);
    expect([ROOT, slot].map((index) => cell(table, index, Cell.joins))).toEqual([0, 0]);
    claim(table, 5, 3);
    expect(stateOf(table, slot)).toBe(State.joined);
    expect([ROOT, slot].map((index) => cell(table, index, Cell.joins))).toEqual([1, 1]);
  });

  it('has joined at once where one below was there before', () => {
    const table = createTable();
    claim(table, 5, 3);
    const slot = claim(table, 3, 0, State.idle) ?? -1;
    expect(stateOf(table, slot)).toBe(State.joined);
    expect(cell(table, ROOT, Cell.joins)).toBe(1);
  });

  it('makes those above it join again that had nothing to do', () => {
    const table = createTree();
    // The worker 3 is below 1, which is below the main thread.
    for (const slot of [0, 2]) set(table, slot, Cell.state, State.idle);
    countJoin(table, 3);
    expect([0, 2].map((slot) => stateOf(table, slot))).toEqual([State.joined, State.joined]);
    expect([ROOT, 0, 2].map((slot) => cell(table, slot, Cell.joins))).toEqual([3, 3, 2]);
  });

  it.each([State.acked, State.read, State.lost, State.joined])('leaves one above it that is in state %s', (state) => {
    const table = createTree();
    set(table, 0, Cell.state, state);
    countJoin(table, 1);
    expect(stateOf(table, 0)).toBe(state);
    expect([ROOT, 0].map((slot) => cell(table, slot, Cell.joins))).toEqual([2, 3]);
  });

  it('counts those that were there before', () => {
    const table = createTable();
    claim(table, 5, 3);
    claim(table, 6, 3);
    expect(cell(table, claim(table, 3, 0) ?? -1, Cell.joins)).toBe(2);
  });

  it('is passed over while it is being filled in', () => {
    const table = createTable();
    set(table, 0, Cell.state, State.claimed);
    expect(claim(table, 1, 0)).toBe(1);
    expect(childrenOf(table, 0).map(({ index }) => index)).toEqual([1]);
  });

  it('is none where all are taken', () => {
    const table = createTable();
    for (let slot = 0; slot < SLOTS; slot++) set(table, slot, Cell.state, State.joined);
    expect(claim(table, 1, 0)).toBeUndefined();
    set(table, SLOTS - 1, Cell.state, State.free);
    expect(claim(table, 1, 0)).toBe(SLOTS - 1);
    expect(used(table)).toBe(SLOTS);
  });

  it('is counted once, and the count never falls', () => {
    const table = createTree();
    expect(used(table)).toBe(5);
    release(table, 0, 1);
    expect(used(table)).toBe(5);
    claim(table, 6, 0);
    expect(used(table)).toBe(5);
  });
});

it('rests when a shutdown is over, and says that it has nothing to do only where it is through', () => {
  const table = createTree();
  const states = [State.acked, State.failed, State.joined, State.read];
  for (const [slot, state] of states.entries()) {
    set(table, slot, Cell.state, state);
    set(table, slot, Cell.order, 1);
    markIdle(table, slot);
  }
  expect(states.map((_, slot) => stateOf(table, slot))).toEqual([State.idle, State.idle, State.joined, State.read]);
  expect(states.map((_, slot) => cell(table, slot, Cell.order))).toEqual([0, 0, 0, 0]);
});

describe('once a thread is gone', () => {
  it('in a shutdown, its slot says so, and those of its descendants, unless they have acked', () => {
    const table = createTree();
    set(table, 0, Cell.state, State.read);
    set(table, 3, Cell.state, State.failed);
    markSubtreeLost(table, 0, 2, State.lost);
    expect(stateOf(table, 0)).toBe(State.read);
    markSubtreeLost(table, 0, 1, State.lost);
    expect(TREE.map((_, slot) => stateOf(table, slot))).toEqual([
      State.lost,
      State.joined,
      State.lost,
      State.failed,
      State.lost,
    ]);
  });

  it('its slot is free, and those of its descendants', () => {
    const table = createTree();
    release(table, 0, 1);
    expect(TREE.map((_, slot) => stateOf(table, slot))).toEqual([
      State.free,
      State.joined,
      State.free,
      State.free,
      State.free,
    ]);
    expect(TREE.map(([thread]) => slotOf(table, thread))).toEqual([undefined, 1, undefined, undefined, undefined]);
  });

  it('its slot stays whose it is by then', () => {
    const table = createTree();
    release(table, 0, 2);
    expect(stateOf(table, 0)).toBe(State.joined);
    expect(slotOf(table, 1)).toBe(0);
    expect(stateOf(table, slotOf(table, 3) ?? -1)).toBe(State.joined);
  });

  it('it is told whether its slot was still its own', () => {
    const table = createTree();
    expect(free(table, 0, 2)).toBe(false);
    expect(free(table, 0, 1)).toBe(true);
    expect(free(table, 0, 1)).toBe(false);
  });
});

it('finds the children of a thread that have joined, and nobody else', () => {
  const table = createTree();
  set(table, 3, Cell.state, State.idle);
  expect(childrenOf(table, 1)).toEqual([
    { index: 2, threadId: 3, state: State.joined },
    { index: 3, threadId: 4, state: State.idle },
  ]);
  set(table, 3, Cell.state, State.claimed);
  expect(childrenOf(table, 1).map(({ threadId }) => threadId)).toEqual([3]);
  expect(childrenOf(table, 2)).toEqual([]);
});

it('counts the workers above a thread, and no circle for ever', () => {
  const table = createTree();
  expect([0, 1, 3, 5, 99].map((parent) => workersAbove(table, parent))).toEqual([0, 1, 2, 3, 0]);
  set(table, 0, Cell.parent, 3);
  expect(workersAbove(table, 3)).toBe(5);
});

it('finds no child in a slot that belongs to nobody any more', () => {
  const table = createTree();
  set(table, 3, Cell.thread, -1);
  expect(childrenOf(table, 1).map(({ threadId }) => threadId)).toEqual([3]);
});

it('does not look beyond the slots that were ever used', () => {
  const table = createTable();
  claim(table, 1, 0);
  set(table, 1, Cell.state, State.joined);
  set(table, 1, Cell.thread, 2);
  expect(childrenOf(table, 0).map(({ threadId }) => threadId)).toEqual([1]);
  expect(slotOf(table, 2)).toBeUndefined();
});

it('finds who had entrusted something among those that die with a thread', () => {
  const table = createTree();
  expect(entrustingOf(table, 0, 1)).toEqual([]);
  set(table, 4, Cell.entrusted, 1);
  set(table, 1, Cell.entrusted, 1);
  expect(entrustingOf(table, 0, 1)).toEqual([5]);
  set(table, 0, Cell.entrusted, 2);
  expect(entrustingOf(table, 0, 1)).toEqual([1, 5]);
});

describe('an order by slot', () => {
  const timeOf = (table: Table, slot: number) => cell(table, slot, Cell.timeout);
  const order = { route: 'terminate', timeout: 500, sentAt: 7.5, flags: Ordered.alone, isPosted: false } as const;

  it('says why, since when, and how long', () => {
    const table = createTree();
    orderBySlot(table, 1, order);
    expect(ROUTES[cell(table, 1, Cell.route)]).toBe('terminate');
    expect(cell(table, 1, Cell.timeout)).toBe(500);
    expect(cell(table, 1, Cell.sentAt)).toBe(7);
    expect(cell(table, 1, Cell.order)).toBe(Ordered.yes | Ordered.alone);
    expect(cell(table, 0, Cell.order)).toBe(0);
  });

  it('wakes the worker of that slot', async () => {
    const table = createTree();
    const wait = Atomics.waitAsync(table.cells, at(1, Cell.order), 0, 5000);
    orderBySlot(table, 1, order);
    expect(await wait.value).toBe('ok');
  });

  it('does not wake a worker that a message wakes', async () => {
    const table = createTree();
    const wait = Atomics.waitAsync(table.cells, at(1, Cell.order), 0, 50);
    orderBySlot(table, 1, { ...order, isPosted: true });
    expect(cell(table, 1, Cell.order)).toBe(Ordered.yes | Ordered.alone);
    expect(await wait.value).toBe('timed-out');
  });

  it('goes to all that is below a thread, the lower the less time; not to those who are through, nor below them', () => {
    const table = createTree();
    set(table, 3, Cell.state, State.acked);
    claim(table, 6, 4);
    orderOrphans(table, 1, 1000);
    expect(TREE.map((_, slot) => timeOf(table, slot))).toEqual([0, 0, 1000, 0, 900]);
    expect(timeOf(table, 5)).toBe(0);
    expect(ROUTES[cell(table, 4, Cell.route)]).toBe('terminate');
  });

  it('wakes each of those, since no message does', async () => {
    const table = createTree();
    const waits = [2, 4].map((slot) => Atomics.waitAsync(table.cells, at(slot, Cell.order), 0));
    orderOrphans(table, 1, 1000);
    expect(await Promise.all(waits.map(({ value }) => value))).toEqual(['ok', 'ok']);
  });
});

it('a worker is through that has acked, is gone, or has nothing registered', () => {
  const through = Object.entries(State).filter(([, state]) => isThrough(state));
  expect(through.map(([name]) => name)).toEqual(['idle', 'acked', 'failed', 'lost', 'timedOut']);
});

describe('of a worker that did not ack, its slot tells', () => {
  it.each([State.joined, State.idle])('that it never read the order', (state) => {
    const table = createTree();
    set(table, 1, Cell.state, state);
    showProgress(table, 1, 2, 3, 'close');
    expect(diagnose(table, 1)).toBe('its event loop was blocked and the order never read');
  });

  it('that no handler has started', () => {
    const table = createTree();
    set(table, 1, Cell.state, State.read);
    expect(blockedBy(table, 1)).toBeUndefined();
    expect(diagnose(table, 1)).toBe('it read the order, and no handler of it has started');
  });

  it('the handler that it has not come back from', () => {
    const table = createTree();
    set(table, 1, Cell.state, State.read);
    showProgress(table, 1, 2, 3, 'close');
    expect(blockedBy(table, 1)).toBe('handler close blocks it (1 of 3 done)');
    expect(diagnose(table, 1)).toBe('handler close blocks it (1 of 3 done)');
  });
});
