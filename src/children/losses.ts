/** What is said of a worker that has ended with handlers that nobody has called, since its link had not arrived. */
import type { WorkerReport } from '../report/report.ts';
import { at, Cell, State, type Table } from '../table/cells.ts';
import { childrenOf } from '../table/slots.ts';

const WAY_OUT =
  'registerWorker(), where it is made, lets terminate() clean up first; what registerOnMain() registers outlives the worker';

/** `how` it ended, what that has cost, and what to do about it; undefined where it has cost nothing. */
export function describeLoss({ cells }: Table, slot: number, how: string): string | undefined {
  const count = Atomics.load(cells, at(slot, Cell.registered));
  if (count === 0 || Atomics.load(cells, at(slot, Cell.state)) !== State.joined) return undefined;
  return `${how}, and ${count === 1 ? 'its handler was' : `its ${count} handlers were`} not called: ${WAY_OUT}`;
}

/** The worker with this slot, and those that have died with it, as far as their handlers were not called. */
export function lossesOf(
  table: Table,
  slot: number,
  threadId: number,
  name: string,
  path: readonly number[] = [threadId],
): WorkerReport[] {
  const below = childrenOf(table, threadId).flatMap((child) =>
    lossesOf(table, child.index, child.threadId, `worker ${child.threadId}`, [...path, child.threadId]),
  );
  const diagnosis = describeLoss(table, slot, 'it ended before its link arrived');
  if (diagnosis === undefined) return below;
  return [{ threadId, path, name, status: 'lost', diagnosis, handlers: [] }, ...below];
}
