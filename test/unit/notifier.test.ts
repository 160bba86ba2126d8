/** How datagrams get to systemd where its own command hands them on. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import './present-platform.ts';
import { createNotifier } from '../../src/adapters/systemd/notifier.ts';
import { HANDED_ON } from '../../src/times.ts';

/** What the command was called with, by which function, and how long it was given at most. */
let sent: { by: 'execFile' | 'spawnSync'; lines: string; timeout: number }[] = [];
/** Ends the command that was started last. */
let end: (() => void) | undefined;
/** ms that the command takes. */
let takes = 0;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  takes = 0;
  const note = (by: 'execFile' | 'spawnSync', [, ...lines]: readonly string[], timeout: number) =>
    void sent.push({ by, lines: lines.join('|'), timeout });
  const execFile = (_: string, args: readonly string[], { timeout }: { timeout: number }, onEnd: () => void) => {
    note('execFile', args, timeout);
    end = onEnd;
    return { unref() {} };
  };
  const spawnSync = (_: string, args: readonly string[], { timeout }: { timeout: number }) => {
    note('spawnSync', args, timeout);
    vi.advanceTimersByTime(Math.min(takes, timeout));
  };
  vi.stubGlobal('process', { ...process, hrtime: process.hrtime, getBuiltinModule: () => ({ execFile, spawnSync }) });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** An abstract socket: no package is looked for. */
const create = () => createNotifier('@notify');
const lines = (): string[] => sent.map((each) => each.lines);

it('one message goes after the other, in their order', () => {
  const { send } = create();
  send('READY=1');
  send('STOPPING=1', 'STATUS=shutting down');
  expect(lines()).toEqual(['READY=1']);
  end?.();
  expect(lines()).toEqual(['READY=1', 'STOPPING=1|STATUS=shutting down']);
});

it('what nobody has read yet is kept once, the newest', () => {
  const { send, sendNow } = create();
  send('READY=1');
  for (let beat = 0; beat < 1000; beat++) send('WATCHDOG=1');
  send('EXTEND_TIMEOUT_USEC=2');
  send('EXTEND_TIMEOUT_USEC=1');
  sendNow('STATUS=clean');
  expect(lines()).toEqual(['READY=1', 'WATCHDOG=1', 'EXTEND_TIMEOUT_USEC=1', 'STATUS=clean']);
});

it('a socket that nobody reads holds the end for no longer than one message may take', () => {
  takes = 700;
  const { send, sendNow } = create();
  send('READY=1');
  send('WATCHDOG=1');
  send('STOPPING=1');
  const before = Date.now();
  sendNow('STATUS=clean');
  expect(Date.now() - before).toBe(HANDED_ON);
  expect(sent.map(({ lines, timeout }) => [lines, timeout])).toEqual([
    ['READY=1', HANDED_ON],
    ['WATCHDOG=1', HANDED_ON],
    ['STOPPING=1', HANDED_ON - 700],
  ]);
});
