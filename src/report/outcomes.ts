/** Reports to wire and back. */
import type { HandlerOutcome, WorkerOutcome } from '../wire/outcomes.ts';
import { fromErrorText, toErrorText } from './errors.ts';
import type { HandlerReport, WorkerReport } from './report.ts';

export function toOutcome({ error, ...outcome }: HandlerReport): HandlerOutcome {
  return error === undefined ? outcome : { ...outcome, error: toErrorText(error) };
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
