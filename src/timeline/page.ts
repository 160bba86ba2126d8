/**
 * A report as one page of its own: no script, nothing from elsewhere. Each thread is a table, whose last column is drawn:
 * whoever cannot see the bars hears the same rows.
 */

import {
  beginOf,
  type Instant,
  lengthOf,
  type RecordedReport,
  type Span,
  type TimelineThread,
} from '../report/timeline.ts';
import { STYLE } from './style.ts';
import { type Wait, waitedFor } from './waited-for.ts';
import { duration, instantName, short, spanName, threadName, tickLabel, tickStep, titleOf, waitName } from './words.ts';

/** Up to so many threads, all are shown with what they did. */
const FEW = 12;
/** With more spans than that, what is out of sight is not drawn, so that the page does not freeze. A picture of the whole page has it blank. */
const LONG = 500;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that stands for nothing but itself, in an element and in a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** A name has its own direction: one in Arabic does not turn the line around. */
const name = (text: string): string => `<bdi>${escapeHtml(text)}</bdi>`;

/** Places on the time axis, as CSS has them: shares of the track's width. */
interface Axis {
  readonly begin: number;
  readonly length: number;
  /** Between two lines: ms. */
  readonly step: number;
  at(ms: number): string;
  width(ms: number): string;
}

/** At most so many lines: their labels have room on a telephone, too. */
const LINES = 6;

const percent = (share: number): string => `${Number((100 * share).toFixed(4))}%`;

function createAxis(report: RecordedReport): Axis {
  const begin = beginOf(report);
  const length = Math.max(lengthOf(report) - begin, 1e-3);
  const width = (ms: number): string => percent(ms / length);
  return { begin, length, step: tickStep(length, LINES), at: (ms) => width(ms - begin), width };
}

function barOf({ begin, end, kind, outcome }: Span, axis: Axis): string {
  return `<i class="bar ${kind} ${outcome}" style="left:${axis.at(begin)};width:${axis.width(end - begin)}"></i>`;
}

function markOf(instant: Instant, axis: Axis): string {
  const title = escapeHtml(`${instantName(instant)} at ${duration(instant.at)}`);
  return `<i class="mark ${instant.kind}" style="left:${axis.at(instant.at)}" title="${title}"></i>`;
}

const track = (content: string): string => `<span class="track" aria-hidden="true">${content}</span>`;

const outcomeOf = (outcome: string, detail?: string): string =>
  ` <span class="outcome ${escapeHtml(outcome)}">${escapeHtml(outcome)}${detail === undefined ? '' : `: ${name(short(detail))}`}</span>`;

function spanRow(span: Span, axis: Axis): string {
  const { begin, end, outcome, detail, stage, kind } = span;
  const text = spanName(span);
  const label = `${name(text)}${outcome === 'done' ? '' : outcomeOf(outcome, detail)}`;
  const width = outcome === 'done' ? '' : ' whole';
  const hint = `${text}, ${outcome}${detail === undefined ? '' : `: ${short(detail)}`}`;
  const where = kind === 'stage' ? 'stage' : `${stage} stage`;
  return `<div class="row" role="row"><span class="name${width}" role="cell" title="${escapeHtml(hint)}">${label}</span><span class="took" role="cell">${duration(end - begin)}</span><span role="cell" class="head">${where}, ${outcome}, from ${duration(begin)} to ${duration(end)}</span>${track(barOf(span, axis))}</div>`;
}

function instantRow(instant: Instant, axis: Axis): string {
  return `<div class="row" role="row"><span class="name dim" role="cell">${name(instantName(instant))}</span><span class="took dim" role="cell">at ${duration(instant.at)}</span>${track(markOf(instant, axis))}</div>`;
}

const HEAD =
  '<div class="head" role="row"><span role="columnheader">What</span><span role="columnheader">Took</span><span role="columnheader">When</span></div>';

