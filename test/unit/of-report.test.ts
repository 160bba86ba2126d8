import { expect, it } from 'vitest';
import { ShutdownError } from '../../src/report/errors.ts';
import type { ReportFacts } from '../../src/report/on-demand.ts';
import type { WorkerReport } from '../../src/report/report.ts';
import { timelineOf, toPlain } from '../../src/timeline/of-report.ts';
import { readReport } from '../../src/timeline/recorded.ts';

/** When the shutdown began, on the clock of the stamps. */
const ZERO = 5000;
const error = new TypeError('no\nsecond line');

const facts = (more: Partial<ReportFacts> = {}): ReportFacts => ({
  ok: false,
  route: 'signal',
  reason: new ShutdownError({ route: 'signal', signal: 'SIGTERM' }, error),
  signal: 'SIGTERM',
  durationMs: 1000,
  stages: [
    {
      name: 'drain',
      startedAt: ZERO,
      durationMs: 400,
      handlers: [
        { name: 'server :8080', startedAt: ZERO + 1, durationMs: 300 },
        { name: 'server', startedAt: ZERO + 1, durationMs: 200 },
        { name: 'stopConsumer', startedAt: ZERO + 2, durationMs: 100 },
      ],
      pools: [
        { name: 'resize', startedAt: ZERO + 301, durationMs: 50 },
        { name: 'stuck', startedAt: ZERO + 301, durationMs: 0, unfinished: true },
      ],
    },
    { name: 'workers', startedAt: ZERO + 400, durationMs: 500, timedOut: true },
    { name: 'handlers', startedAt: ZERO + 900, durationMs: 100 },
  ],
  workers: [],
  handlers: [
    { name: 'close', startedAt: ZERO + 900, durationMs: 10 },
    { name: 'flush', startedAt: ZERO + 910, durationMs: 20, error },
    { name: 'hang', startedAt: ZERO + 930, durationMs: 70, unfinished: true },
  ],
  notes: ['a note'],
  ...more,
});

const worker = (more: Partial<WorkerReport>): WorkerReport => ({
  threadId: 1,
  path: [1],
  name: 'indexer 1',
  status: 'acked',
  handlers: [],
  ...more,
});

const spansOf = (report: ReportFacts, thread: number) =>
  timelineOf(report, { startedAt: ZERO })
    .spans.filter((span) => span.thread === thread)
    .map(({ kind, name, begin, end, outcome, detail }) => [
      kind,
      name,
      begin,
      end,
      outcome,
      ...(detail ? [detail] : []),
    ]);
const momentsOf = (report: ReportFacts, thread: number) =>
  timelineOf(report, { startedAt: ZERO })
    .instants.filter((instant) => instant.thread === thread)
    .map(({ kind, at }) => [kind, at]);

it('has the stages, what was drained, and the handlers of the thread itself', () => {
  expect(spansOf(facts(), 0)).toEqual([
    ['stage', 'drain', 0, 400, 'done'],
    ['server', ':8080', 1, 301, 'done'],
    ['server', '', 1, 201, 'done'],
    ['handler', 'stopConsumer', 2, 102, 'done'],
    ['pool', 'resize', 301, 351, 'done'],
    ['pool', 'stuck', 301, 400, 'timed-out'],
    ['stage', 'workers', 400, 900, 'timed-out'],
    ['stage', 'handlers', 900, 1000, 'done'],
    ['handler', 'close', 900, 910, 'done'],
    ['handler', 'flush', 910, 930, 'failed', 'TypeError: no'],
    ['handler', 'hang', 930, 1000, 'unfinished'],
  ]);
});

it('has the signal, and the deadline that passed', () => {
  const { instants, threads, startedAt } = timelineOf(facts(), { startedAt: ZERO, heardAt: ZERO - 3 });
  expect(instants).toEqual([
    { thread: 0, kind: 'signal', at: -3, name: 'SIGTERM' },
    { thread: 0, kind: 'deadline', at: 900, name: 'workers' },
  ]);
  expect(threads).toEqual([{ threadId: expect.any(Number), pid: process.pid, name: expect.any(String), path: [] }]);
  expect(startedAt).toEqual(expect.any(Number));
});

it('has a worker from its order to its ack, with what it did', () => {
  const handlers = [
    { name: 'stop', stage: 'drain', startedAt: ZERO + 402, durationMs: 1 },
    { name: 'flushIndex', startedAt: ZERO + 403, durationMs: 50 },
  ] as const;
  const report = facts({ workers: [worker({ orderedAt: ZERO + 400, readAt: ZERO + 401, ackMs: 60, handlers })] });
  expect(spansOf(report, 1)).toEqual([
    ['worker', 'indexer 1', 400, 460, 'done'],
    ['handler', 'stop', 402, 403, 'done'],
    ['handler', 'flushIndex', 403, 453, 'done'],
  ]);
  expect(momentsOf(report, 1)).toEqual([
    ['order', 400],
    ['read', 401],
    ['ack', 460],
  ]);
});

