/** What became of one child and of those below it, as far as its ack or its slot tells. */
import { fromOutcome, fromWorkerOutcome } from '../report/outcomes.ts';
import { isCleanHandler, type WorkerReport } from '../report/report.ts';
import { at, Cell, State, type Table } from '../table/cells.ts';
import { blockedBy, diagnose } from '../table/progress.ts';
import { childrenOf, isThrough, stateOf } from '../table/slots.ts';
import type { WorkerStatus } from '../wire/outcomes.ts';
import type { Link } from './child.ts';
import { isClosed } from './order.ts';

/** The slot knows of an ack that was never delivered. */
export function withoutAck(link: Link, status: 'lost' | 'timed-out', diagnosis: string): NonNullable<Link['ended']> {
  const state = stateOf(link.table, link.slot);
  if (state === State.acked) return { status: 'acked' };
  if (state !== State.failed) return { status, diagnosis };
  const failures = Atomics.load(link.table.cells, at(link.slot, Cell.failures));
  return { status: 'failed', diagnosis: `${failures} of its handlers failed; its ack was not delivered` };
}

const STATUS_OF = new Map<number, WorkerStatus>([
  [State.acked, 'acked'],
  [State.failed, 'failed'],
  [State.lost, 'lost'],
]);

/** What is known of the workers below one that cannot tell any more. */
export function descendants(table: Table, parent: number, path: readonly number[]): WorkerReport[] {
  const involved = childrenOf(table, parent).filter(({ state }) => state !== State.idle);
  return involved.flatMap(({ index, threadId: thread, state }): WorkerReport[] => {
    const below = [...path, thread];
    const status = STATUS_OF.get(state) ?? 'timed-out';
    const blocked = state === State.timedOut ? blockedBy(table, index) : undefined;
    const diagnosis = isThrough(state) ? (blocked ?? 'its parent did not ack for it') : diagnose(table, index);
    const report = {
      threadId: thread,
      path: below,
      name: `worker ${thread}`,
      status,
      diagnosis,
      handlers: [],
    } as const;
    return [report, ...descendants(table, thread, below)];
  });
}

/** Why a worker did not ack, as far as its slot and its port tell. */
export function diagnosisOf(link: Link): string {
  const isUnread = stateOf(link.table, link.slot) < State.read;
  return isUnread && isClosed(link) ? 'its link was closed, and it was blocked' : diagnose(link.table, link.slot);
}

/** What became of a worker that is called `name`, and of those below it. */
export function reportOf(link: Link, name: string): WorkerReport[] {
  const { ack, ackMs, ended, below, threadId: thread, table } = link;
  const path = [thread];
  const about = { threadId: thread, path, name, ...(ackMs !== undefined && { ackMs }) };
  if (ack) {
    const handlers = ack.handlers.map(fromOutcome);
    const told = ack.workers.map(fromWorkerOutcome).map((worker) => ({ ...worker, path: [thread, ...worker.path] }));
    return [{ ...about, status: handlers.every(isCleanHandler) ? 'acked' : 'failed', handlers }, ...told];
  }
  const { status, diagnosis } = ended ?? withoutAck(link, 'timed-out', diagnosisOf(link));
  const own: WorkerReport = { ...about, status, ...(diagnosis !== undefined && { diagnosis }), handlers: [] };
  return [own, ...(below ?? descendants(table, thread, path))];
}
