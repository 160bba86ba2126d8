import { describe, expect, it } from 'vitest';
import { waitedFor } from '../../src/timeline/waited-for.ts';
import {
  duration,
  instantName,
  short,
  spanName,
  threadName,
  tickLabel,
  tickStep,
  titleOf,
  waitName,
} from '../../src/timeline/words.ts';
import { slow, span, thread } from '../timeline/reports.ts';

it('tells times in ms, and from 1 s on in s', () => {
  expect([0, 1.25, 999.9, 1000, -20, 61_234].map(duration)).toEqual([
    '0.0 ms',
    '1.3 ms',
    '999.9 ms',
    '1.00 s',
    '-20.0 ms',
    '61.23 s',
  ]);
});

describe('a name', () => {
  it('is what it is', () => {
    expect(short('flushIndex')).toBe('flushIndex');
    expect(short('x'.repeat(200))).toBe('x'.repeat(200));
    expect(short('')).toBe('(no name)');
  });

  it('is cut where it is long, and never within a character', () => {
    expect(short('x'.repeat(10_240))).toBe(`${'x'.repeat(199)}…`);
    expect(short('😀'.repeat(200))).toBe(`${'😀'.repeat(99)}…`);
  });
});

it('names a thread, with its path where it is further down', () => {
  expect(threadName(thread(3, 'thumbnails'))).toBe('thumbnails');
  expect(threadName(thread(3, 'thumbnails', { path: [2, 3] }))).toBe('thumbnails (2 > 3)');
});

it('names spans, waits and instants', () => {
  expect(spanName(span(0, 'flush', 0, 1))).toBe('flush');
  expect(spanName(span(0, 'drain', 0, 1, { kind: 'stage' }))).toBe('drain');
  expect(spanName(span(0, 'http', 0, 1, { kind: 'server' }))).toBe('server http');
  expect(spanName(span(0, 'indexer', 0, 1, { kind: 'pool' }))).toBe('pool indexer');
  expect(spanName(span(1, 'indexer', 0, 1, { kind: 'worker' }))).toBe('order to ack');
  expect(waitedFor(slow).map((wait) => waitName(wait, slow.timeline.threads))).toEqual([
    'main thread: server http',
    'main thread: pool indexer',
    'thumbnails (2 > 3): removeFolder',
    'indexer 2',
    'main thread: closeDatabase',
    'main thread: rest of the handlers stage',
  ]);
  expect(slow.timeline.instants.map(instantName)).toEqual([
    'SIGTERM heard',
    'order sent',
    'order read',
    'acked',
    'deadline of workers',
    'terminated',
  ]);
  expect(instantName({ thread: 0, kind: 'signal', at: 0 })).toBe('signal heard');
});

it('says how it went', () => {
  const { signal, ...report } = slow;
  expect(titleOf(slow)).toBe('not clean shutdown by signal (SIGTERM) in 7.00 s');
  expect(titleOf({ ...report, ok: true, exitCode: 3 })).toBe('clean shutdown by signal (exit code 3) in 7.00 s');
  expect(titleOf(report)).toBe('not clean shutdown by signal in 7.00 s');
});

it('divides an axis by 1, 2 or 5 times a power of ten', () => {
  expect([1000, 2000, 4999, 7000, 0.3, 0].map((length) => tickStep(length, 10))).toEqual([
    100,
    200,
    500,
    1000,
    0.05,
    expect.closeTo(1e-4, 8),
  ]);
  expect(tickStep(7000, 3)).toBe(5000);
  expect([0, 0.05, 500, 1000, 2500].map(tickLabel)).toEqual(['0 ms', '0.05 ms', '500 ms', '1 s', '2.5 s']);
});
