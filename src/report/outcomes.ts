/** Reports to wire and back. */
import type { HandlerOutcome, WorkerOutcome } from '../wire/outcomes.ts';
import { fromErrorText, toErrorText } from './errors.ts';
import type { HandlerReport, WorkerReport } from './report.ts';

export function toOutcome({ name, durationMs, startedAt, stage, error, unfinished }: HandlerReport): HandlerOutcome {
  // Most are clean, and to spread what is not there costs more than all else here.
  if (!stage && !error && !unfinished) return { name, durationMs, startedAt };
  return {
    name,
    durationMs,
    startedAt,
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