it('has a worker that did not ack until its stage was over, and says that it was terminated', () => {
  const report = facts({
    workers: [worker({ status: 'timed-out', orderedAt: ZERO + 400, diagnosis: 'handler a blocks it' })],
  });
  expect(spansOf(report, 1)).toEqual([['worker', 'indexer 1', 400, 900, 'timed-out', 'handler a blocks it']]);
  expect(momentsOf(report, 1)).toEqual([
    ['order', 400],
    ['terminated', 900],
  ]);
  expect(timelineOf(report, { startedAt: ZERO }).threads[1]).toEqual({
    threadId: 1,
    pid: process.pid,
    name: 'indexer 1',
    path: [1],
    status: 'timed-out',
    diagnosis: 'handler a blocks it',
  });
});

it('has a process from its order to its end: by its signal, with the ack that went before, and killed', () => {
  const told = { threadId: 0, orderedAt: ZERO + 400, ackMs: 300 };
  const diagnosis = 'acked, then ended with exit code 2';
  const report = facts({
    workers: [
      worker({ ...told, pid: 98, status: 'unlinked', diagnosis: 'ended by SIGTERM' }),
      worker({ ...told, pid: 99, status: 'acked', readAt: ZERO + 402 }),
      worker({ ...told, pid: 100, status: 'timed-out', diagnosis: 'had not ended after 300 ms: killed' }),
      worker({ ...told, pid: 101, status: 'lost', diagnosis }),
    ],
  });
  expect([1, 2, 3, 4].map((thread) => spansOf(report, thread))).toEqual([
    [['worker', 'indexer 1', 400, 700, 'done', 'ended by SIGTERM']],
    [['worker', 'indexer 1', 400, 700, 'done']],
    [['worker', 'indexer 1', 400, 700, 'timed-out', 'had not ended after 300 ms: killed']],
    [['worker', 'indexer 1', 400, 700, 'lost', diagnosis]],
  ]);
  expect([1, 2, 3, 4].map((thread) => momentsOf(report, thread).map(([kind]) => kind))).toEqual([
    ['order'],
    ['order', 'read', 'ack'],
    ['order', 'terminated'],
    ['order'],
  ]);
});

it('has no span of a worker that had nothing to do, of one that was never told, and of what was long before', () => {
  const before = [{ name: 'early', startedAt: ZERO - 900, durationMs: 10 }];
  const report = facts({
    workers: [
      worker({ status: 'unlinked', orderedAt: ZERO + 400 }),
      worker({ status: 'lost', diagnosis: 'out of memory' }),
      worker({ handlers: before }),
      worker({ handlers: [{ name: 'of another version', durationMs: 10 }] }),
    ],
  });
  for (const thread of [1, 2, 3, 4]) expect([...spansOf(report, thread), ...momentsOf(report, thread)]).toEqual([]);
});

it('puts a worker whose clock began with itself where its order was', () => {
  const handlers = [{ name: 'flush', startedAt: 12, durationMs: 50 }];
  const report = facts({ workers: [worker({ orderedAt: ZERO + 400, readAt: 10, ackMs: 60, handlers })] });
  expect(spansOf(report, 1)).toEqual([
    ['worker', 'indexer 1', 400, 460, 'done'],
    ['handler', 'flush', 402, 452, 'done'],
  ]);
});

it('tells a process by its pid', () => {
  const report = facts({ workers: [worker({ threadId: 0, pid: 99, path: [99] })] });
  expect(timelineOf(report, { startedAt: ZERO }).threads[1]).toMatchObject({ threadId: 0, pid: 99 });
});

it('is plain data as JSON, errors and all, and can be read again', () => {
  const handlers = [{ name: 'flush', startedAt: ZERO + 410, durationMs: 1, error }];
  const report = facts({ workers: [worker({ status: 'failed', orderedAt: ZERO + 400, ackMs: 60, handlers })] });
  const plain = JSON.parse(JSON.stringify(toPlain(report, { startedAt: ZERO })));
  expect(plain.reason).toMatchObject({ name: 'AbortError', message: 'this thread is shutting down (SIGTERM)' });
  expect(plain.handlers[1].error).toEqual({ name: 'TypeError', message: 'no\nsecond line', stack: error.stack });
  expect(plain.workers[0].handlers[0].error.name).toBe('TypeError');
  expect(plain.notes).toEqual(['a note']);
  expect(readReport(plain).timeline.spans).toEqual(timelineOf(report, { startedAt: ZERO }).spans);
});
