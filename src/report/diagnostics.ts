/**
 * What a thread tells of its shutdown over `node:diagnostics_channel`, for telemetry. Node has loaded that module
 * already wherever `node:worker_threads` is, and a channel without a subscriber costs a look and no more.
 */
import type { Channel } from 'node:diagnostics_channel';
import { process } from '../platform.ts';
import type { Reason, Route } from '../wire/reason.ts';
import type { HandlerReport, ShutdownReport, WorkerReport } from './report.ts';

/** What the channels of `tracingChannel('worker-atexit:shutdown')` carry: one object a shutdown, to hang a span on. */
export interface ShutdownTrace {
  readonly route: Route;
  readonly signal?: NodeJS.Signals;
  /** Set once all is done. */
  report?: ShutdownReport;
  /** Set where the report is not ok: what handlers threw, here and in workers. */
  error?: AggregateError;
}

/** What `worker-atexit:handler` carries; `worker-atexit:worker` carries a {@link WorkerReport}. */
export interface HandlerMessage extends Omit<HandlerReport, 'stage'> {
  readonly stage: 'drain' | 'handlers';
}

const { channel } = process.getBuiltinModule('node:diagnostics_channel');

/** Node's own `tracingChannel` takes four times as long to make them: 0.1 ms, in every thread. */
const traced = (event: string): Channel => channel(`tracing:worker-atexit:shutdown:${event}`);

const started = traced('start');

const ended = traced('end');

const asyncStarted = traced('asyncStart');

const asyncEnded = traced('asyncEnd');

const failed = traced('error');

const tracing = [started, ended, asyncStarted, asyncEnded, failed];

const handlerChannel = channel('worker-atexit:handler');

const workerChannel = channel('worker-atexit:worker');

export function publishHandler(stage: HandlerMessage['stage'], report: HandlerReport): void {
  if (handlerChannel.hasSubscribers) handlerChannel.publish({ ...report, stage } satisfies HandlerMessage);
}

/** Whether anybody listens to any of this thread's channels. */
export function isObserved(): boolean {
  return [...tracing, handlerChannel, workerChannel].some(({ hasSubscribers }) => hasSubscribers);
}

export function publishWorkers(reports: readonly WorkerReport[]): void {
  if (workerChannel.hasSubscribers) for (const report of reports) workerChannel.publish(report);
}

export interface Tracing {
  /** Runs a part of the shutdown; the first one within the stores that are bound to `start`. */
  run(part: () => void): void;
  finish(report: ShutdownReport): void;
}

/**
 * Follows one shutdown, as Node's `tracePromise` does a call; on a synchronous route, as `traceSync` does. Undefined where
 * nobody listens: what a function does for the first time costs more than it does, and each worker would pay for it.
 */
export function traceShutdown(reason: Reason): Tracing | undefined {
  return tracing.some(({ hasSubscribers }) => hasSubscribers) ? createTracing(reason) : undefined;
}

function createTracing({ route, signal }: Reason): Tracing {
  const trace: ShutdownTrace = { route, ...(signal && { signal }) };
  let state: 'new' | 'synchronous' | 'asynchronous' | 'over' = 'new';
  return {
    run(part) {
      if (state !== 'new') {
        part();
        return;
      }
      state = 'synchronous';
      started.runStores(trace, part);
      if (state !== 'synchronous') return;
      state = 'asynchronous';
      ended.publish(trace);
    },

    finish(report) {
      const wasSynchronous = state !== 'asynchronous';
      state = 'over';
      trace.report = report;
      if (!report.ok && failed.hasSubscribers) {
        trace.error = toAggregate(report);
        failed.publish(trace);
      }
      if (wasSynchronous) ended.publish(trace);
      else {
        asyncStarted.publish(trace);
        asyncEnded.publish(trace);
      }
    },
  };
}

function toAggregate({ route, signal, handlers, stages, workers }: ShutdownReport): AggregateError {
  const all = [...stages.flatMap((stage) => stage.handlers ?? []), ...workers.flatMap((worker) => worker.handlers)];
  const errors = [...all, ...handlers].flatMap(({ error }) => error ?? []);
  return new AggregateError(errors, `not a clean shutdown (${signal ?? route})`);
}
