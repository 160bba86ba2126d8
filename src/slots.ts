/**
 * The slots of the shared table: one for each worker that has joined, from its first registration until its parent
 * sees it gone. A slot is there before any port is, and says how far a thread is that can no longer answer.
 */
import { LONGEST, now } from './clock.ts';
import {
  at,
  Cell,
  Header,
  Ordered,
  ROOT,
  ROUTES,
  type Route,
  readName,
  SLOTS,
  State,
  type Table,
  writeName,
} from './protocol.ts';

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

/** What a slot says of an order. `timeout`: ms from `sentAt` on. `flags`: of {@link Ordered}. */
interface SlotOrder {
  readonly route: Route;
  readonly timeout: number;
  readonly sentAt: number;
  readonly flags: number;
  /** Whether a message brings it as well, which wakes the worker once and not twice. */
  readonly isPosted: boolean;
}

/** Writes an order into a worker's slot, and wakes it there where no message can. */
export function orderBySlot(
  { cells }: Table,
  slot: number,
  { route, timeout, sentAt, flags, isPosted }: SlotOrder,
): void {
  Atomics.store(cells, at(slot, Cell.route), ROUTES.indexOf(route));
  Atomics.store(cells, at(slot, Cell.timeout), Math.min(timeout, LONGEST));
  Atomics.store(cells, at(slot, Cell.sentAt), Math.trunc(sentAt));
  Atomics.store(cells, at(slot, Cell.order), Ordered.yes | flags);
  if (!isPosted) Atomics.notify(cells, at(slot, Cell.order));
}

/** Orders all that is below a thread which cannot do so itself; a parent has a little more time than its child. */
export function orderOrphans(table: Table, threadId: number, timeout: number): void {
  for (const { index, threadId: orphan, state } of childrenOf(table, threadId)) {
    if (isThrough(state)) continue;
    orderBySlot(table, index, { route: 'terminate', timeout, sentAt: now(), flags: Ordered.alone, isPosted: false });
    orderOrphans(table, orphan, timeout * 0.9);
  }
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

/** Whether a slot's worker has nothing to do any more: it has acked, is gone, or has not registered anything. */
export function isThrough(state: number): boolean {
  return state >= State.acked || state === State.idle;
}

/** Whether a worker of this thread's has something to do for the next shutdown. */
export function hasJoined(table: Table, threadId: number): boolean {
  return childrenOf(table, threadId).some(({ state }) => !isThrough(state));
}

/** Lets this thread's slot say that its handler number `handler` of `count` is about to run. */
export function showProgress(table: Table, slot: number, handler: number, count: number, name: string): void {
  writeName(table, slot, name);
  Atomics.store(table.cells, at(slot, Cell.count), count);
  Atomics.store(table.cells, at(slot, Cell.handler), handler);
}

/** Why a worker did not ack, as far as its slot tells. */
export function diagnose(table: Table, slot: number): string {
  if (stateOf(table, slot) < State.read) return 'its event loop was blocked and the order never read';
  return blockedBy(table, slot) ?? 'it read the order, and no handler of it has started';
}

/** The handler that a thread has not come back from. */
export function blockedBy(table: Table, slot: number): string | undefined {
  const handler = Atomics.load(table.cells, at(slot, Cell.handler));
  if (handler === 0) return undefined;
  const count = Atomics.load(table.cells, at(slot, Cell.count));
  return `handler ${readName(table, slot)} blocks it (${handler - 1} of ${count} done)`;
}
