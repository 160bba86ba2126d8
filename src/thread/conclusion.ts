/** What a shutdown comes to: its report, and the exit code. */
import { now } from '../clock.ts';
import { process } from '../platform.ts';
import type { ShutdownError } from '../report/errors.ts';
import { formatReport } from '../report/format.ts';
import { addOnDemand } from '../report/on-demand.ts';
import {
  type HandlerReport,
  isCleanHandler,
  isCleanWorker,
  type ShutdownReport,
  type WorkerReport,
} from '../report/report.ts';
import type { Outcome } from '../sequence/step.ts';
import { signalNumber } from '../signal-names.ts';
import type { Begun, Ending } from './parts.ts';

/** What is known of a shutdown that is through. */
interface Facts extends Pick<ShutdownReport, 'durationMs' | 'workers' | 'notes'> {
  readonly error: ShutdownError;
  readonly outcome: Outcome;
  /** How the process ends; undefined where it lives on, or where this is a worker. */
  readonly ending: Ending | undefined;
  readonly failureExitCode: number;
  /** The process's supervisor takes a death by its signal for a clean end. */
  readonly trustsSignals: boolean;
  /** When it began: ms of `now()`. */
  readonly startedAt: number;
}

/** What became of this thread's own handlers, those of the drain stage first. */
export const ownHandlers = ({ drained, handlers }: Outcome): HandlerReport[] => [
  ...drained.map((handler): HandlerReport => ({ ...handler, stage: 'drain' })),
  ...handlers,
];

/** Makes the report. A failure turns the process's exit code 0 into `failureExitCode`. */
export function conclude({ error, outcome, workers, notes, durationMs, startedAt, ...rest }: Facts): ShutdownReport {
  const { stages, handlers } = outcome;
  const ok = isOk(outcome, workers);
  const end = endOf(ok, error, rest);
  const facts = { ok, route: error.route, reason: error, ...end, durationMs, stages, workers, handlers, notes };
  const stamps = { startedAt, heardAt: rest.ending?.heardAt };
  return addOnDemand({ ...facts, toString: () => formatReport(facts) }, facts, stamps);
}

function isOk(outcome: Outcome, workers: readonly WorkerReport[]): boolean {
  const timedOut = outcome.stages.some((stage) => stage.timedOut);
  return !timedOut && ownHandlers(outcome).every(isCleanHandler) && workers.every(isCleanWorker);
}

/** How the process ends, as the report has it. */
function endOf(
  ok: boolean,
  { exitCode: asked = 0 }: ShutdownError,
  { ending, failureExitCode, trustsSignals }: Pick<Facts, 'ending' | 'failureExitCode' | 'trustsSignals'>,
): Pick<ShutdownReport, 'exitCode' | 'signal'> {
  if (ending === undefined) return {};
  const { signal } = ending;
  const code = Number(process.exitCode ?? asked);
  if (signal !== undefined && code === 128 + signalNumber(signal)) {
    if (ok || failureExitCode === 0 || !trustsSignals) return { signal };
  } else if (code !== 0 || ok) return { exitCode: code };
  if (failureExitCode !== 0) process.exitCode = failureExitCode;
  return { exitCode: failureExitCode };
}

/** What is reported of a worker that went the straight way to its end. */
export function concludeBegun({ error, startedAt, reports, notes }: Begun): ShutdownReport {
  const outcome: Outcome = { stages: [], drained: [], handlers: [...reports], pools: [] };
  const stages = (['drain', 'workers', 'handlers'] as const).map((name) => {
    return { name, startedAt, durationMs: name === 'handlers' ? now() - startedAt : 0 };
  });
  outcome.stages.push(...stages);
  const rest = { ending: undefined, failureExitCode: 0, trustsSignals: false };
  return conclude({
    error,
    outcome,
    workers: [],
    notes: [...notes],
    durationMs: now() - startedAt,
    startedAt,
    ...rest,
  });
}
