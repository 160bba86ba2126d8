/** The critical path of a shutdown: for whom it waited, from when to when. */
import type { RecordedReport, Span, Timeline } from '../report/timeline.ts';

/** A part of a shutdown in which it waited for one thing. */
export interface Wait {
  readonly span: Span;
  readonly begin: number;
  readonly end: number;
}

/** What is shorter than this share of the whole is nothing that anybody waited for. */
export const LEAST = 0.01;

/** Each thread's nearest ancestor that has a place in the timeline; the first thread's is nobody. */
function parentsOf({ threads }: Timeline): (number | undefined)[] {
  const places = new Map(threads.map(({ path }, index) => [path.join(), index]));
  return threads.map(({ path }, index) => {
    if (index === 0) return undefined;
    for (let length = path.length - 1; length > 0; length--) {
      const parent = places.get(path.slice(0, length).join());
      if (parent !== undefined && parent !== index) return parent;
    }
    return 0;
  });
}

/** What a thread may wait for: what it does itself, and its own workers, what ended last first. */
function awaitedBy(timeline: Timeline): Span[][] {
  const parents = parentsOf(timeline);
  const awaited = timeline.threads.map((): Span[] => []);
  for (const span of timeline.spans) {
    // A file may say of the first thread that somebody waited for it.
    if (span.kind === 'stage' || (span.kind === 'worker' && span.thread === 0)) continue;
    const waiting = span.kind === 'worker' ? (parents[span.thread] ?? 0) : span.thread;
    awaited[waiting]?.push(span);
  }
  return awaited.map((spans) => spans.sort((a, b) => b.end - a.end || a.begin - b.begin));
}

/** What the shutdown waited for, first to last, but for what took less than a hundredth of it. */
export function waitedFor({ durationMs, timeline }: RecordedReport): Wait[] {
  const least = Math.max(durationMs * LEAST, Number.MIN_VALUE);
  const awaited = awaitedBy(timeline);
  const stages = timeline.spans.filter(({ kind, thread }) => kind === 'stage' && thread === 0);
  const waits: Wait[] = [];

  /** Nobody but `span` itself is known to have been waited for. */
  function add(span: Span, begin: number, end: number): void {
    if (end - begin >= least) waits.push({ span, begin, end });
  }

  function addStages(from: number, to: number): void {
    for (const span of stages) add(span, Math.max(span.begin, from), Math.min(span.end, to));
  }

  /** Walks back from `to`: what ended last was waited for, since it began; then what had ended last by then, and so on. */
  function walk(thread: number, from: number, to: number, rest: (from: number, to: number) => void): void {
    let until = to;
    // Both the ends and `until` go down: one pass is enough.
    for (const span of awaited[thread] ?? []) {
      if (span.end <= from || until - from < least) break;
      if (span.end > until || span.begin >= until) continue;
      rest(span.end, until);
      const begin = Math.max(span.begin, from);
      if (span.kind === 'worker') walk(span.thread, begin, span.end, (from, to) => add(span, from, to));
      else add(span, begin, span.end);
      until = begin;
    }
    rest(from, until);
  }

  walk(0, 0, durationMs, addStages);
  return waits.sort((a, b) => a.begin - b.begin);
}
