import { describe, expect, it } from 'vitest';
import { readReport } from '../../src/timeline/recorded.ts';
import { traceOf } from '../../src/timeline/trace.ts';
import { nasty, slow, wide } from '../timeline/reports.ts';

/** The report with one value of its timeline replaced. */
const withTimeline = (change: object): unknown => ({ ...slow, timeline: { ...slow.timeline, ...change } });
const withSpan = (change: object): unknown => withTimeline({ spans: [{ ...slow.timeline.spans[0], ...change }] });
const withThread = (change: object): unknown => withTimeline({ threads: [{ ...slow.timeline.threads[0], ...change }] });
const withInstant = (change: object): unknown =>
  withTimeline({ instants: [{ ...slow.timeline.instants[0], ...change }] });

describe('a report', () => {
  it.each([slow, wide, nasty])('is read as it is, and as JSON', (report) => {
    expect(readReport(report)).toEqual(report);
    expect(readReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  it('is read from the trace that was made of it', () => {
    expect(readReport(JSON.parse(traceOf(slow)))).toEqual(slow);
  });

  it('may have more in it than a picture needs', () => {
    expect(readReport({ ...slow, workers: [], notes: ['a note'] })).toEqual(slow);
  });

  it('may end by an exit code', () => {
    const { signal, ...report } = slow;
    expect(readReport({ ...report, exitCode: 3 })).toEqual({ ...report, exitCode: 3 });
  });
});

describe('what is no report is refused, by the name of what does not fit', () => {
  it.each([
    [undefined, 'report must be an object; it is undefined'],
    [null, 'report must be an object; it is null'],
    [[], 'report must be an object; it is an object'],
    ['{}', 'report must be an object; it is "{}"'],
    [{}, 'report.ok must be true or false; it is undefined'],
    [{ traceEvents: [] }, 'report must be an object; it is undefined'],
    [{ ...slow, route: 1 }, 'report.route must be a string; it is 1'],
    [{ ...slow, signal: null }, 'report.signal must be a string; it is null'],
    [{ ...slow, exitCode: 1.5 }, 'report.exitCode must be a whole number; it is 1.5'],
    [{ ...slow, durationMs: Number.NaN }, 'report.durationMs must be a number; it is NaN'],
    [{ ...slow, timeline: undefined }, 'report.timeline must be an object; it is undefined'],
    [
      withTimeline({ version: 2 }),
      'report.timeline.version must be 1, which is what this version of worker-atexit draws',
    ],
    [withTimeline({ startedAt: 'now' }), 'report.timeline.startedAt must be a number; it is "now"'],
    [withTimeline({ threads: {} }), 'report.timeline.threads must be a list; it is an object'],
    [
      withTimeline({ threads: [] }),
      'report.timeline.threads must be a list of one thread or more; it is "an empty list"',
    ],
    [withTimeline({ spans: [1] }), 'report.timeline.spans[0] must be an object; it is 1'],
    [withTimeline({ instants: 'none' }), 'report.timeline.instants must be a list; it is "none"'],
    [withThread({ threadId: '0' }), 'report.timeline.threads[0].threadId must be a whole number; it is "0"'],
    [withThread({ pid: 0.5 }), 'report.timeline.threads[0].pid must be a whole number; it is 0.5'],
    [withThread({ name: 7 }), 'report.timeline.threads[0].name must be a string; it is 7'],
    [withThread({ path: 7 }), 'report.timeline.threads[0].path must be a list; it is 7'],
    [withThread({ path: ['7'] }), 'report.timeline.threads[0].path[0] must be a whole number; it is "7"'],
    [withThread({ status: 7 }), 'report.timeline.threads[0].status must be a string; it is 7'],
    [withThread({ diagnosis: 7 }), 'report.timeline.threads[0].diagnosis must be a string; it is 7'],
    [withSpan({ thread: 4 }), 'report.timeline.spans[0].thread must be the place of a thread, from 0 to 3; it is 4'],
    [withSpan({ thread: -1 }), 'report.timeline.spans[0].thread must be the place of a thread, from 0 to 3; it is -1'],
    [withSpan({ stage: 'end' }), 'report.timeline.spans[0].stage must be one of drain, workers, handlers; it is "end"'],
    [
      withSpan({ kind: '' }),
      'report.timeline.spans[0].kind must be one of stage, handler, pool, server, worker; it is ""',
    ],
    [withSpan({ name: {} }), 'report.timeline.spans[0].name must be a string; it is an object'],
    [withSpan({ begin: null }), 'report.timeline.spans[0].begin must be a number; it is null'],
    [withSpan({ end: -1 }), 'report.timeline.spans[0].end must be 0 or more, since it begins then; it is -1'],
    [withSpan({ outcome: 'fine' }), 'report.timeline.spans[0].outcome must be one of done, failed, unfinished'],
    [withSpan({ detail: 1 }), 'report.timeline.spans[0].detail must be a string; it is 1'],
    [
      withInstant({ thread: 9 }),
      'report.timeline.instants[0].thread must be the place of a thread, from 0 to 3; it is 9',
    ],
    [withInstant({ kind: 'nap' }), 'report.timeline.instants[0].kind must be one of signal, order, read, ack'],
    [withInstant({ at: '1' }), 'report.timeline.instants[0].at must be a number; it is "1"'],
    [withInstant({ name: 1 }), 'report.timeline.instants[0].name must be a string; it is 1'],
  ])('%#: %s', (value, message) => {
    expect(() => readReport(value)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'ERR_WORKER_ATEXIT_INVALID_ARGUMENT',
        message: expect.stringContaining(message),
      }),
    );
    expect(() => readReport(value)).toThrow(/: give it what JSON\.stringify\(\) made of a report/);
  });

  it('however long what it has instead', () => {
    expect(() => readReport({ ...slow, ok: 'x'.repeat(10_240) })).toThrow(/it is "x{78}…: give/);
  });
});
