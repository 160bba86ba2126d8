import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { supervise } from '../../src/adapters/systemd/supervise.ts';
import { now } from '../../src/clock.ts';
import type { ShutdownReport } from '../../src/report/report.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const reportOf = (ending: object) =>
  ({ ...ending, toString: () => 'worker-atexit: clean shutdown\n  a table' }) as unknown as ShutdownReport;

function scene(env: Record<string, string> = {}) {
  const sent: string[] = [];
  const notify = {
    send: (...lines: readonly string[]) => void sent.push(lines.join('|')),
    sendNow: (...lines: readonly string[]) => void sent.push(`now ${lines.join('|')}`),
  };
  return { sent, supervision: supervise(notify, env) };
}

it('is asked for more time as long as there is some left', () => {
  const { sent, supervision } = scene();
  const until = now() + 2500;
  supervision.begin(() => until);
  expect(sent).toEqual([expect.stringMatching(/^STOPPING=1\|STATUS=shutting down\|EXTEND_TIMEOUT_USEC=3[45]\d{5}$/)]);
  vi.advanceTimersByTime(10_000);
  expect(sent.slice(1)).toEqual(
    [2, 1, 0].map((left) => expect.stringMatching(`^EXTEND_TIMEOUT_USEC=${left}?[45]\\d{5}$`)),
  );
});

it('is not asked for too much at a time', () => {
  const { sent, supervision } = scene();
  supervision.begin(() => now() + 60_000);
  expect(sent).toEqual(['STOPPING=1|STATUS=shutting down|EXTEND_TIMEOUT_USEC=5000000']);
});

it('is told how it went, before the process is gone', () => {
  const { sent, supervision } = scene();
  supervision.begin(() => now());
  supervision.end(reportOf({ signal: 'SIGTERM' }));
  supervision.end(reportOf({ exitCode: 1 }));
  supervision.end(reportOf({}));
  vi.advanceTimersByTime(5000);
  const status = 'STATUS=worker-atexit: clean shutdown';
  expect(sent.slice(1)).toEqual([`now ${status}`, `now ${status}`, status]);
});

it('is told that it is ready', () => {
  const { sent, supervision } = scene();
  supervision.ready();
  expect(sent).toEqual(['READY=1']);
});

it.each([
  { env: { WATCHDOG_USEC: '2000000' }, beats: 3 },
  { env: { WATCHDOG_USEC: '2000000', WATCHDOG_PID: String(process.pid) }, beats: 3 },
  { env: { WATCHDOG_USEC: '2000000', WATCHDOG_PID: '1' }, beats: 0 },
  { env: { WATCHDOG_USEC: 'soon' }, beats: 0 },
  { env: {}, beats: 0 },
])('hears $beats times in 3 s that the event loop turns, with $env', ({ env, beats }) => {
  const { sent } = scene(env as Record<string, string>);
  vi.advanceTimersByTime(3000);
  expect(sent).toEqual(Array(beats).fill('WATCHDOG=1'));
});
