/** What became of one child and of those below it, as far as its ack or its slot tells. */
import { fromOutcome, fromWorkerOutcome } from '../report/outcomes.ts';
import { isCleanHandler, type WorkerReport } from '../report/report.ts';
import { at, Cell, isThrough, isWaiting, State, type Table } from '../table/cells.ts';
import { blockedBy, diagnose } from '../table/progress.ts';
import { childrenOf, stateOf } from '../table/slots.ts';
import type { WorkerStatus } from '../wire/outcomes.ts';
import { isSettled, type Settled, type Slotted, step } from './child.ts';

/** Nobody has acked for it: what became of the worker is `status`, unless its slot knows of an ack that was never delivered. */
export function settleBySlot(child: Slotted, status: 'lost' | 'timed-out', diagnosis: string): void {
  const settled = withoutAck(child, status, diagnosis);
  if (step(child, settled.status)) child.task.diagnosis = settled.diagnosis;
}

function withoutAck(
  { table, slot }: Slotted,
  status: 'lost' | 'timed-out',
  diagnosis: string,
): { readonly status: Settled; readonly diagnosis: string | undefined } {
  const state = stateOf(table, slot);
  if (state === State.acked) return { status: 'acked', diagnosis: undefined };
  if (state !== State.failed) return { status, diagnosis };
  const failures = Atomics.load(table.cells, at(slot, Cell.failures));
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
export function diagnosisOf({ table, slot, contact, registration }: Slotted): string {
  const isUnread = isWaiting(stateOf(table, slot));
  return isUnread && contact === 'closed'
    ? 'its link was closed, and it was blocked'
    : diagnose(table, slot, registration?.terms.pool !== undefined);
}

/** What became of a worker that is called `name`, and of those below it. */
export function reportOf(child: Slotted, name: string): WorkerReport[] {
  const { task, threadId: thread, table } = child;
  const { state, ack, ackMs, below } = task;
  const path = [thread];
  const about = {
    threadId: thread,
    path,
    name,
    ...(ackMs !== undefined && { ackMs }),
    ...(task.epoch !== 0 && { orderedAt: task.orderedAt }),
    ...(ack?.readAt !== undefined && { readAt: ack.readAt }),
  };
  if (ack) {
    const handlers = ack.handlers.map(fromOutcome);
    const told = ack.workers.map(fromWorkerOutcome).map((worker) => ({ ...worker, path: [thread, ...worker.path] }));
    return [{ ...about, status: handlers.every(isCleanHandler) ? 'acked' : 'failed', handlers }, ...told];
  }
  const { status, diagnosis } = isSettled(state)
    ? { status: state, diagnosis: task.diagnosis }
    : withoutAck(child, 'timed-out', diagnosisOf(child));
  const own: WorkerReport = { ...about, status, ...(diagnosis !== undefined && { diagnosis }), handlers: [] };
  return [own, ...(below ?? descendants(table, thread, path))];
}

/** Whether the shutdown that runs is about the worker. */
export function isInvolved(child: Slotted): boolean {
  const { task, table, slot, port } = child;
  if (task.epoch !== 0) return true;
  if (!task.isPresent) return false;
  if (isSettled(task.state)) return true;
  const state = stateOf(table, slot);
  if (isThrough(state)) return state !== State.idle && port === undefined;
  // It was not ordered. Was it through when this one began, its last shutdown was over only just then, and what it has
  // registered since is for the next one.
  return !task.wasThrough;
}
