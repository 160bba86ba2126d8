/** What a shutdown has to tell: the report that a program gets, and what became of each handler, worker and stage. */
import type { HandlerReport, WorkerReport } from '../wire/outcomes.ts';
import type { Route } from '../wire/reason.ts';
import type { ShutdownError } from './errors.ts';
import type { Timeline } from './timeline.ts';

export type { HandlerReport, WorkerReport } from '../wire/outcomes.ts';

/** What became of one stage. */
export interface StageReport {
  readonly name: 'drain' | 'workers' | 'handlers';
  readonly durationMs: number;
  /** When it began: ms on the clock of `process.hrtime()`. */
  readonly startedAt?: number;
  /** It used up its share of the deadline. */
  readonly timedOut?: true;
  /** The functions of the drain stage. */
  readonly handlers?: readonly HandlerReport[];
  /** The pools that had something to finish in the drain stage. */
  readonly pools?: readonly PoolReport[];
}

/** What became of a pool that had something queued or running. */
export interface PoolReport {
  readonly name: string;
  /** ms until it was idle; 0 where it was not idle in time. */
  readonly durationMs: number;
  /** When its end was first waited for: ms on the clock of `process.hrtime()`. */
  readonly startedAt: number;
  /** It was not idle in time. */
  readonly unfinished?: true;
}

/** What {@link shutdown} resolves to and `onReport` gets. `String(report)` is a table for people. */
export interface ShutdownReport {
  /** Every handler finished without an error, here and in every worker, and nothing used up its time. */
  readonly ok: boolean;
  readonly route: Route;
  /** Why, as {@link shutdownSignal} has it. */
  readonly reason: ShutdownError;
  /** The exit code that the process ends with; absent where it lives on or ends by a signal. */
  readonly exitCode?: number;
  readonly signal?: NodeJS.Signals;
  readonly durationMs: number;
  readonly stages: readonly StageReport[];
  readonly workers: readonly WorkerReport[];
  readonly handlers: readonly HandlerReport[];
  /** What could not be done as intended, though nothing failed by it. */
  readonly notes: readonly string[];
  /** What took how long, in all threads, on one clock. Made when it is read. `worker-atexit/timeline` draws it. */
  readonly timeline: Timeline;
  toString(): string;
  /** For `JSON.stringify`: plain data, the timeline and the errors' texts included. `worker-atexit view` reads it. */
  toJSON(): object;
}

export const isCleanHandler = ({ error, unfinished }: HandlerReport): boolean => !error && !unfinished;

export const isCleanWorker = ({ status }: WorkerReport): boolean => status === 'acked' || status === 'unlinked';
