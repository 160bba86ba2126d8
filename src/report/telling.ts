/** To whom a shutdown is told: the logger, `onReport`, and whoever subscribes to the diagnostics channels. */
import type { Settings } from '../options.ts';
import type { Reason } from '../wire/reason.ts';
import { publishHandler, publishWorkers, type Tracing, traceShutdown } from './diagnostics.ts';
import { toError, toErrorText } from './errors.ts';
import { describeHandler } from './format.ts';
import { type HandlerReport, isCleanWorker, type ShutdownReport, type WorkerReport } from './report.ts';

export interface Telling {
  log(message: string): void;
  /** Begins to trace a shutdown; undefined where nobody listens. */
  trace(reason: Reason): Tracing | undefined;
  /** Nothing more becomes of a handler. */
  publishHandler(stage: 'drain' | 'handlers', report: HandlerReport): void;
  publishWorkers(reports: readonly WorkerReport[]): void;
  /** A line for each handler, and each worker, that was not clean. */
  logWorkers(reports: readonly WorkerReport[]): void;
  /** Hands the report to those who listen, and then to `onReport`. */
  report(report: ShutdownReport): void;
  /** Called with every report, synchronously, before the program's `onReport`. */
  onEnd(listener: (report: ShutdownReport) => void): void;
}

/** `isSilent`: nobody is told anything but `onReport`, which a silent thread has not. */
export function createTelling(settings: () => Settings, isSilent: boolean): Telling {
  const listeners = new Set<(report: ShutdownReport) => void>();

  function log(message: string): void {
    const { logger } = settings();
    if (!logger || isSilent) return;
    try {
      logger.error(`worker-atexit: ${message}`);
    } catch {
      // A logger that fails must not stop a shutdown, and there is nowhere left to say so.
    }
  }

  return {
    log,
    trace: (reason) => (isSilent ? undefined : traceShutdown(reason)),

    publishHandler(stage, report) {
      if (!isSilent) publishHandler(stage, report);
    },

    publishWorkers(reports) {
      if (!isSilent && reports.length > 0) publishWorkers(reports);
    },

    logWorkers(reports) {
      for (const worker of reports) {
        // A process tells itself of its handlers, and how it ended was told by who has started it.
        if (worker.pid !== undefined) continue;
        for (const handler of worker.handlers) {
          const line = describeHandler(handler);
          if (line !== undefined) log(`${worker.name}: ${line}`);
        }
        if (!isCleanWorker(worker) && worker.diagnosis !== undefined) {
          log(`${worker.name} ${worker.status}: ${worker.diagnosis}`);
        }
      }
    },

    onEnd: (listener) => void listeners.add(listener),

    report(report) {
      for (const listener of listeners) listener(report);
      try {
        settings().onReport?.(report);
      } catch (thrown) {
        log(`onReport failed: ${toErrorText(toError(thrown)).stack}`);
      }
    },
  };
}
