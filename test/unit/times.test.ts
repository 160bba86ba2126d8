import { expect, it } from 'vitest';
import { defaults } from '../../src/options.ts';
import * as times from '../../src/times.ts';

const limits = new Map(
  Object.entries(times).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
);

it('every limit is a number of ms that a timer can wait', () => {
  expect(limits.size).toBeGreaterThan(30);
  for (const [name, limit] of limits) {
    expect(limit, name).toBeGreaterThan(0);
    expect(limit, name).toBeLessThanOrEqual(times.LONGEST);
    expect(Number.isInteger(limit), name).toBe(true);
  }
});

it('the defaults are those that are told', () => {
  expect(defaults).toMatchObject({ timeout: times.TIMEOUT, syncTimeout: times.SYNC_TIMEOUT });
});

/** The first is less than the second. */
it.each<[string, number, string, number]>([
  ['a whole shutdown and its grace', times.TIMEOUT + times.GRACE, 'what docker stop waits', 10_000],
  ['REPORT_WRITTEN', times.REPORT_WRITTEN, 'GRACE', times.GRACE],
  ['STEP_LOOK', times.STEP_LOOK, 'GRACE', times.GRACE],
  ['OVERTIME and POOL_AFTER', times.OVERTIME + times.POOL_AFTER, 'GRACE', times.GRACE],
  ['what the watchdog counts of it', times.GUARD.main.chance + times.GUARD.main.before, 'GRACE', times.GRACE],
  ['OVERTIME and THREADS_LEAST', times.OVERTIME + times.THREADS_LEAST, 'GRACE', times.GRACE],
  ['PIPE_RETRY', times.PIPE_RETRY, 'REPORT_WRITTEN', times.REPORT_WRITTEN],
  ['drain', times.SHARES.drain, 'workers', times.SHARES.workers],
  ['workers', times.SHARES.workers, 'handlers', times.SHARES.handlers],
  ['PROBE', times.PROBE, 'DELIVERY', times.DELIVERY],
  ['PULSE', times.PULSE, 'RELAY', times.RELAY],
  ['SPREAD', times.SPREAD, 'RELAY', times.RELAY],
  ['PATIENCE', times.PATIENCE, 'RETIREMENT', times.RETIREMENT],
  ['PROFILES_STILL', times.PROFILES_STILL, 'PROFILES_WRITTEN', times.PROFILES_WRITTEN],
  ['PROFILES_LOOK', times.PROFILES_LOOK, 'PROFILES_STILL', times.PROFILES_STILL],
  ['LOOK_FOR_PARENT', times.LOOK_FOR_PARENT, 'PARENT_GONE', times.PARENT_GONE],
  ['CONNECTIONS_LOOK', times.CONNECTIONS_LOOK, 'FRESH', times.FRESH],
  ['EXTEND_EVERY, several times', times.EXTEND_EVERY * 3, 'EXTENSION', times.EXTENSION],
])('%s (%i) is less than %s (%i)', (_, less, __, more) => {
  expect(less).toBeLessThan(more);
});

/** The first is no longer than the second. */
it.each<[string, number, string, number]>([
  ['SYNC_TIMEOUT', times.SYNC_TIMEOUT, 'TIMEOUT', times.TIMEOUT],
  ['RELAY', times.RELAY, 'PATIENCE', times.PATIENCE],
  ['TIMEOUT', times.TIMEOUT, 'HELD', times.HELD],
  ['CANCELLED', times.CANCELLED, 'what OVERRUN leaves', times.OVERRUN.most],
  [
    'NATIVE',
    times.NATIVE.after,
    'its share of 1000 ms',
    1000 * (times.SHARES.handlers - times.SHARES.workers) * times.NATIVE.share.first,
  ],
  ['HANDED_ON', times.HANDED_ON, 'SYNC_TIMEOUT', times.SYNC_TIMEOUT],
])('%s (%i) is no longer than %s (%i)', (_, less, __, more) => {
  expect(less).toBeLessThanOrEqual(more);
});

it.each([0, 100, 1000, 8000, times.LONGEST])(
  'of %i ms a worker and a process leave some to whoever waits for them',
  (ms) => {
    expect(times.ownTime(ms)).toBe(ms - Math.min(ms / 10, 100));
    expect(times.ownTimeOfProcess(ms)).toBe(ms - Math.min(ms / 10, 250));
    expect(times.workersTime(ms)).toBe(ms * 0.75);
  },
);
