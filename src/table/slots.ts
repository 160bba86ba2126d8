/**
 * The slots of the shared table: one for each worker that has joined, from its first registration until its parent
 * sees it gone. A slot is there before any port is, and says how far a thread is that can no longer answer.
 */

import { SLOTS } from '../wire/messages.ts';
import { at, Cell, Header, ROOT, State, type Table } from './cells.ts';

/** The main thread's id. */
const MAIN = 0;

export interface Slot {
  readonly index: number;
  readonly threadId: number;
  readonly state: number;
}

const CLEARED = [Cell.linked, Cell.order, Cell.handler, Cell.count, Cell.failures, Cell.entrusted, Cell.joins];

/**
 * Takes the lowest free slot for this thread: one that has joined, or that is idle and may have workers which join. Undefined
 * where all are taken.
 */
export function claim(
  table: Table,
  threadId: number,
  parentId: number,
  state: typeof State.joined | typeof State.idle = State.joined,
): number | undefined {
  const { cells } = table;
  for (let slot = 0; slot < SLOTS; slot++) {
    if (Atomics.compareExchange(cells, at(slot, Cell.state), State.free, State.claimed) !== State.free) continue;
    for (const cell of CLEARED) Atomics.store(cells, at(slot, cell), 0);
    Atomics.store(cells, at(slot, Cell.parent), parentId);
    Atomics.store(cells, at(slot, Cell.thread), threadId);
    raise(cells, Header.used, slot + 1);
    Atomics.store(cells, at(slot, Cell.state), state);
    if (state === State.joined) countJoin(table, parentId);
    // Those that were there before had nowhere to be counted.
    Atomics.add(cells, at(slot, Cell.joins), childrenOf(table, threadId).length);
    if (state === State.idle && hasJoined(table, threadId)) countJoin(table, threadId);
    return slot;
  }
  return undefined;
}

/**
 * A worker of `parentId` has something to do for the next shutdown, for the first time or again. Its parent has then, too:
 * it is by way of that one that the worker is told.
 */
export function countJoin(table: Table, parentId: number): void {
  const { cells } = table;
  const slot = parentId === MAIN ? ROOT : slotOf(table, parentId);
  if (slot === undefined) return;
  Atomics.add(cells, at(slot, Cell.joins), 1);
  const before = Atomics.compareExchange(cells, at(slot, Cell.state), State.idle, State.joined);
  if (before === State.idle) countJoin(table, Atomics.load(cells, at(slot, Cell.parent)));
}

function raise(cells: Int32Array, cell: number, to: number): void {
  let seen = Atomics.load(cells, cell);
  while (seen < to) {
    const found = Atomics.compareExchange(cells, cell, seen, to);
    if (found === seen) return;
    seen = found;
  }
}

/** Frees a slot, if it is still this thread's. */
export function free({ cells }: Table, slot: number, threadId: number): boolean {
  if (Atomics.load(cells, at(slot, Cell.thread)) !== threadId) return false;
  Atomics.store(cells, at(slot, Cell.thread), -1);
  Atomics.store(cells, at(slot, Cell.state), State.free);
  return true;
}

/** Frees the slot of a thread that is gone, and those of its descendants, which have died with it. */
export function release(table: Table, slot: number, threadId: number): void {
  if (!free(table, slot, threadId)) return;
  for (const child of childrenOf(table, threadId)) release(table, child.index, child.threadId);
}

/**
 * A thread is gone in the middle of a shutdown: its slot, and those of its descendants, which have died with it, are kept
 * until that is over, since its parent may not come to tell of them.
 */
export function lose(
  table: Table,
  slot: number,
  threadId: number,
  how: typeof State.lost | typeof State.timedOut,
): void {
  if (Atomics.load(table.cells, at(slot, Cell.thread)) !== threadId) return;
  for (const state of [State.joined, State.read]) {
    Atomics.compareExchange(table.cells, at(slot, Cell.state), state, how);
  }
  for (const child of childrenOf(table, threadId)) lose(table, child.index, child.threadId, how);
}

/** The slots of the workers whose nearest ancestor is `parentId`. */
export function childrenOf({ cells }: Table, parentId: number): Slot[] {
  const children: Slot[] = [];
  const used = Atomics.load(cells, Header.used);
  for (let index = 0; index < used; index++) {
    const state = Atomics.load(cells, at(index, Cell.state));
    if (state < State.idle || Atomics.load(cells, at(index, Cell.parent)) !== parentId) continue;
    const threadId = Atomics.load(cells, at(index, Cell.thread));
    // In Deno a worker may write into its slot when its 'exit' has been heard, and the slot been freed.
    if (threadId !== -1) children.push({ index, threadId, state });
  }
  return children;
}

/** The threads that have died with the thread `threadId`, itself included, and had entrusted something to the main thread. */
export function entrustingOf(table: Table, slot: number, threadId: number): number[] {
  const below = childrenOf(table, threadId).flatMap((child) => entrustingOf(table, child.index, child.threadId));
  return Atomics.load(table.cells, at(slot, Cell.entrusted)) > 0 ? [threadId, ...below] : below;
}

/** The slot of a thread; undefined for the root, which has none. */
export function slotOf({ cells }: Table, threadId: number): number | undefined {
  const used = Atomics.load(cells, Header.used);
  for (let slot = 0; slot < used; slot++) {
    if (Atomics.load(cells, at(slot, Cell.thread)) === threadId) return slot;
  }
  return undefined;
}

/** How many workers are above one of `parentId`: itself, its parent, and so on, up to the root. */
export function workersAbove(table: Table, parentId: number): number {
  const { cells } = table;
  // Whatever the table holds, it is no endless loop.
  const most = Atomics.load(cells, Header.used);
  let above = 0;
  let slot = slotOf(table, parentId);
  for (; slot !== undefined && above < most; above++) slot = slotOf(table, Atomics.load(cells, at(slot, Cell.parent)));
  return above;
}

export function stateOf({ cells }: Table, slot: number): number {
  return Atomics.load(cells, at(slot, Cell.state));
}

/** The shutdown is over and the worker lives on: it has nothing to do, until it says otherwise. */
export function rest({ cells }: Table, slot: number): void {
  Atomics.store(cells, at(slot, Cell.order), 0);
  for (const state of [State.acked, State.failed]) {
    Atomics.compareExchange(cells, at(slot, Cell.state), state, State.idle);
  }
}

/** Whether a slot's worker has not read its order, if there is one. */
export function isWaiting(state: number): boolean {
  return state < State.read;
}

/** Whether a slot's worker has nothing to do any more: it has acked, is gone, or has not registered anything. */
export function isThrough(state: number): boolean {
  return state >= State.acked || state === State.idle;
}

/** Whether a worker of this thread's has something to do for the next shutdown. */
export function hasJoined(table: Table, threadId: number): boolean {
  return childrenOf(table, threadId).some(({ state }) => !isThrough(state));
}