/** What one thread did, closed where there are many and all went well and quickly. */
function threadOf(
  thread: TimelineThread,
  spans: readonly Span[],
  instants: readonly Instant[],
  axis: Axis,
  isOpen: boolean,
): string {
  const { status, diagnosis } = thread;
  const shown = spans.filter(({ kind }) => kind === 'worker' || kind === 'stage');
  const counted = shown.length > 0 ? shown : spans;
  const begin = counted.reduce((earliest, span) => Math.min(earliest, span.begin), Number.POSITIVE_INFINITY);
  const end = counted.reduce((latest, span) => Math.max(latest, span.end), 0);
  const isClean = status === undefined || status === 'acked' || status === 'unlinked';
  const label = `${name(threadName(thread))}${isClean ? '' : outcomeOf(status, diagnosis)}`;
  const rows = [
    ...[...spans].sort((a, b) => b.end - a.end).map((span) => ({ at: span.begin, row: spanRow(span, axis) })),
    ...instants.map((instant) => ({ at: instant.at, row: instantRow(instant, axis) })),
  ].sort((a, b) => a.at - b.at);
  const bars = [...shown.map((span) => barOf(span, axis)), ...instants.map((instant) => markOf(instant, axis))].join(
    '',
  );
  const hint = escapeHtml(`${threadName(thread)}${diagnosis === undefined ? '' : `: ${short(diagnosis)}`}`);
  const took = counted.length === 0 ? '' : duration(end - begin);
  return `<details${isOpen ? ' open' : ''}><summary class="row"><span class="name${isClean ? '' : ' whole'}" title="${hint}">${label}</span><span class="took">${took}</span>${track(bars)}</summary>
<div class="table" role="table" aria-label="${escapeHtml(threadName(thread))}">${HEAD}${rows.map(({ row }) => row).join('\n')}</div></details>`;
}

/** Where the lines are, as the style has it: CSS takes a share of what the distance between two leaves of the width. */
function linesOf({ begin, length, step }: Axis): string {
  const first = Math.ceil(begin / step) * step - begin;
  return `--step:${percent(step / length)};--first:${percent(first / (length - step))}`;
}

function axisOf({ begin, length, step, at }: Axis): string {
  const ticks: string[] = [];
  for (let tick = Math.ceil(begin / step); tick * step < begin + length * 0.97; tick++) {
    ticks.push(`<span class="tick" style="left:${at(tick * step)}">${tickLabel(tick * step)}</span>`);
  }
  return `<div class="row axis" aria-hidden="true"><span class="name"></span><span class="took"></span>${track(ticks.join(''))}</div>`;
}

function waitsOf(waits: readonly Wait[], threads: readonly TimelineThread[]): string {
  if (waits.length === 0) return '';
  const items = waits.map((wait) => {
    const { outcome, detail } = wait.span;
    const end = outcome === 'done' ? '' : outcomeOf(outcome, detail);
    return `<li><b>${duration(wait.end - wait.begin)}</b> for ${name(waitName(wait, threads))}, from ${duration(wait.begin)} on${end}</li>`;
  });
  return `<section><h2>What it waited for</h2><ol>${items.join('\n')}</ol></section>`;
}

/** The page. */
export function pageOf(report: RecordedReport): string {
  const { startedAt, threads, spans, instants } = report.timeline;
  const axis = createAxis(report);
  const waits = waitedFor(report);
  const spansOf = threads.map((): Span[] => []);
  for (const span of spans) spansOf[span.thread]?.push(span);
  const instantsOf = threads.map((): Instant[] => []);
  for (const instant of instants) instantsOf[instant.thread]?.push(instant);
  const awaited = new Set(waits.map(({ span }) => span.thread));
  const isOpen = (index: number): boolean =>
    index === 0 ||
    threads.length <= FEW ||
    awaited.has(index) ||
    (spansOf[index] ?? []).some(({ outcome }) => outcome !== 'done');
  const title = titleOf(report);
  const when = Number.isNaN(new Date(startedAt).getTime()) ? '' : `${new Date(startedAt).toISOString()}; `;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body${spans.length > LONG ? ' class="long"' : ''} style="${linesOf(axis)}">
<header><h1>${name(title)}</h1>
<p class="dim">${when}${threads.length} ${threads.length === 1 ? 'thread' : 'threads'}, ${spans.length} spans; times are from its beginning</p></header>
<main>${waitsOf(waits, threads)}
<section><h2>Who did what</h2>
${axisOf(axis)}
${threads.map((thread, index) => threadOf(thread, spansOf[index] ?? [], instantsOf[index] ?? [], axis, isOpen(index))).join('\n')}
</section></main>
</body>
</html>
`;
}
