/** Stand-ins for what a test cannot have of its own: a process that ends, and the main thread of it. */

import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import type { Worker } from 'node:worker_threads';
import { vi } from 'vitest';
import { defaults } from '../../src/options.ts';
import type { ShutdownReport } from '../../src/report/report.ts';
import type { ShutdownRequest, Thread } from '../../src/thread/parts.ts';

const { hrtime, getBuiltinModule, nextTick } = process;

/** A process for `vi.stubGlobal('process', …)` that ends only as far as its calls tell. */
export const createProcess = (more: object = {}) =>
  Object.assign(
    new EventEmitter(),
    {
      platform: 'linux',
      pid: 4711,
      argv: ['node'],
      execArgv: [] as string[],
      env: {} as Record<string, string>,
      exitCode: undefined as number | undefined,
      hrtime,
      getBuiltinModule,
      nextTick,
      exit: vi.fn(),
      kill: vi.fn(),
      reallyExit: vi.fn(),
      getActiveResourcesInfo: (): string[] => [],
      hasUncaughtExceptionCaptureCallback: (): boolean => false,
    },
    more,
  );

/** A thread whose shutdown is over when the test says so. */
export function createThread(more: object = {}) {
  let settle = (_: ShutdownReport): void => {};
  const log: string[] = [];
  const parts = {
    isMain: true,
    settings: defaults,
    state: 'running',
    ending: undefined as Thread['ending'],
    isExiting: false,
    isUsed: () => true,
    use: vi.fn(),
    log: (message: string) => void log.push(message),
    shutDown: vi.fn(
      (_: ShutdownRequest) =>
        new Promise<ShutdownReport>((resolve) => {
          settle = resolve;
        }),
    ),
    shutDownNow: vi.fn(),
    seeLateThrough: vi.fn(),
    onEnd: vi.fn(),
    ...more,
  };
  return {
    parts,
    thread: parts as unknown as Thread,
    log,
    /** Ends the shutdown. Resolves when whoever waited for it has gone on. */
    async finish(report: object = { handlers: [], stages: [] }): Promise<void> {
      settle(report as ShutdownReport);
      for (let turn = 0; turn < 5; turn++) await undefined;
    },
  };
}

/** A stream whose reader takes one chunk a call. */
export function createStream() {
  const taken: string[] = [];
  const waiting: (() => void)[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      taken.push(String(chunk));
      waiting.push(done);
    },
  });
  return { stream, taken, take: () => waiting.shift()?.() };
}

/** What a thread does that blocks for its workers, but for what is spread. */
export const blocking = (onOrdered: () => void) => ({
  onOrdered,
  wakeStarting: () => false,
  spread() {},
  spreadAt: Number.POSITIVE_INFINITY,
});

const PENDING = Symbol('pending');

/** Whether a promise has not settled yet. */
export const isPending = async (promise: Promise<unknown> | undefined): Promise<boolean> =>
  (await Promise.race([promise, PENDING])) === PENDING;

/** A Worker of which nothing is used. */
export const someWorker = {} as Worker;
