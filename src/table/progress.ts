/** What a slot shows of the handlers of its thread, for whoever gets no ack. */
import { isParked } from '../process-threads.ts';
import { at, Cell, isWaiting, readName, type Table, writeName } from './cells.ts';
import { stateOf, systemThreadOf } from './slots.ts';

/** Lets this thread's slot say that its handler number `handler` of `count` is about to run. */
export function showProgress(table: Table, slot: number, handler: number, count: number, name: string): void {
  writeName(table, slot, name);
  Atomics.store(table.cells, at(slot, Cell.count), count);
  Atomics.store(table.cells, at(slot, Cell.handler), handler);
}

const POOL = "most likely a pool's idle worker, which registerPool() lets wake up";

/** Why a worker did not ack, as far as its slot and the system tell. `isPooled`: its pool is registered. */
export function diagnose(table: Table, slot: number, isPooled = false): string {
  if (isWaiting(stateOf(table, slot))) {
    if (!isParked(systemThreadOf(table, slot))) return 'its event loop was blocked and the order never read';
    return `it was parked in Atomics.wait and the order never read${isPooled ? '' : `: ${POOL}`}`;
  }
  return blockedBy(table, slot) ?? 'it read the order, and no handler of it has started';
}

/** The handler that a thread has not come back from. */
export function blockedBy(table: Table, slot: number): string | undefined {
  const handler = Atomics.load(table.cells, at(slot, Cell.handler));
  if (handler === 0) return undefined;
  const count = Atomics.load(table.cells, at(slot, Cell.count));
  return `handler ${readName(table, slot)} blocks it (${handler - 1} of ${count} done)`;
}
