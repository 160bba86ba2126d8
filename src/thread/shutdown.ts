/**
 * One shutdown of one thread: why it was asked for, how long it has, what became of everything, and its report. It is
 *
 *   begun       the signal is aborted and the tree knows
 *   draining    drain functions run, then pools finish what they have
 *   collecting  the workers were ordered, and their acks are waited for
 *   handling    this thread's own handlers run
 *   told        its report is made, and a worker has acked
 */
import { now } from '../clock.ts';
import { defaults } from '../options.ts';
import { process } from '../platform.ts';
import { toError, toErrorText } from '../report/errors.ts';
import { describeHandler } from '../report/format.ts';
import { toOutcome, toWorkerOutcome } from '../report/outcomes.ts';
import { type HandlerReport, isCleanHandler, type ShutdownReport } from '../report/report.ts';
import { createDriver } from '../sequence/drivers.ts';
import { sequence } from '../sequence/sequence.ts';
import type { Outcome, Parts } from '../sequence/step.ts';
import { Header } from '../table/cells.ts';
import { SHARES } from '../times.ts';
import { arm, disarm, startGuard } from '../watchdog/watchdog.ts';
import type { Route } from '../wire/reason.ts';
import { createCollecting } from './collecting.ts';
import { conclude, ownHandlers } from './conclusion.ts';
import type { Begun, Shutdown, ShutdownRequest } from './parts.ts';
import { fitInto } from './supervision.ts';
import type { Surroundings } from './surroundings.ts';
import { type Awaited, showWaiting } from './waiting.ts';

/** Why what was left unfinished could not be waited for, and what to do instead. `signal`: the process ends by it. */
function adviceFor(route: Route | undefined, signal: string | undefined): string {
  if (route === 'uncaughtException' || route === 'unhandledRejection') {
    return "no asynchronous work goes on after an uncaught error. configure({ crash: 'graceful' }) lets it finish";
  }
  if (signal !== undefined)
    return `no asynchronous work goes on once ${signal} has come again, or process.exit() was called`;
  return (
    'no asynchronous work goes on after process.exit(). ' +
    "Call worker-atexit's exit(), or set process.exitCode and let the program end"
  );
}

const nobody = (): void => {};

