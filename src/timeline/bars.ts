/** A report as bars for a terminal: what took a hundredth of the time or more, and whatever was not clean. */

import { beginOf, lengthOf, type RecordedReport, type Span, type TimelineThread } from '../report/timeline.ts';
import { printable, type TerminalOptions, toColumns, widthOf } from './terminal.ts';
import { LEAST, waitedFor } from './waited-for.ts';
import { duration, instantName, short, spanName, threadName, tickLabel, tickStep, titleOf, waitName } from './words.ts';

/** The narrowest terminal that has bars beside the names; below it they are under them. */
const NARROW = 50;
/** Lines of bars at most. A page has them all. */
const MOST = 200;

const COLOR = {
  stage: '90',
  done: '36',
  failed: '31',
  unfinished: '33',
  'timed-out': '31',
  lost: '35',
  bold: '1',
  dim: '2',
} as const;

/** Blocks by eighths, from none to seven. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

interface Line {
  readonly label: string;
  readonly took: string;
  readonly begin: number;
  readonly end: number;
  readonly color: keyof typeof COLOR;
  /** Not a bar, but a mark. */
  readonly isMark?: true;
}

/** The columns of a bar: from `begin` to `end` on a track of `columns`, each a share of 1. */
export function bar(begin: number, end: number, columns: number, unicode: boolean): string {
  const first = Math.min(Math.floor(begin * columns), columns - 1);
  const length = Math.max(Math.min(end * columns, columns) - first, 0);
  if (!unicode) return ' '.repeat(first) + '#'.repeat(Math.max(Math.round(length), 1));
  const [whole, eighths] = [Math.floor(length), Math.floor((length % 1) * 8)];
  return ' '.repeat(first) + ('█'.repeat(whole) + (EIGHTHS[eighths] ?? '') || '▏');
}

function linesOf(report: RecordedReport): { readonly lines: Line[]; readonly left: number } {
  const { threads, spans, instants } = report.timeline;
  const least = lengthOf(report) * LEAST;
  const marked = instants.filter(({ kind }) => kind === 'signal' || kind === 'deadline' || kind === 'terminated');
  const wanted = spans.filter(
    ({ begin, end, kind, outcome }) => kind === 'stage' || outcome !== 'done' || end - begin >= least,
  );
  const most = [...wanted]
    .sort((a, b) => Number(b.kind === 'stage') - Number(a.kind === 'stage') || b.end - b.begin - (a.end - a.begin))
    .slice(0, MOST);
  const chosen = new Set(most);
  const perThread = threads.map((): Line[] => []);
  for (const span of spans) if (chosen.has(span)) perThread[span.thread]?.push(lineOf(span));
  for (const instant of marked.slice(0, MOST)) {
    const { at, thread, kind } = instant;
    const color = kind === 'signal' ? 'bold' : 'failed';
    const line: Line = {
      label: `  ${instantName(instant)}`,
      took: `at ${duration(at)}`,
      begin: at,
      end: at,
      color,
      isMark: true,
    };
    perThread[thread]?.push(line);
  }
  const lines = threads.flatMap((thread, index) => {
    const own = perThread[index] ?? [];
    if (own.length === 0) return [];
    own.sort((a, b) => a.begin - b.begin || b.end - a.end);
    return [headOf(thread), ...own];
  });
  return { lines, left: spans.length - most.length };
}

const lineOf = ({ kind, outcome, begin, end, ...span }: Span): Line => ({
  label: `  ${spanName({ kind, outcome, begin, end, ...span })}`,
  took: `${duration(end - begin)}${outcome === 'done' ? '' : ` ${outcome}`}`,
  begin,
  end,
  color: outcome === 'done' && kind === 'stage' ? 'stage' : outcome,
});

function headOf(thread: TimelineThread): Line {
  const { status, diagnosis } = thread;
  const how = status === undefined || status === 'acked' ? '' : `: ${short(status)}`;
  const why = diagnosis === undefined ? '' : `, ${short(diagnosis)}`;
  return { label: `${threadName(thread)}${how}${why}`, took: '', begin: 0, end: 0, color: 'bold' };
}

function axisOf(begin: number, length: number, columns: number): string {
  const step = tickStep(length, Math.max(Math.floor(columns / 9), 1));
  let axis = '';
  for (let tick = Math.ceil(begin / step); tick * step < begin + length; tick++) {
    const column = Math.floor(((tick * step - begin) / length) * columns);
    const label = `|${tickLabel(tick * step)}`;
    if (column < axis.length || column + label.length > columns) continue;
    axis = axis.padEnd(column) + label;
  }
  return axis;
}

/** The text, its last line ended. */
export function barsOf(report: RecordedReport, { width, color, unicode }: Required<TerminalOptions>): string {
  const paint = (text: string, style: keyof typeof COLOR): string =>
    color && text.trim() !== '' ? `\u001b[${COLOR[style]}m${text}\u001b[0m` : text;
  const say = (text: string): string => printable(text, unicode);
  const cut = (text: string): string => (widthOf(say(text)) > width ? toColumns(say(text), width, unicode) : say(text));
  const { threads } = report.timeline;
  const [begin, length] = [beginOf(report), Math.max(lengthOf(report) - beginOf(report), 1e-3)];
  const { lines, left } = linesOf(report);
  const widest = (texts: readonly string[]): number => texts.reduce((most, text) => Math.max(most, widthOf(text)), 0);
  const isNarrow = width < NARROW;
  const tookWidth = widest(lines.map(({ took }) => took));
  const labelWidth = Math.min(
    widest(lines.map(({ label, took }) => (took === '' ? '' : say(label)))),
    Math.floor(width * 0.35),
  );
  const columns = Math.max(isNarrow ? width : width - labelWidth - tookWidth - 2, 1);

  const drawn = lines.flatMap(({ label, took, color: style, isMark, ...span }) => {
    // A thread's own line has nothing but its name.
    if (took === '') return [paint(cut(label), 'bold')];
    const [from, to] = [(span.begin - begin) / length, (span.end - begin) / length];
    const column = Math.min(Math.floor(from * columns), columns - 1);
    const track = paint(
      isMark ? `${' '.repeat(column)}${unicode ? '▾' : 'v'}` : bar(from, to, columns, unicode),
      style,
    );
    if (isNarrow) return [cut(`${label} ${took}`), track];
    return [`${toColumns(say(label), labelWidth, unicode)} ${took.padStart(tookWidth)} ${track}`];
  });

  const waits = waitedFor(report).map((wait) => {
    const { outcome } = wait.span;
    const how = outcome === 'done' ? '' : ` (${outcome})`;
    return cut(`  ${duration(wait.end - wait.begin).padStart(9)}  ${waitName(wait, threads)}${how}`);
  });
  return [
    paint(cut(titleOf(report)), report.ok ? 'bold' : 'failed'),
    ...(waits.length > 0 ? [cut('it waited for'), ...waits] : []),
    '',
    paint(`${isNarrow ? '' : ' '.repeat(labelWidth + tookWidth + 2)}${axisOf(begin, length, columns)}`, 'dim'),
    ...drawn,
    ...(left > 0
      ? [cut(`and ${left} more, ${lines.length > MOST ? 'not shown here' : 'each done in less than 1 % of it'}`)]
      : []),
    '',
  ].join('\n');
}
