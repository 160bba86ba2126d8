import { describe, expect, it } from 'vitest';
import { ShutdownError } from '../../src/report/errors.ts';
import { describeHandler, formatReport } from '../../src/report/format.ts';
import type { ReportFacts } from '../../src/report/on-demand.ts';
import { fromOutcome, fromWorkerOutcome, toOutcome, toWorkerOutcome } from '../../src/report/outcomes.ts';
import { type HandlerReport, isCleanHandler, isCleanWorker, type WorkerReport } from '../../src/report/report.ts';

const error = new RangeError('too far\nand further');
const done: HandlerReport = { name: 'close', durationMs: 1, startedAt: 5 };
const failed: HandlerReport = { name: 'flush', durationMs: 2, error };
const unfinished: HandlerReport = { name: 'upload', durationMs: 3, unfinished: true };

const worker: WorkerReport = { threadId: 1, path: [1], name: 'renderer 1', status: 'acked', ackMs: 1.25, handlers: [] };

it('a handler is clean that finished without an error', () => {
  expect([done, failed, unfinished].map(isCleanHandler)).toEqual([true, false, false]);
});

it('a worker is clean that has acked, or has not loaded the library', () => {
  const statuses = ['acked', 'failed', 'timed-out', 'lost', 'unlinked'] as const;
  expect(statuses.filter((status) => isCleanWorker({ ...worker, status }))).toEqual(['acked', 'unlinked']);
});

describe('an outcome', () => {
  const all: HandlerReport[] = [done, failed, unfinished, { ...done, stage: 'drain' }];

  it('can be cloned, and is a report again on the other side', () => {
    const outcomes = structuredClone(all.map(toOutcome));
    expect(outcomes[1]?.error).toEqual({ name: 'RangeError', message: error.message, stack: error.stack });
    const reports = outcomes.map(fromOutcome);
    expect(reports[1]?.error).toBeInstanceOf(Error);
    expect(reports[1]?.error?.stack).toBe(error.stack);
    expect(reports.map((report) => ({ ...report, error: undefined }))).toEqual(
      all.map((report) => ({ ...report, error: undefined })),
    );
  });

  it('has no property for what there is not', () => {
    expect(Object.keys(toOutcome(done))).toEqual(['name', 'durationMs', 'startedAt']);
    expect(Object.keys(fromOutcome(toOutcome(done)))).toEqual(['name', 'durationMs', 'startedAt']);
  });

  it('of a worker has those of its handlers', () => {
    const report = { ...worker, status: 'failed', diagnosis: 'why', handlers: all } as const;
    const outcome = structuredClone(toWorkerOutcome(report));
    expect(outcome).toMatchObject({ ...worker, status: 'failed', diagnosis: 'why', handlers: all.map(toOutcome) });
    expect(fromWorkerOutcome(outcome).handlers[1]?.error).toBeInstanceOf(Error);
    expect(fromWorkerOutcome(outcome)).toMatchObject({ diagnosis: 'why', handlers: all.map(({ name }) => ({ name })) });
  });
});

describe('the line on a handler', () => {
  it('is none where it was clean', () => expect(describeHandler(done)).toBeUndefined());
  it('has the stack of its error', () => expect(describeHandler(failed)).toBe(`handler flush failed: ${error.stack}`));
  it('has the rest of its text where there is no stack', () =>
    expect(describeHandler({ ...failed, error: Object.assign(new Error('no'), { stack: '' }) })).toBe(
      'handler flush failed: Error: no',
    ));
  it('says that it was left unfinished', () =>
    expect(describeHandler(unfinished)).toBe('handler upload was left unfinished'));
});

describe('the table for people', () => {
  const report: ReportFacts = {
    ok: true,
    route: 'exit',
    reason: new ShutdownError({ route: 'exit' }),
    durationMs: 12.345,
    stages: [
      { name: 'drain', durationMs: 1 },
      { name: 'workers', durationMs: 10.26 },
      { name: 'handlers', durationMs: 0 },
    ],
    workers: [],
    handlers: [],
    notes: [],
  };

  it('has a head line and the stages', () => {
    expect(formatReport(report).split('\n')).toEqual([
      'worker-atexit: clean shutdown by exit in 12.3 ms',
      '  stage     ms',
      '  drain     1.0',
      '  workers   10.3',
      '  handlers  0.0',
    ]);
  });

  it('names the exit code, or the signal', () => {
    const head = (change: object) => formatReport({ ...report, ...change }).split('\n', 1)[0];
    expect(head({ exitCode: 0 })).toBe('worker-atexit: clean shutdown by exit (exit code 0) in 12.3 ms');
    expect(head({ route: 'signal', signal: 'SIGINT', exitCode: 1, ok: false })).toBe(
      'worker-atexit: not clean shutdown by signal (SIGINT) in 12.3 ms',
    );
  });

  it('says of a worker that has acked without a handler that it had none', () => {
    expect(
      formatReport({ ...report, workers: [worker] })
        .split('\n')
        .slice(-2),
    ).toEqual(['  worker      status  ack ms  handlers', '  renderer 1  acked   1.3     0 of 0 done']);
  });

  it('has what was drained, workers, handlers and notes', () => {
    const lines = formatReport({
      ...report,
      ok: false,
      stages: [
        { name: 'drain', durationMs: 1, timedOut: true, handlers: [unfinished] },
        { name: 'workers', durationMs: 2 },
      ],
      workers: [
        { ...worker, handlers: [done] },
        { ...worker, path: [1, 22], name: 'worker 22', status: 'failed', handlers: [done, failed, unfinished] },
        { threadId: 3, path: [3], name: 'worker 3', status: 'timed-out', diagnosis: 'it blocks', handlers: [] },
        { ...worker, name: 'worker 4', status: 'lost', diagnosis: 'it ended', handlers: [done] },
        { threadId: 5, path: [5], name: 'worker 5', status: 'unlinked', handlers: [] },
      ],
      handlers: [done, failed, { ...unfinished, durationMs: 1000 }],
      notes: ['one', 'two'],
    }).split('\n');
    expect(lines).toEqual([
      'worker-atexit: not clean shutdown by exit in 12.3 ms',
      '  stage    ms',
      '  drain    1.0  timed out',
      '  workers  2.0',
      '  drain   ms',
      '  upload  3.0  unfinished',
      '  worker              status     ack ms  handlers',
      '  renderer 1          acked      1.3     1 of 1 done',
      '  worker 22 (1 > 22)  failed     1.3     1 of 3 done; flush: RangeError: too far; upload: unfinished',
      '  worker 3            timed-out          it blocks',
      '  worker 4            lost       1.3     1 of 1 done; it ended',
      '  worker 5            unlinked',
      '  handler  ms',
      '  close    1.0     done',
      '  flush    2.0     RangeError: too far',
      '  upload   1000.0  unfinished',
      '  note: one',
      '  note: two',
    ]);
  });
});
