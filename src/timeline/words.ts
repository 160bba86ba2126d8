/** What all pictures say in the same words. */
import type { Instant, RecordedReport, Span, TimelineThread } from '../report/timeline.ts';
import type { Wait } from './waited-for.ts';

/** The longest that a name may be in a picture: characters. */
const LONGEST_NAME = 200;

/** A time for people. */
export function duration(ms: number): string {
  if (Math.abs(ms) >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(1)} ms`;
}

/** A name that may be as long as it likes. Cut by code points: a half of one cannot be written to a file. */
export function short(name: string): string {
  if (name === '') return '(no name)';
  if (name.length <= LONGEST_NAME) return name;
  const start = [...name.slice(0, LONGEST_NAME - 1)];
  if (/[\ud800-\udbff]$/.test(start.at(-1) ?? '')) start.pop();
  return `${start.join('')}…`;
}

export function titleOf({ ok, route, signal, exitCode, durationMs }: RecordedReport): string {
  const ending = signal ? ` (${short(signal)})` : exitCode === undefined ? '' : ` (exit code ${exitCode})`;
  return `${ok ? 'clean' : 'not clean'} shutdown by ${short(route)}${ending} in ${duration(durationMs)}`;
}

/** A thread's name, and where it is if it is no child of the first one. */
export function threadName({ name, path }: TimelineThread): string {
  return path.length > 1 ? `${short(name)} (${path.join(' > ')})` : short(name);
}

export function spanName({ kind, name }: Span): string {
  return kind === 'stage' || kind === 'handler'
    ? short(name)
    : kind === 'worker'
      ? 'order to ack'
      : `${kind} ${short(name)}`;
}

export function waitName({ span }: Wait, threads: readonly TimelineThread[]): string {
  const thread = threads[span.thread];
  const where = thread === undefined ? '' : threadName(thread);
  if (span.kind === 'worker') return where;
  return `${where}: ${span.kind === 'stage' ? `rest of the ${spanName(span)} stage` : spanName(span)}`;
}

export function instantName({ kind, name }: Instant): string {
  const of = name === undefined ? '' : ` of ${short(name)}`;
  switch (kind) {
    case 'signal':
      return `${short(name ?? 'signal')} heard`;
    case 'order':
      return 'order sent';
    case 'read':
      return 'order read';
    case 'ack':
      return 'acked';
    case 'deadline':
      return `deadline${of}`;
    case 'terminated':
      return 'terminated';
  }
}

/** Steps of an axis, 4 to 10 of them, at 1, 2 or 5 times a power of ten: ms. */
export function tickStep(length: number, most = 10): number {
  const least = Math.max(length, 1e-3) / most;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * (1 - 1e-9)) ?? 10 * power;
}

/** A tick's own label: no decimals that are all zero. */
export function tickLabel(ms: number): string {
  const tidy = (value: number): string => String(Number(value.toPrecision(6)));
  return Math.abs(ms) >= 1000 ? `${tidy(ms / 1000)} s` : `${tidy(ms)} ms`;
}
