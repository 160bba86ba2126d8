import { fromErrorText, type ShutdownError, toErrorText } from './errors.ts';
import type { HandlerOutcome, Route, WorkerOutcome, WorkerStatus } from './protocol.ts';

/** What became of one handler. */
export interface HandlerReport {
  readonly name: string;
  /** ms from its call until it settled, or until it was given up. */
  readonly durationMs: number;
  /** `'drain'` for a function of a worker's drain stage; those of this thread are in the stage's own report. */
  readonly stage?: 'drain';
  /** What it threw or rejected with. */
  readonly error?: Error;
  /** It had not settled when its time was up, or when the process could no longer wait (a synchronous route). */
  readonly unfinished?: true;
}

/** What became of one worker, a child of this thread or further down. */
export interface WorkerReport {
  readonly threadId: number;
  /** Thread ids from this thread's child down to the worker. */
  readonly path: readonly number[];
  readonly name: string;
  readonly status: WorkerStatus;
  /** Why it did not ack, or how it ended. */
  readonly diagnosis?: string;
  /** ms from the order to the ack. */
  readonly ackMs?: number;
  readonly handlers: readonly HandlerReport[];
}

/** What became of one stage. */
export interface StageReport {
  readonly name: 'drain' | 'workers' | 'handlers';
  readonly durationMs: number;
  /** It used up its share of the deadline. */
  readonly timedOut?: true;
  /** The functions of the drain stage. */
  readonly handlers?: readonly HandlerReport[];
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
  toString(): string;
}

export const isCleanHandler = ({ error, unfinished }: HandlerReport): boolean => !error && !unfinished;
export const isCleanWorker = ({ status }: WorkerReport): boolean => status === 'acked' || status === 'unlinked';

export function toOutcome({ name, durationMs, stage, error, unfinished }: HandlerReport): HandlerOutcome {
  return {
    name,
    durationMs,
    ...(stage && { stage }),
    ...(error && { error: toErrorText(error) }),
    ...(unfinished && { unfinished }),
  };
}

export function fromOutcome({ error, ...outcome }: HandlerOutcome): HandlerReport {
  return error === undefined ? outcome : { ...outcome, error: fromErrorText(error) };
}

export function toWorkerOutcome(worker: WorkerReport): WorkerOutcome {
  return { ...worker, handlers: worker.handlers.map(toOutcome) };
}

export function fromWorkerOutcome(worker: WorkerOutcome): WorkerReport {
  return { ...worker, handlers: worker.handlers.map(fromOutcome) };
}

/** A line for people on a handler that was not clean; undefined for one that was. */
export function describeHandler({ name, error, unfinished }: HandlerReport): string | undefined {
  if (error) return `handler ${name} failed: ${toErrorText(error).stack}`;
  return unfinished ? `handler ${name} was left unfinished` : undefined;
}

const ms = (value: number): string => value.toFixed(1);

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  );
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}

function handlerRow(handler: HandlerReport): string[] {
  const outcome = handler.error ? firstLine(handler.error) : handler.unfinished ? 'unfinished' : 'done';
  return [handler.name, ms(handler.durationMs), outcome];
}

const firstLine = (error: Error): string => {
  const { name, message } = toErrorText(error);
  return `${name}: ${message}`.split('\n', 1)[0] ?? name;
};

function workerRow({ name, path, status, ackMs, handlers, diagnosis }: WorkerReport): string[] {
  const failed = handlers.filter((handler) => !isCleanHandler(handler));
  const notes = [
    // What a worker did that has not acked, nobody knows.
    ...(handlers.length === 0 && diagnosis !== undefined
      ? []
      : [`${handlers.length - failed.length} of ${handlers.length} done`]),
    ...failed.map(({ name, error }) => `${name}: ${error ? firstLine(error) : 'unfinished'}`),
    ...(diagnosis === undefined ? [] : [diagnosis]),
  ];
  const place = path.length > 1 ? `${name} (${path.join(' > ')})` : name;
  return [place, status, ackMs === undefined ? '' : ms(ackMs), status === 'unlinked' ? '' : notes.join('; ')];
}

/** The report as a table: the head line says how it went, the rest what took how long and what failed. */
export function formatReport(report: Omit<ShutdownReport, 'toString'>): string {
  const { route, signal, exitCode, durationMs, stages, workers, handlers, notes, ok } = report;
  const ending = signal ? ` (${signal})` : exitCode === undefined ? '' : ` (exit code ${exitCode})`;
  const lines = [`worker-atexit: ${ok ? 'clean' : 'not clean'} shutdown by ${route}${ending} in ${ms(durationMs)} ms`];
  const stageRows = stages.map((stage) => [stage.name, ms(stage.durationMs), stage.timedOut ? 'timed out' : '']);
  lines.push(...table([['stage', 'ms', ''], ...stageRows]));
  const draining = stages.flatMap((stage) => stage.handlers ?? []);
  if (draining.length > 0) lines.push(...table([['drain', 'ms', ''], ...draining.map(handlerRow)]));
  if (workers.length > 0) lines.push(...table([['worker', 'status', 'ack ms', 'handlers'], ...workers.map(workerRow)]));
  if (handlers.length > 0) lines.push(...table([['handler', 'ms', ''], ...handlers.map(handlerRow)]));
  lines.push(...notes.map((note) => `  note: ${note}`));
  return lines.join('\n');
}
