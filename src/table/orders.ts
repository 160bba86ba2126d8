/** An order in a worker's slot, for one that no message reaches. */
import { now } from '../clock.ts';
import { LONGEST } from '../times.ts';
import { ROUTES, type Route } from '../wire/reason.ts';
import { at, Cell, isThrough, Ordered, type Table } from './cells.ts';
import { childrenOf } from './slots.ts';

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
