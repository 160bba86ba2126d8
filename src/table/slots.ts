/**
 * The slots of the shared table: one for each worker that has joined, from its first registration until its parent
 * sees it gone. A slot is there before any port is, and says how far a thread is that can no longer answer.
 */

import { SLOTS } from '../wire/messages.ts';
import { at, Cell, Header, isTaken, isThrough, ROOT, State, type Table } from './cells.ts';
import { moveState, setState } from './moves.ts';

/** The main thread's id. */
const MAIN = 0;

export interface Slot {
  readonly index: number;
  readonly threadId: number;
  readonly state: number;
}

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
    if (moveState(table, slot, State.free, State.claimed) !== State.free) continue;
    // Nobody reads them before the state says whose they are.
    cells.fill(0, at(slot, Cell.linked), at(slot, Cell.name));
    Atomics.store(cells, at(slot, Cell.parent), parentId);
    Atomics.store(cells, at(slot, Cell.thread), threadId);
    raise(cells, Header.highestSlot, slot + 1);
    setState(table, slot, state);
    if (state === State.joined) countJoin(table, parentId);
    // Those that were there before had nowhere to be counted.
    Atomics.add(cells, at(slot, Cell.joins), childrenOf(table, threadId).length);
    if (state === State.idle && hasJoined(table, threadId)) countJoin(table, threadId);
    return slot;
  }
  return undefined;
}

/**
 * A worker of `parentId` has something to do for the next shutdown, for the first time or again. The parent has something to
 * do by then as well: it is the parent that orders the worker.
 */
export function countJoin(table: Table, parentId: number): void {
  const { cells } = table;
  const slot = parentId === MAIN ? ROOT : slotOf(table, parentId);
  if (slot === undefined) return;
  Atomics.add(cells, at(slot, Cell.joins), 1);
  const before = moveState(table, slot, State.idle, State.joined);
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
export function free(table: Table, slot: number, threadId: number): boolean {
  const { cells } = table;
  if (Atomics.load(cells, at(slot, Cell.thread)) !== threadId) return false;
  Atomics.store(cells, at(slot, Cell.thread), -1);
  setState(table, slot, State.free);
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
export function markSubtreeLost(
  table: Table,
  slot: number,
  threadId: number,
  how: typeof State.lost | typeof State.timedOut,
): void {
  if (Atomics.load(table.cells, at(slot, Cell.thread)) !== threadId) return;
  for (const state of [State.joined, State.read]) moveState(table, slot, state, how);
  for (const child of childrenOf(table, threadId)) markSubtreeLost(table, child.index, child.threadId, how);
}

/** The slots of the workers whose nearest ancestor is `parentId`. */
export function childrenOf({ cells }: Table, parentId: number): Slot[] {
  const children: Slot[] = [];
  const highest = Atomics.load(cells, Header.highestSlot);
  for (let index = 0; index < highest; index++) {
    const state = Atomics.load(cells, at(index, Cell.state));
    if (!isTaken(state) || Atomics.load(cells, at(index, Cell.parent)) !== parentId) continue;
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
  const highest = Atomics.load(cells, Header.highestSlot);
  for (let slot = 0; slot < highest; slot++) {
    if (Atomics.load(cells, at(slot, Cell.thread)) === threadId) return slot;
  }
  return undefined;
}

/** How many workers are above one of `parentId`: itself, its parent, and so on, up to the root. */
export function workersAbove(table: Table, parentId: number): number {
  const { cells } = table;
  // Whatever the table holds, it is no endless loop.
  const most = Atomics.load(cells, Header.highestSlot);
  let above = 0;
  let slot = slotOf(table, parentId);
  for (; slot !== undefined && above < most; above++) slot = slotOf(table, Atomics.load(cells, at(slot, Cell.parent)));
  return above;
}

export function stateOf({ cells }: Table, slot: number): number {
  return Atomics.load(cells, at(slot, Cell.state));
}

/** The id by which the system knows the slot's thread; one that no thread has where it does not tell. */
export function systemThreadOf({ cells }: Table, slot: number): string {
  return String(Atomics.load(cells, at(slot, Cell.systemThread)));
}

/** The shutdown is over and the worker lives on: it has nothing to do, until it says otherwise. */
export function markIdle(table: Table, slot: number): void {
  Atomics.store(table.cells, at(slot, Cell.order), 0);
  for (const state of [State.acked, State.failed]) moveState(table, slot, state, State.idle);
}

/** Whether a worker of this thread's has something to do for the next shutdown. */
export function hasJoined(table: Table, threadId: number): boolean {
  return childrenOf(table, threadId).some(({ state }) => !isThrough(state));
}
