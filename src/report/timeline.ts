/** A shutdown on one clock: who did what, from when to when. What the pictures are made of. */

/** The version of these shapes. A picture of another version is refused, and not drawn wrong. */
export const VERSION = 1;

export const STAGES = ['drain', 'workers', 'handlers'] as const;
/** What a {@link Span} is of. A `worker` is one from its order to its ack. */
export const KINDS = ['stage', 'handler', 'pool', 'server', 'worker'] as const;
export const OUTCOMES = ['done', 'failed', 'unfinished', 'timed-out', 'lost'] as const;
export const MOMENTS = ['signal', 'order', 'read', 'ack', 'deadline', 'terminated'] as const;

/** A thread of a {@link Timeline}. The first of them is the one whose report it is. */
export interface TimelineThread {
  readonly threadId: number;
  readonly pid: number;
  readonly name: string;
  /** Thread ids from the report's thread down to this one; empty for that thread itself. */
  readonly path: readonly number[];
  /** A worker's status, as its report has it. */
  readonly status?: string;
  /** Why a worker did not ack, or how it ended. */
  readonly diagnosis?: string;
}

/** Something that took time. */
export interface Span {
  /** Where in `threads` its thread is. */
  readonly thread: number;
  readonly stage: (typeof STAGES)[number];
  readonly kind: (typeof KINDS)[number];
  readonly name: string;
  /** ms since the shutdown began. */
  readonly begin: number;
  /** ms since the shutdown began; not before `begin`. */
  readonly end: number;
  readonly outcome: (typeof OUTCOMES)[number];
  /** What went wrong, in a line. */
  readonly detail?: string;
}

/** Something that happened at one moment. */
export interface Instant {
  /** Where in `threads` its thread is. */
  readonly thread: number;
  /** A signal was heard; an order was sent, or read; an ack came; a deadline passed; a worker was terminated. */
  readonly kind: (typeof MOMENTS)[number];
  /** ms since the shutdown began; below 0 for what led to it. */
  readonly at: number;
  /** Which signal, or whose deadline. */
  readonly name?: string;
}

/** What took how long, in all threads, on one clock. */
export interface Timeline {
  readonly version: typeof VERSION;
  /** When the shutdown began: ms since 1970, as `Date.now()` has it. */
  readonly startedAt: number;
  readonly threads: readonly TimelineThread[];
  readonly spans: readonly Span[];
  readonly instants: readonly Instant[];
}

/** What the pictures need of a report: a `ShutdownReport` itself, or what `JSON.parse` makes of one that was written as JSON. */
export interface RecordedReport {
  readonly ok: boolean;
  readonly route: string;
  readonly signal?: string;
  readonly exitCode?: number;
  readonly durationMs: number;
  readonly timeline: Timeline;
}

/** The length of the picture: ms. A handler that is left behind may end later than the shutdown. */
export const lengthOf = ({ durationMs, timeline }: RecordedReport): number =>
  [...timeline.spans.map(({ end }) => end), ...timeline.instants.map(({ at }) => at)].reduce(
    (longest, time) => Math.max(longest, time),
    durationMs,
  );

/** When the picture begins: ms, 0 or less. */
export const beginOf = ({ timeline }: RecordedReport): number =>
  [...timeline.spans.map(({ begin }) => begin), ...timeline.instants.map(({ at }) => at)].reduce(
    (earliest, time) => Math.min(earliest, time),
    0,
  );
