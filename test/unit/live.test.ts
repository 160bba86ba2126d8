import { expect, it } from 'vitest';
import { now } from '../../src/clock.ts';
import type { HandlerReport, WorkerReport } from '../../src/report/report.ts';
import type { Awaited } from '../../src/thread/waiting.ts';
import { describeAwaited } from '../../src/timeline/live.ts';

const about = (stage: ReturnType<Awaited['stage']>, more: Partial<Awaited> = {}): string =>
  describeAwaited({
    stage: () => stage,
    outcome: { stages: [], drained: [], pools: [], handlers: [] },
    isSettled: ({ durationMs }) => durationMs > 0,
    workers: () => [],
    startedAt: now() - 2000,
    until: () => now() + 6000,
    keyboard: () => undefined,
    isPlain: true,
    log: () => {},
    ...more,
  }).replace(/\d\.\d s/g, 'some time');
const handler = (name: string, durationMs = 0): HandlerReport => ({ name, durationMs, startedAt: now() - 1000 });
const outcome = { stages: [], drained: [], pools: [], handlers: [] };
const worker = (name: string, status: WorkerReport['status'], more: Partial<WorkerReport> = {}): WorkerReport => ({
  threadId: 1,
  path: [1],
  name,
  status,
  handlers: [],
  ...more,
});

it('names what is drained, and three at most', () => {
  const drained = [handler('done', 5), ...['a', 'b', 'c', 'd', 'e'].map((name) => handler(name))];
  expect(about('draining', { outcome: { ...outcome, drained } })).toBe('a, b, c and 2 more (some time)');
});

it('names the pools that are busy when that is done', () => {
  const pools = [
    { name: 'resize', startedAt: 0, durationMs: 0, unfinished: true } as const,
    { name: 'idle', startedAt: 0, durationMs: 5 },
  ];
  expect(about('draining', { outcome: { ...outcome, pools } })).toBe('pool resize (some time)');
  expect(about('begun')).toBe('what it drains');
});

it('names the workers that have not acked, and where they are', () => {
  const workers = [
    worker('indexer 1', 'acked'),
    worker('indexer 2', 'timed-out', { diagnosis: 'handler flush (a) blocks it (1 of 3 done)' }),
    worker('indexer 3', 'timed-out', { diagnosis: 'its event loop was blocked and the order never read' }),
    worker('below', 'timed-out', { path: [1, 4] }),
    worker('other', 'unlinked'),
  ];
  const stages = [{ name: 'drain', durationMs: 500, startedAt: now() - 2000 }] as const;
  expect(about('collecting', { workers: () => workers, outcome: { ...outcome, stages: [...stages] } })).toBe(
    '2 of 3 workers (indexer 2: flush (a), 2 of 3, indexer 3, some time)',
  );
  expect(about('collecting')).toBe('its workers');
});

it('names the handler that runs', () => {
  const handlers = [handler('done', 5), handler('closeDatabase')];
  expect(about('handling', { outcome: { ...outcome, handlers } })).toBe('closeDatabase (some time)');
  expect(about('handling')).toBe('its handlers');
});
