import { expect, it } from 'vitest';
import type { RecordedReport } from '../../src/report/timeline.ts';
import { waitedFor } from '../../src/timeline/waited-for.ts';
import { heavy, report, slow, span, thread, wide } from '../timeline/reports.ts';

const shown = (report: RecordedReport): string[] =>
  waitedFor(report).map(({ span, begin, end }) => `${begin}-${end} ${span.thread} ${span.kind} ${span.name}`);

it('is what ended last, since it began, and what had ended last by then', () => {
  const spans = [span(0, 'long', 0, 700), span(0, 'short', 0, 300), span(0, 'last', 700, 1000)];
  expect(shown(report([thread(0, 'main')], spans))).toEqual(['0-700 0 handler long', '700-1000 0 handler last']);
});

it('is the rest of a stage where nobody is known', () => {
  const spans = [
    span(0, 'drain', 0, 100, { kind: 'stage', stage: 'drain' }),
    span(0, 'handlers', 100, 1000, { kind: 'stage' }),
    span(0, 'close', 400, 900),
  ];
  expect(shown(report([thread(0, 'main')], spans))).toEqual([
    '0-100 0 stage drain',
    '100-400 0 stage handlers',
    '400-900 0 handler close',
    '900-1000 0 stage handlers',
  ]);
});

it('is inside the worker that was waited for, and its own workers', () => {
  expect(shown(slow)).toEqual([
    '0-1200 0 server http',
    '1200-1800 0 pool indexer',
    '1830-2290 3 handler removeFolder',
    '2300-6000 2 worker indexer 2',
    '6000-6900 0 handler closeDatabase',
    '6901-7000 0 stage handlers',
  ]);
});

it('is one worker of many, and not parts of others', () => {
  const workers = new Set(waitedFor(wide).flatMap(({ span }) => (span.thread === 0 ? [] : [span.thread])));
  expect([...workers]).toEqual([256]);
});

it('leaves out what took less than a hundredth, and what was left behind', () => {
  const spans = [span(0, 'short', 0, 9), span(0, 'left behind', 9, 5000), span(0, 'close', 9, 1000)];
  expect(shown(report([thread(0, 'main')], spans, [], { durationMs: 1000 }))).toEqual(['9-1000 0 handler close']);
});

it('is nothing where nothing took time', () => {
  expect(waitedFor(report([thread(0, 'main')], [span(0, 'close', 0, 0)]))).toEqual([]);
});

it('is found in a worker whose parent is not in the picture, and where a file says that the first thread is a worker', () => {
  const threads = [thread(0, 'main', { path: [1] }), thread(9, 'far', { path: [5, 7, 9] })];
  const spans = [
    span(0, 'main', 0, 50, { kind: 'worker' }),
    span(1, 'far', 0, 100, { kind: 'worker' }),
    span(1, 'flush', 0, 100),
  ];
  expect(shown(report(threads, spans))).toEqual(['0-100 1 handler flush']);
});

it('is told of ten thousand spans', () => {
  expect(waitedFor(heavy).map(({ begin, end }) => end - begin)).toEqual([expect.closeTo(1000)]);
});
