/** A timeline from what a report has in it: the times at which everything began are stamps on one clock. */
import { isMainThread, threadId } from 'node:worker_threads';
import { now } from '../clock.ts';
import { process, wallClock } from '../platform.ts';
import { toErrorText } from '../report/errors.ts';
import type { ReportFacts, Stamps } from '../report/on-demand.ts';
import type { HandlerReport, WorkerReport } from '../report/report.ts';
import { type Instant, type Span, type Timeline, type TimelineThread, VERSION } from '../report/timeline.ts';

const OUTCOME = { acked: 'done', failed: 'failed', 'timed-out': 'timed-out', lost: 'lost', unlinked: 'done' } as const;

/** Servers are drained by handlers, whose name says so. */
const SERVER = /^server(?: (.*))?$/s;

const firstLine = (error: Error): string => {
  const { name, message } = toErrorText(error);
  return `${name}: ${message}`.split('\n', 1)[0] ?? name;
};

function handlerSpan(
  { name, durationMs, startedAt, error, unfinished }: HandlerReport,
  thread: number,
  stage: Span['stage'],
  zero: number,
): Span[] {
  if (startedAt === undefined) return [];
  const begin = startedAt - zero;
  const [, server] = SERVER.exec(name) ?? [];
  const isServer = SERVER.test(name) && stage === 'drain';
  return [
    {
      thread,
      stage,
      kind: isServer ? 'server' : 'handler',
      name: isServer ? (server ?? '') : name,
      begin,
      end: begin + durationMs,
      outcome: error ? 'failed' : unfinished ? 'unfinished' : 'done',
      ...(error && { detail: firstLine(error) }),
    },
  ];
}

/** What another runtime's worker adds to its clock, where that began with the worker: ms. Node's threads have one clock. */
function offsetOf({ orderedAt, ackMs, handlers, readAt }: WorkerReport): number {
  const first = readAt ?? handlers[0]?.startedAt;
  if (orderedAt === undefined || ackMs === undefined || first === undefined) return 0;
  return first < orderedAt - 1 || first > orderedAt + ackMs + 1 ? first - orderedAt : 0;
}

function workerParts(
  worker: WorkerReport,
  thread: number,
  zero: number,
  until: number,
): { readonly spans: Span[]; readonly instants: Instant[] } {
  const { name, status, diagnosis, orderedAt, readAt, ackMs, handlers } = worker;
  const origin = zero + offsetOf(worker);
  // One that ended by itself long before is in the report as well.
  const spans = handlers
    .flatMap((handler) => handlerSpan(handler, thread, handler.stage ?? 'handlers', origin))
    .filter(({ end }) => end >= 0);
  const instants: Instant[] = [];
  // A worker that had nothing to do took no time. A process that does not use the library was told all the same, by its signal.
  const isTold = status !== 'unlinked' || ackMs !== undefined;
  if (orderedAt === undefined || !isTold) return { spans, instants };
  const begin = orderedAt - zero;
  const end = Math.max(begin, ackMs === undefined ? until : begin + ackMs);
  spans.unshift({
    thread,
    stage: 'workers',
    kind: 'worker',
    name,
    begin,
    end,
    outcome: OUTCOME[status],
    ...(diagnosis !== undefined && { detail: diagnosis }),
  });
  instants.push({ thread, kind: 'order', at: begin });
  if (readAt !== undefined) instants.push({ thread, kind: 'read', at: readAt - origin });
  // How long a process took until it had ended is known of one without an ack, too.
  if (status === 'timed-out') instants.push({ thread, kind: 'terminated', at: end });
  else if (ackMs !== undefined && (status === 'acked' || status === 'failed')) {
    instants.push({ thread, kind: 'ack', at: end });
  }
  return { spans, instants };
}

/** The timeline of a report, made when somebody reads it. */
export function timelineOf(report: ReportFacts, { startedAt: zero, heardAt }: Stamps): Timeline {
  const { stages, workers, handlers, durationMs, reason } = report;
  const own = isMainThread ? 'main thread' : `worker ${threadId}`;
  const threads: TimelineThread[] = [{ threadId, pid: process.pid, name: own, path: [] }];
  const spans: Span[] = [];
  const instants: Instant[] = [];
  if (heardAt !== undefined) {
    instants.push({ thread: 0, kind: 'signal', at: heardAt - zero, name: reason.signal ?? reason.route });
  }
  for (const { name, durationMs, startedAt, timedOut, handlers: drained = [], pools = [] } of stages) {
    if (startedAt === undefined) continue;
    const begin = startedAt - zero;
    const end = begin + durationMs;
    spans.push({ thread: 0, stage: name, kind: 'stage', name, begin, end, outcome: timedOut ? 'timed-out' : 'done' });
    if (timedOut) instants.push({ thread: 0, kind: 'deadline', at: end, name });
    spans.push(...drained.flatMap((handler) => handlerSpan(handler, 0, 'drain', zero)));
    for (const pool of pools) {
      const begin = pool.startedAt - zero;
      const [outcome, until] = pool.unfinished
        ? (['timed-out', end] as const)
        : (['done', begin + pool.durationMs] as const);
      spans.push({
        thread: 0,
        stage: 'drain',
        kind: 'pool',
        name: pool.name,
        begin,
        end: Math.max(begin, until),
        outcome,
      });
    }
  }
  spans.push(...handlers.flatMap((handler) => handlerSpan(handler, 0, 'handlers', zero)));

  const collected = spans.find(({ kind, stage }) => kind === 'stage' && stage === 'workers')?.end ?? durationMs;
  for (const worker of workers) {
    const { threadId, pid = process.pid, name, path, status, diagnosis } = worker;
    const thread = threads.length;
    threads.push({ threadId, pid, name, path, status, ...(diagnosis !== undefined && { diagnosis }) });
    const parts = workerParts(worker, thread, zero, collected);
    spans.push(...parts.spans);
    instants.push(...parts.instants);
  }
  return { version: VERSION, startedAt: wallClock() - (now() - zero), threads, spans, instants };
}

const plainHandler = ({ error, ...handler }: HandlerReport): object => ({
  ...handler,
  ...(error && { error: toErrorText(error) }),
});

/** A report as plain data, for `JSON.stringify`: errors are their texts. */
export function toPlain(report: ReportFacts, stamps: Stamps): object {
  const { reason, stages, workers, handlers, ...rest } = report;
  return {
    ...rest,
    reason: toErrorText(reason),
    stages: stages.map(({ handlers, ...stage }) => ({
      ...stage,
      ...(handlers && { handlers: handlers.map(plainHandler) }),
    })),
    workers: workers.map((worker) => ({ ...worker, handlers: worker.handlers.map(plainHandler) })),
    handlers: handlers.map(plainHandler),
    timeline: timelineOf(report, stamps),
  };
}
