/** A report in the Chrome trace event format, which Perfetto, speedscope and Chrome's own tools open. */
import { type Instant, type RecordedReport, type Span, VERSION } from '../report/timeline.ts';
import { instantName, short, spanName, threadName } from './words.ts';

/** ms as the format counts, µs. */
const toTraceTime = (ms: number): number => Math.round(ms * 1e3);

/**
 * One thread's spans in lanes: viewers draw what is on a lane as calls on a stack, so two of them may nest there or follow
 * each other, and not overlap.
 */
export function lanesOf(spans: readonly Span[]): Span[][] {
  const lanes: { readonly spans: Span[]; readonly open: number[] }[] = [];
  /** No lane is free before the one, and in none is there room beyond the other: of thousands that overlap few are looked at. */
  let [soonest, latest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const ordered = [...spans].sort((a, b) => toTraceTime(a.begin) - toTraceTime(b.begin) || b.end - a.end);
  for (const span of ordered) {
    const [begin, end] = [toTraceTime(span.begin), toTraceTime(span.end)];
    const takes = ({ open }: (typeof lanes)[number]): boolean => {
      while (open.length > 0 && (open.at(-1) ?? 0) <= begin) open.pop();
      return open.length === 0 || end <= (open.at(-1) ?? 0);
    };
    let lane = begin >= soonest || end <= latest ? lanes.find(takes) : undefined;
    if (lane === undefined) {
      lane = { spans: [], open: [] };
      lanes.push(lane);
    }
    if (lane.open.length === 0) soonest = Math.min(soonest, end);
    latest = Math.max(latest, end);
    lane.spans.push(span);
    lane.open.push(end);
  }
  return lanes.map((lane) => lane.spans);
}

/** The trace as JSON. It has the report in it, so that the other pictures can be made of it, too. */
export function traceOf(report: RecordedReport): string {
  const { threads, spans, instants } = report.timeline;
  const events: object[] = [];
  const byThread = threads.map((): Span[] => []);
  for (const span of spans) byThread[span.thread]?.push(span);
  const instantsOf = threads.map((): Instant[] => []);
  for (const instant of instants) instantsOf[instant.thread]?.push(instant);

  for (const pid of new Set(threads.map((thread) => thread.pid))) {
    const name = pid === threads[0]?.pid ? 'process' : `process ${pid}`;
    events.push({ ph: 'M', name: 'process_name', pid, tid: 0, args: { name } });
  }
  // A lane is a thread to the viewers. Not with the thread's own id: 0 is no thread to Perfetto.
  let tid = 0;
  for (const [index, thread] of threads.entries()) {
    const { pid } = thread;
    const lanes = lanesOf(byThread[index] ?? []);
    const first = tid + 1;
    for (let lane = 0; lane < Math.max(lanes.length, 1); lane++) {
      tid += 1;
      const name = lane === 0 ? threadName(thread) : `${threadName(thread)}, beside it ${lane}`;
      events.push({ ph: 'M', name: 'thread_name', pid, tid, args: { name } });
      events.push({ ph: 'M', name: 'thread_sort_index', pid, tid, args: { sort_index: tid } });
      for (const span of lanes[lane] ?? []) {
        const { kind, stage, outcome, detail } = span;
        events.push({
          ph: 'X',
          name: spanName(span),
          cat: kind,
          pid,
          tid,
          ts: toTraceTime(span.begin),
          dur: toTraceTime(span.end) - toTraceTime(span.begin),
          args: { stage, outcome, ...(detail !== undefined && { detail: short(detail) }) },
        });
      }
    }
    for (const instant of instantsOf[index] ?? []) {
      const ts = toTraceTime(instant.at);
      events.push({ ph: 'i', s: 't', name: instantName(instant), cat: instant.kind, pid, tid: first, ts });
    }
  }
  return `${JSON.stringify({ traceEvents: events, displayTimeUnit: 'ms', otherData: { version: VERSION }, report })}\n`;
}