/** `onTold`: its report is made, and is about to be handed out. `begun`: it went the straight way so far. */
export function createShutdown(
  around: Surroundings,
  request: ShutdownRequest,
  onTold: () => void,
  begun?: Begun,
): Shutdown {
  const { isMain, table, handlers, drains, pools, children, others, parent, entrusted, phase, telling, settings } =
    around;
  const { reason, cause, timeout: asked = settings().timeout } = request;
  const startedAt = begun?.startedAt ?? now();
  const error = begun?.error ?? around.createError(reason, cause);
  const outcome: Outcome = { stages: [], drained: [], pools: [], handlers: begun?.reports ?? [] };
  const notes: string[] = [...(begun?.notes ?? [])];
  const trace = telling.trace(reason);
  /** The failures that the parent tells, from this worker's ack. */
  const leftToParent: string[] = [];
  /** Servers that go on serving for a while do so on top of the timeout; a worker has no more than its order leaves it. */
  const waited = around.order() === undefined && !around.isExiting() ? drains.delay : 0;
  const isOrdered = reason.route === 'signal' || reason.route === 'message';
  const limit = isOrdered ? around.supervisor()?.limit(asked + waited) : undefined;
  const { timeout, delay: extra } = fitInto(limit, asked, waited);
  /** How long it has, and since when: what is over first counts. */
  const limits = begun?.limits ?? [{ since: startedAt + extra, timeout }];
  let stage: Shutdown['stage'] = begun ? 'handling' : 'begun';
  /** How many handlers have started in this stage. */
  let started = outcome.handlers.length;
  let endGuard: (() => void) | undefined;
  /** What has ended the event loop before all was done. */
  let cutBy: Route | undefined;
  let endWaiting: (() => void) | undefined;
  const settled = new WeakSet<HandlerReport>();

  const deadline = (share: number): number => Math.min(...limits.map((limit) => limit.since + limit.timeout * share));
  const collecting = createCollecting(around, reason, deadline, () => void notes.push(...pools.wake()));

  /** For want of a worker that has acked: only such a one can stand guard otherwise. */
  function standGuard(): void {
    if (!isMain || settings().watchdog !== true || endGuard) return;
    endGuard = nobody;
    attempt('the watchdog has no thread to stand guard', () => {
      endGuard = startGuard(table) ?? nobody;
    });
  }

  /** A failure here is told, and stops nothing. */
  function attempt(failed: string, act: () => void): void {
    try {
      act();
    } catch (thrown) {
      const line = `${failed}: ${toErrorText(toError(thrown)).message}`;
      notes.push(line);
      telling.log(line);
    }
  }

  const parts: Parts = {
    drains,
    handlers,
    deadline,
    delay: extra || (timeout * SHARES.drain) / 2,
    note: (line) => void notes.push(line),

    begin() {
      // What cannot fail comes first; what can stops nothing. The guard stands before the program's own listeners are called,
      // which may block.
      phase.begin(reason, deadline(SHARES.workers));
      children.begin();
      attempt('the supervisor could not be told of the shutdown', () => around.supervisor()?.begin(() => deadline(1)));
      attempt('child processes could not be told of the shutdown', others.begin);
      if (isMain && settings().watchdog !== false) {
        attempt('the watchdog could not be armed', () => arm(table, deadline(1), settings().logger === false));
      }
      // Where this thread has not yet heard of the workers that it has made.
      if (Atomics.load(table.cells, Header.highestSlot) > 0) {
        attempt('what was entrusted to the main thread could not be heard', entrusted.listen);
      }
      if (children.size === 0 || drains.size > 0) standGuard();
      around.abort(error);
      collecting.pulse();
      if (isMain && settings().logger && !around.isExiting()) endWaiting = showWaiting(awaited, timeout);
    },

    hasToDrain() {
      if (drains.size + pools.size === 0) return false;
      stage = 'draining';
      return true;
    },

    refuse() {
      started = 0;
      around.showProgress(0, 0, '');
      notes.push(...pools.refuse(error));
    },

    idle: (sync) => (sync ? undefined : pools.idle(outcome.pools)),
    isLeaf: () => !isMain && pools.size + others.size === 0 && children.hasNone(),

    workers: {
      start(sync) {
        stage = 'collecting';
        return collecting.start(sync);
      },
      block: collecting.block,
      terminateSilent: collecting.terminateSilent,
      look: collecting.look,
    },

    handOver() {
      entrusted.collect();
      if (!children.hasAcked()) standGuard();
      // The first of them is to be called first.
      for (const { report, onFailure } of children.failures().reverse())
        if (onFailure) handlers.add(onFailure, [report]);
    },

    flush(sync) {
      if (parent) return parent.flush(sync || around.order()?.sync === true, around.isEnding());
      return sync ? undefined : children.flush();
    },

    onHandler({ name }, behind) {
      if (stage === 'collecting') stage = 'handling';
      started++;
      around.showProgress(started, started + behind, name);
    },

    onFailure(report, isSync) {
      const line = describeHandler(report);
      if (line === undefined) return;
      const advised = isSync && report.unfinished ? `${line}: ${adviceFor(cutBy, around.ending()?.signal)}` : line;
      if (parent?.isHeard()) leftToParent.push(advised);
      else telling.log(advised);
    },

    onSettled(stage, report) {
      if (isMain) settled.add(report);
      telling.publishHandler(stage, report);
    },
  };

  const awaited: Awaited = {
    stage: () => stage,
    outcome,
    isSettled: (report) => settled.has(report),
    workers: () => [...children.reports().workers, ...others.soFar()],
    startedAt,
    until: () => deadline(1),
    keyboard() {
      const { signal } = around.ending() ?? {};
      if (signal === undefined || process.listenerCount('SIGINT') === 0) return undefined;
      return `Ctrl+C ${signal === 'SIGINT' ? 'again ' : ''}ends at once`;
    },
    isPlain: settings().logger === defaults.logger,
    log: telling.log,
  };

  function end(): void {
    endWaiting?.();
    collecting.end();
    if (isMain) disarm(table);
    if (around.ending() === undefined) endGuard?.();
    for (const { name, unfinished } of outcome.pools)
      if (unfinished) notes.push(`pool ${name} has not finished its tasks`);
    const { workers: threads, told } = children.reports();
    const processes = others.reports();
    const report = conclude({
      error,
      outcome,
      workers: [...threads, ...processes],
      notes,
      durationMs: now() - startedAt,
      startedAt,
      ending: isMain ? around.ending() : undefined,
      failureExitCode: settings().failureExitCode,
      trustsSignals: around.supervisor()?.trustsSignals === true,
    });
    stage = 'told';
    onTold();
    const untold = threads.filter((worker) => !told.has(worker));
    telling.publishWorkers([...untold, ...processes]);
    trace?.finish(report);
    if (!ack(report)) {
      leftToParent.forEach(telling.log);
      telling.logWorkers(untold);
    }
    telling.report(report);
    resolve(report);
  }

  /** Whether a parent hears, and tells, what became of this thread. */
  function ack({ workers }: ShutdownReport): boolean {
    const own = ownHandlers(outcome);
    const failures = own.filter((handler: HandlerReport) => !isCleanHandler(handler)).length;
    return (
      parent?.ack(own.map(toOutcome), workers.map(toWorkerOutcome), failures, around.isEnding(), startedAt) ?? false
    );
  }

  let resolve: (report: ShutdownReport) => void = () => {};
  const finished = new Promise<ShutdownReport>((settle) => {
    resolve = settle;
  });
  const driver = createDriver(sequence(parts, outcome, begun), {
    onError: (thrown) => void notes.push(`a step failed: ${toErrorText(toError(thrown)).stack}`),
    onEnd: end,
  });
  const { drive, takeOver } = driver;

  for (const report of begun?.failed ?? []) parts.onFailure(report, false);

  return {
    get stage() {
      return stage;
    },
    ended: finished,
    report: () => finished,
    drive: trace ? () => trace.run(drive) : drive,

    takeOver(route) {
      cutBy = route;
      if (trace) trace.run(takeOver);
      else takeOver();
    },

    shorten: (shorter) => void limits.push({ since: now(), timeout: shorter }),
    deadline,
    note: (message) => void notes.push(message),
    isRevivable: reason.route === 'beforeExit',
  };
}
