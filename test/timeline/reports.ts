/** Reports for the pictures: an ordinary one, and ones as large and as nasty as they come. */
import type { Instant, RecordedReport, Span, TimelineThread } from 'worker-atexit/timeline';

export const thread = (threadId: number, name: string, more: Partial<TimelineThread> = {}): TimelineThread => ({
  threadId,
  pid: 4711,
  name,
  path: threadId === 0 ? [] : [threadId],
  ...more,
});

export const span = (thread: number, name: string, begin: number, end: number, more: Partial<Span> = {}): Span => ({
  thread,
  stage: 'handlers',
  kind: 'handler',
  name,
  begin,
  end,
  outcome: 'done',
  ...more,
});

export function report(
  threads: readonly TimelineThread[],
  spans: readonly Span[],
  instants: readonly Instant[] = [],
  more: Partial<RecordedReport> = {},
): RecordedReport {
  const durationMs = spans.reduce((longest, { end }) => Math.max(longest, end), 0);
  const timeline = { version: 1, startedAt: Date.UTC(2026, 0, 2, 3, 4, 5), threads, spans, instants } as const;
  return { ok: true, route: 'signal', signal: 'SIGTERM', durationMs, timeline, ...more };
}

const stage = (name: Span['stage'], begin: number, end: number, more: Partial<Span> = {}): Span =>
  span(0, name, begin, end, { kind: 'stage', stage: name, ...more });

/** Seven seconds: a server that drains, a pool, a worker with a slow handler, one that hangs and one that fails. */
export const slow: RecordedReport = report(
  [
    thread(0, 'main thread'),
    thread(1, 'indexer 1', { status: 'acked' }),
    thread(2, 'indexer 2', { status: 'timed-out', diagnosis: 'handler flushIndex blocks it (1 of 2 done)' }),
    thread(3, 'thumbnails', { status: 'failed', path: [2, 3] }),
  ],
  [
    stage('drain', 0, 1800),
    span(0, 'http', 0, 1200, { kind: 'server', stage: 'drain' }),
    span(0, 'stopConsumer', 0, 300, { stage: 'drain' }),
    span(0, 'indexer', 1200, 1800, { kind: 'pool', stage: 'drain' }),
    stage('workers', 1800, 6000, { outcome: 'timed-out' }),
    stage('handlers', 6000, 7000),
    span(0, 'closeDatabase', 6000, 6900),
    span(0, 'sayGoodbye', 6900, 6901),
    span(1, 'indexer 1', 1800, 2500, { kind: 'worker', stage: 'workers' }),
    span(1, 'flushIndex', 1810, 2480),
    span(2, 'indexer 2', 1800, 6000, { kind: 'worker', stage: 'workers', outcome: 'timed-out' }),
    span(3, 'thumbnails', 1820, 2300, { kind: 'worker', stage: 'workers', outcome: 'failed' }),
    span(3, 'removeFolder', 1830, 2290, { outcome: 'failed', detail: 'Error: ENOTEMPTY: directory not empty' }),
  ],
  [
    { thread: 0, kind: 'signal', at: -20, name: 'SIGTERM' },
    { thread: 1, kind: 'order', at: 1800 },
    { thread: 1, kind: 'read', at: 1801 },
    { thread: 1, kind: 'ack', at: 2500 },
    { thread: 0, kind: 'deadline', at: 6000, name: 'workers' },
    { thread: 2, kind: 'terminated', at: 6000 },
  ],
  { ok: false },
);

/** 256 workers with three handlers each. */
export const wide: RecordedReport = report(
  [
    thread(0, 'main thread'),
    ...Array.from({ length: 256 }, (_, index) => thread(index + 1, `worker ${index + 1}`, { status: 'acked' })),
  ],
  [
    stage('workers', 0, 900),
    ...Array.from({ length: 256 }, (_, index) => [
      span(index + 1, `worker ${index + 1}`, index, index + 300, { kind: 'worker', stage: 'workers' }),
      ...[0, 1, 2].map((handler) =>
        span(index + 1, `handler${handler}`, index + handler * 100, index + handler * 100 + 90),
      ),
    ]).flat(),
  ],
);

/** 10,000 spans of one thread, all at once, and each with a name of 10 KB. */
export const heavy: RecordedReport = report(
  [thread(0, 'n'.repeat(10_240))],
  Array.from({ length: 10_000 }, (_, index) =>
    span(0, `${index} ${'long '.repeat(2048)}`, index / 10, 1000 + index / 10, { stage: 'drain' }),
  ),
);

const INJECTION = `<img src=x onerror="document.title='broken in'">'"&</bdi></style><script>document.title='broken in'</script>`;

/** Names that are markup, escape sequences, another direction, half a character. */
export const nasty: RecordedReport = report(
  [
    thread(0, INJECTION),
    thread(1, '\u001b[2J\u001b]0;title\u0007two\nlines', { status: INJECTION, diagnosis: INJECTION }),
  ],
  [
    span(0, INJECTION, 0, 100, { outcome: 'failed', detail: INJECTION }),
    span(0, '\u202egnorts\u202c', 10, 100),
    span(0, '索引を書き込む', 20, 100),
    span(0, `half \ud83d`, 30, 100),
    span(0, '', 40, 100),
    span(1, INJECTION, 0, 100, { kind: 'worker', stage: 'workers', outcome: 'lost' }),
  ],
  [{ thread: 0, kind: 'signal', at: 0, name: INJECTION }],
  { route: INJECTION, signal: INJECTION, ok: false },
);
