/** What is reported of a child process: by what it said, how it ended, and whether it had to be killed. */
import { fromOutcome, fromWorkerOutcome } from '../../report/outcomes.ts';
import { isCleanHandler, type WorkerReport } from '../../report/report.ts';
import type { ProcessAckMessage } from '../../wire/ipc.ts';
import type { Reason } from '../../wire/reason.ts';
import { describeEnd, type End, isExpected } from './ended.ts';

/** What its parent knows of it. */
export interface Facts {
  /** It uses this library, and takes orders. */
  listens: boolean;
  ack: ProcessAckMessage | undefined;
  end: End | undefined;
  /** No event loop has told of its end. */
  isSeen: boolean;
  /** Why it was told to shut down. */
  reason: Reason | undefined;
  orderedAt: number | undefined;
  endedAt: number | undefined;
  /** Set when it was killed: how many ms it had had. */
  givenUp: number | undefined;
}

export const createFacts = (): Facts => ({
  listens: false,
  ack: undefined,
  end: undefined,
  isSeen: false,
  reason: undefined,
  orderedAt: undefined,
  endedAt: undefined,
  givenUp: undefined,
});

/** The report of the process itself, and those of the threads and processes below it. */
export function reportsOf(facts: Facts, pid: number, name: string, signal: NodeJS.Signals): WorkerReport[] {
  const { ack, orderedAt, endedAt } = facts;
  const own: WorkerReport = {
    threadId: 0,
    pid,
    path: [pid],
    name: `${name} ${pid}`,
    ...(orderedAt !== undefined && endedAt !== undefined && { ackMs: Math.max(0, endedAt - orderedAt) }),
    ...(orderedAt !== undefined && { orderedAt }),
    ...(ack?.readAt !== undefined && { readAt: ack.readAt }),
    ...statusOf(facts, signal),
  };
  const below = ack?.workers.map(fromWorkerOutcome) ?? [];
  return [own, ...below.map((worker) => ({ ...worker, pid: worker.pid ?? pid, path: [pid, ...worker.path] }))];
}

function statusOf(
  { listens, ack, end, isSeen, reason, givenUp }: Facts,
  signal: NodeJS.Signals,
): Pick<WorkerReport, 'status' | 'diagnosis' | 'handlers'> {
  const handlers = ack?.handlers.map(fromOutcome) ?? [];
  if (givenUp !== undefined || end === undefined) {
    const had = `after ${Math.round(givenUp ?? 0)} ms`;
    const diagnosis = ack ? `acked, and had not ended ${had}` : `had not ended ${had}`;
    return { status: 'timed-out', diagnosis: `${diagnosis}: killed`, handlers };
  }
  const expected = isExpected(end, reason?.signal ? [signal, reason.signal] : [signal]);
  if (ack && (expected || end.signal === null)) {
    return { status: handlers.every(isCleanHandler) ? 'acked' : 'failed', handlers };
  }
  const diagnosis = describeEnd(end);
  if (ack) return { status: 'lost', diagnosis: `acked, then ${diagnosis}`, handlers };
  if (!isSeen || !listens) return { status: expected ? 'unlinked' : 'lost', diagnosis, handlers };
  // The exit code tells, where the ack could not be read.
  return { status: end.code === 0 ? 'acked' : 'failed', diagnosis: `${diagnosis}; its ack was not read`, handlers };
}
