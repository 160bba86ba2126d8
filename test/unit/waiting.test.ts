/** When a shutdown begins to show whom it waits for. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import './present-platform.ts';
import { type Awaited, showWaiting } from '../../src/thread/waiting.ts';

const awaited: Awaited = {
  stage: () => 'draining',
  outcome: { stages: [], drained: [], pools: [], handlers: [] },
  isSettled: () => false,
  workers: () => [],
  startedAt: 0,
  until: () => 8000,
  keyboard: () => undefined,
  isPlain: true,
  log: () => {},
};

const end = vi.fn();
const show = vi.fn(() => end);
let required: string[] = [];

beforeEach(() => {
  vi.clearAllMocks();
  vi.useFakeTimers();
  required = [];
  const createRequire = () => (name: string) => {
    required.push(name);
    return { show };
  };
  vi.stubGlobal('process', { ...process, getBuiltinModule: () => ({ createRequire }) });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('loads nothing and shows nothing where the shutdown is over within a second', () => {
  const stop = showWaiting(awaited, 8000);
  vi.advanceTimersByTime(999);
  stop();
  vi.advanceTimersByTime(10_000);
  expect(required).toEqual([]);
  expect(show).not.toHaveBeenCalled();
});

it('shows it after a second, until it is over', () => {
  const stop = showWaiting(awaited, 8000);
  vi.advanceTimersByTime(1000);
  expect(required).toEqual(['./live.js']);
  expect(show.mock.calls).toEqual([[awaited]]);
  expect(end).not.toHaveBeenCalled();
  stop();
  expect(end).toHaveBeenCalledTimes(1);
});

it('shows it at half of the time where that is less', () => {
  showWaiting(awaited, 400);
  vi.advanceTimersByTime(200);
  expect(show).toHaveBeenCalledTimes(1);
});

it('shows nothing where what shows it is not there, as in a bundle', () => {
  vi.stubGlobal('process', {
    ...process,
    getBuiltinModule: () => {
      throw new Error('none');
    },
  });
  const stop = showWaiting(awaited, 8000);
  vi.advanceTimersByTime(1000);
  stop();
  expect(show).not.toHaveBeenCalled();
});
