/**
 * This thread: its handlers, its links, and its shutdown from the first step to the last. Every thread is the same
 * thing; the main thread is the one with no link up.
 */
import { createEntrusting } from '../../workers/entrusting.ts';
import { createUp, type Up } from '../../workers/parent.ts';
import { createChildren } from '../children/children.ts';
import type { FailedWorker } from '../children/terms.ts';
import { now } from '../clock.ts';
import { createEntrusted, type Entrusted } from '../handlers/entrusted.ts';
import { createFinalize } from '../handlers/finalizers.ts';
import type { Handler } from '../handlers/handler.ts';
import { createRegistry } from '../handlers/registry.ts';
import { defaults } from '../options.ts';
import { isObserved, publishHandler, publishWorkers, traceShutdown } from '../report/diagnostics.ts';
import { ShutdownError, toError, toErrorText } from '../report/errors.ts';
import { describeHandler, formatReport } from '../report/format.ts';
import { toOutcome, toWorkerOutcome } from '../report/outcomes.ts';
import {
  type HandlerReport,
  isCleanHandler,
  isCleanWorker,
  type ShutdownReport,
  type WorkerReport,
} from '../report/report.ts';
import { isThenable } from '../sequence/call.ts';
import { createDriver } from '../sequence/drivers.ts';
import { sequence } from '../sequence/sequence.ts';
import type { Outcome } from '../sequence/step.ts';
import { signalNumber } from '../signal-names.ts';
import { Header, Phase, ROOT } from '../table/cells.ts';
import { showProgress } from '../table/progress.ts';
import { ownTime, QUIET, SHARES, SPREAD } from '../times.ts';
import { arm, disarm, startGuard } from '../watchdog/watchdog.ts';
import type { OrderMessage } from '../wire/messages.ts';
import { type Reason, ROUTES } from '../wire/reason.ts';
import { isInvite } from '../wire/validators.ts';
import { createOthers } from './others.ts';
import type { Hooks, Place, Run, Terms, Thread } from './parts.ts';
import { createPools } from './pools.ts';

/** How many times the flag is read plainly, less one, before it is read atomically: a mask. */
const LOOKS = 0x3f;

const ADVICE =
  'no asynchronous work goes on after process.exit() or an uncaught error. ' +
  "Call worker-atexit's exit(), or set process.exitCode and let the program end";

export function createThread(place: Place, createHooks: (thread: Thread) => Hooks): Thread {
  const { isMain, threadId, table, ancestorId, deliver, rehearse } = place;
  const { cells } = table;
  /** Its shutdown is the whole tree's. */
  const isRoot = ancestorId === undefined;

  const handlers = createRegistry();
  const drains = createRegistry();
  const pools = createPools();
  const others = createOthers();
  const signalListeners = new Set<(signal: AbortSignal) => void>();
  const endListeners = new Set<(report: ShutdownReport) => void>();
  let settings = defaults;
  let controller = newController();
  let run: Run | undefined;
  let order: OrderMessage | undefined;
  /** Whether that came with the shutdown of the whole tree. */
  let isTrees = false;
  /** Whether anything was used since the beginning, or since a shutdown in a thread that lives on. */
  let used = false;
  let installed = false;
  let looks = 0;
  let rehearsed = false;
  /** While a shutdown is through, and what was registered is being ended. */
  let closing: Promise<readonly PromiseSettledResult<unknown>[]> | undefined;

  /** Absent, too, while it is being made: the shutdown of the whole tree may have begun by then. */
  let up: Up | undefined;
  const children = createChildren(
    { table, threadId, isMain, slot: () => (isMain ? ROOT : isRoot ? undefined : up?.slot) },
    { log, onLink, onOwnEnd: tellOfWorkers, onGone: (thread) => entrusted.gone(thread), onFailedWorker },
  );

  if (!isMain) {
    up = createUp(
      { table, threadId, parentId: ancestorId ?? 0, inherited: !isRoot, deliver },
      { onBegin, onOrder: obey, onLinked: rehearseSoon, onOver, log },
    );
  }

  const lookout = up?.lookout;

  const entrusted: Entrusted = up
    ? createEntrusting(threadId, up)
    : createEntrusted({
        isDeaf: rehearse === undefined,

        keep(handler, from) {
          handlers.add(handler, []);
          use();
          children.watchExit(from);
        },
        drop: (handler) => handlers.remove(handler),
        due(handler) {
          // In a shutdown it is run with the others.
          if (run !== undefined) return;
          handlers.remove(handler);
          callNow({ name: handler.name, call: handler });
        },
        isExiting: () => thread.isExiting,
        onListen() {
          Atomics.store(cells, Header.hearing, 1);
          Atomics.notify(cells, Header.hearing);
        },
        log,
      });

  function onFailedWorker({ report, onFailure, isFatal, error: cause }: FailedWorker): void {
    const name = onFailure?.name || 'onFailure';
    if (onFailure) callNow({ name, call: () => onFailure(report) });
    if (!isFatal) return;
    const message = `essential worker ${report.name} ended: ${report.diagnosis ?? report.status}`;
    log(message);
    hooks.endBy(new Error(message, { cause }));
  }

  function newController(): AbortController {
    const created = new AbortController();
    process.getBuiltinModule('node:events').setMaxListeners(0, created.signal);
    return created;
  }

  function abort(error: ShutdownError): void {
    if (!controller.signal.aborted) controller.abort(error);
  }

  function log(message: string): void {
    const { logger } = thread.settings;
    if (!logger || !rehearse) return;
    try {
      logger.error(`worker-atexit: ${message}`);
    } catch {
      // A logger that fails must not stop a shutdown, and there is nowhere left to say so.
    }
  }

  function logWorkers(reports: readonly WorkerReport[]): void {
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
  }

  function tellOfWorkers(reports: readonly WorkerReport[]): void {
    publishWorkers(reports);
    logWorkers(reports);
  }

  function setPhase(phase: number): void {
    if (isRoot) Atomics.store(cells, Header.phase, phase);
  }

  /**
   * Wakes every worker that is not woken by an order of its own. It is not done before it must be: to be woken twice costs
   * each of them as much again.
   */
  function spreadPhase(): void {
    if (isRoot) Atomics.notify(cells, Header.phase);
  }

  function show(handler: number, count: number, name: string): void {
    if (up) up.showProgress(handler, count, name);
    else showProgress(table, ROOT, handler, count, name);
  }

  /** The first link, up or down: a shutdown may come one day, and is to find its way prepared. */
  function rehearseSoon(): void {
    if (rehearsed || !rehearse) return;
    rehearsed = true;
    setTimeout(() => {
      if (thread.isShuttingDown() || isObserved()) return;
      try {
        rehearse();
      } catch {
        // The shutdown will take longer, no more.
      }
    }, QUIET).unref();
  }

  function onLink(): void {
    use();
    rehearseSoon();
  }

  function use(): void {
    if ((used && !run?.report) || (closing && !thread.isExiting)) return;
    if (closing) {
      // The next shutdown, if there is anything for it, waits no longer.
      if (handlers.size + drains.size === 0 && !children.hasJoined()) return;
      closing = undefined;
      renew();
      return;
    }
    if (run?.report) {
      if (isTreeOver()) onOver();
      // It was told to end, and is through: what comes now has as long as there is.
      if (thread.isExiting) runLate();
      else if (isEnding()) queueMicrotask(runLate);
      // Revived: somebody gave the event loop new work after all was done.
      else if (run.isRevivable) renew();
      if (run) return;
    }
    used = true;
    if (!installed) hooks.install();
    installed = true;
    up?.join();
  }

  /** Whether this thread was told to end, or ends by itself. */
  const isEnding = (): boolean => order !== undefined || thread.ending !== undefined;

  /** Calls what was registered when all was done. Nobody waits for it. */
  function runLate(): void {
    const take = (): Handler | undefined => handlers.take() ?? drains.take();
    for (let handler = take(); handler !== undefined; handler = take()) callNow(handler);
  }

  /** Calls a handler outside of the sequence. A shutdown that begins meanwhile waits for it. */
  function callNow({ name, call }: Handler): void {
    const failed = (thrown: unknown): void => log(`handler ${name} failed: ${toErrorText(toError(thrown)).stack}`);
    try {
      const returned = call();
      if (!isThenable(returned)) return;
      const result = Promise.resolve(returned).catch(failed);
      if (run !== undefined) return;
      const pending = Object.defineProperty(() => result, 'name', { value: name });
      handlers.add(pending, []);
      result.then(() => handlers.remove(pending));
    } catch (thrown) {
      failed(thrown);
    }
  }

  function obey(message: OrderMessage): void {
    const { reason, timeout } = message;
    // It acted on the flag, and now the order has come down after all.
    const again = order !== undefined;
    order = message;
    isTrees = Atomics.load(cells, Header.phase) !== Phase.running;
    if (closing) return;
    if (run?.report && !again) up?.ack([], [], 0);
    // Its parent blocks now, or ends while it had ended this thread alone: that may leave less time.
    if (run) run.shorten(ownTime(timeout));
    else begin({ reason, timeout: ownTime(timeout) }).driver.drive();
  }

  /** The shutdown of the whole tree has begun, and this thread's order is to come. */
  function onBegin(reason: Reason): void {
    children.begin();
    abort(new ShutdownError(reason));
  }

  function onOver(): void {
    order = undefined;
    if (run === undefined) renew();
    else {
      const over = run;
      run.finished.then(() => liveOn(over));
    }
  }

  /** Whether the shutdown that this worker was told of is over: the root's flag may be here before the message. */
  function isTreeOver(): boolean {
    return !isRoot && order !== undefined && isTrees && Atomics.load(cells, Header.phase) === Phase.running;
  }

  /** Ends what was registered. What is used meanwhile is for the next shutdown, which waits. */
  async function liveOn(over: Run): Promise<void> {
    closing = Promise.allSettled([pools.end(), children.terminate()]);
    for (const ended of await closing) {
      if (ended.status === 'rejected')
        log(`what was registered could not be ended: ${toErrorText(toError(ended.reason)).stack}`);
    }
    closing = undefined;
    if (run !== over) return;
    // This thread may have been told to end meanwhile.
    const told = order;
    if (told && handlers.size + drains.size === 0) up?.ack([], [], 0);
    else renew();
    if (told) obey(told);
  }

  function begin({ reason, cause, timeout = thread.settings.timeout }: Terms): Run {
    const startedAt = now();
    const error = new ShutdownError(reason, cause);
    const outcome: Outcome = { stages: [], drained: [], handlers: [] };
    const notes: string[] = [];
    const trace = rehearse && traceShutdown(reason);
    /** The failures that the parent is to tell, from this worker's ack. */
    const left: string[] = [];
    let started = 0;
    let stopPulse = (): void => {};
    let relieve: (() => void) | undefined;
    let spreading: NodeJS.Timeout | undefined;
    /** Once this thread's event loop no longer turns: until when it blocks for its workers. */
    let blockUntil: number | undefined;

    /** Servers that go on serving for a while do so on top of the timeout; a worker has no more than its order leaves it. */
    const extra = order === undefined && !thread.isExiting ? drains.delay : 0;

    /** How long it has, and since when: what is over first counts. */
    const limits = [{ since: startedAt + extra, timeout }];

    const deadline = (share: number): number => Math.min(...limits.map((limit) => limit.since + limit.timeout * share));
    const wake = (): void => void notes.push(...pools.wake());

    const toOrder = () => ({
      reason,
      until: blockUntil ?? deadline(SHARES.workers),
      sync: blockUntil !== undefined || order?.sync === true,
      relay: order?.relay ?? { stdout: true, stderr: true },
    });

    /** For want of a worker that has acked. */
    function standGuard(): void {
      if (isMain && thread.settings.watchdog === true) relieve ??= startGuard(table);
    }

    /** The time that every worker has, should no message tell it. */
    function announceTime(): void {
      Atomics.store(cells, Header.timeout, Math.max(0, Math.ceil(toOrder().until - now())));
      Atomics.store(cells, Header.sentAt, Math.trunc(now()));
    }

    /** The workers of this thread were ordered. */
    function announce(phase: number): void {
      if (!isRoot) return;
      announceTime();
      setPhase(phase);
      if (Atomics.load(cells, Header.strangers) > 0) spreadPhase();
    }

    function onFailure(report: HandlerReport, isSync: boolean): void {
      const line = describeHandler(report);
      if (line === undefined) return;
      const advised = isSync && report.unfinished ? `${line}: ${ADVICE}` : line;
      if (up?.isHeard()) left.push(advised);
      else log(advised);
    }

    const steps = sequence(
      {
        drains,
        handlers,
        deadline,
        delay: extra || (timeout * SHARES.drain) / 2,
        note: (line) => void notes.push(line),
        begin() {
          if (isRoot) {
            Atomics.store(cells, Header.route, ROUTES.indexOf(reason.route));
            Atomics.store(cells, Header.signal, reason.signal === undefined ? 0 : signalNumber(reason.signal));
            Atomics.store(cells, Header.exitCode, reason.exitCode ?? 0);
            if (isMain && thread.settings.watchdog !== false) {
              arm(table, deadline(1), thread.settings.logger === false);
            }
            announceTime();
            setPhase(Phase.begun);
            // If there is nothing to drain, the workers are ordered before this comes.
            queueMicrotask(() => {
              if (Atomics.load(cells, Header.phase) === Phase.begun) spreadPhase();
            });
          }
          // Where this thread has not yet heard of the workers that it has made.
          if (Atomics.load(cells, Header.used) > 0) entrusted.listen();
          children.begin();
          others.begin();
          // A worker can only stand guard once it has acked.
          if (children.size === 0 || drains.size > 0) standGuard();
          abort(error);
          if (children.size > 0) stopPulse = up?.pulse() ?? stopPulse;
        },
        hasToDrain: () => drains.size + pools.size > 0,
        refuse() {
          started = 0;
          show(0, 0, '');
          notes.push(...pools.refuse(error));
        },
        idle: (sync) => (sync ? undefined : pools.idle()),
        isLeaf: () => !isMain && pools.size + others.size === 0 && children.hasNone(),
        workers: {
          start(sync) {
            if (sync) return undefined;
            stopPulse();
            const orders = toOrder();
            const acks = children.order(orders);
            const ends = others.order(orders);
            announce(Phase.ordered);
            wake();
            if (acks && isRoot) spreading ??= setTimeout(spreadPhase, SPREAD).unref();
            return ends ? Promise.all([acks, ends]).then(() => {}) : acks;
          },
          block() {
            stopPulse();
            // A worker that was told to end has no more than its order leaves it, however its end goes on.
            blockUntil ??= Math.min(
              now() + thread.settings.syncTimeout,
              order === undefined ? Number.POSITIVE_INFINITY : deadline(SHARES.workers),
            );
            const spreadAt = now() + SPREAD;
            others.order(toOrder());
            children.block(toOrder(), {
              onOrdered() {
                announce(Phase.orderedSync);
                wake();
              },
              rouse: () => pools.rouse(),
              spreadAt,
              spread: spreadPhase,
            });
            others.block(blockUntil);
          },
          terminateSilent() {
            const isOneSilent = children.terminateSilent();
            return others.terminateSilent() || isOneSilent;
          },
        },
        handOver() {
          entrusted.collect();
          if (!children.hasAcked()) standGuard();
          // The first of them is to be called first.
          for (const { report, onFailure } of children.failures().reverse())
            if (onFailure) handlers.add(onFailure, [report]);
        },
        flush: (sync) =>
          up ? up.flush(sync || order?.sync === true, isEnding()) : sync ? undefined : children.flush(),
        onHandler({ name }, behind) {
          started++;
          show(started, started + behind, name);
        },
        onFailure,
        onSettled(stage, report) {
          if (rehearse) publishHandler(stage, report);
        },
      },
      outcome,
    );

    function end(): void {
      clearTimeout(spreading);
      if (isMain) disarm(table);
      if (thread.ending === undefined) relieve?.();
      const { workers: threads, told } = children.reports();
      const processes = others.reports();
      const workers = [...threads, ...processes];
      const drained = outcome.drained.map((handler): HandlerReport => ({ ...handler, stage: 'drain' }));
      const own = [...drained, ...outcome.handlers];
      const timedOut = outcome.stages.some((stage) => stage.timedOut);
      const ok = !timedOut && own.every(isCleanHandler) && workers.every(isCleanWorker);
      const facts = {
        ok,
        route: reason.route,
        reason: error,
        ...endingOf(ok, reason.exitCode),
        durationMs: now() - startedAt,
        stages: outcome.stages,
        workers,
        handlers: outcome.handlers,
        notes,
      };
      const report: ShutdownReport = { ...facts, toString: () => formatReport(facts) };
      created.report = report;
      const untold = threads.filter((worker) => !told.has(worker));
      if (rehearse && untold.length + processes.length > 0) publishWorkers([...untold, ...processes]);
      trace?.finish(report);
      const failures = own.filter((handler) => !isCleanHandler(handler)).length;
      if (!up?.ack(own.map(toOutcome), workers.map(toWorkerOutcome), failures, isEnding())) {
        left.forEach(log);
        logWorkers(untold);
      }
      for (const listener of endListeners) listener(report);
      tell(report);
      resolve(report);
    }

    let resolve: (report: ShutdownReport) => void = () => {};
    const driver = createDriver(steps, {
      onError: (thrown) => void notes.push(`a step failed: ${toErrorText(toError(thrown)).stack}`),
      onEnd: end,
    });
    const created: Run = {
      driver: trace ? { drive: () => trace.run(driver.drive), takeOver: () => trace.run(driver.takeOver) } : driver,
      finished: new Promise((settle) => {
        resolve = settle;
      }),
      shorten: (shorter) => void limits.push({ since: now(), timeout: shorter }),
      report: undefined,
      isRevivable: reason.route === 'beforeExit',
    };
    run = created;
    return created;
  }

  /** How the process ends, as the report has it. A failure turns exit code 0 into `failureExitCode`. */
  function endingOf(ok: boolean, asked = 0): { exitCode?: number; signal?: NodeJS.Signals } {
    if (thread.ending === undefined || !isMain) return {};
    const { signal } = thread.ending;
    const code = Number(process.exitCode ?? asked);
    if (signal !== undefined && code === 128 + signalNumber(signal)) return { signal };
    if (code !== 0 || ok) return { exitCode: code };
    const { failureExitCode } = thread.settings;
    if (failureExitCode !== 0) process.exitCode = failureExitCode;
    return { exitCode: failureExitCode };
  }

  function tell(report: ShutdownReport): void {
    try {
      thread.settings.onReport?.(report);
    } catch (thrown) {
      log(`onReport failed: ${toErrorText(toError(thrown)).stack}`);
    }
  }

  /** All as new. The hooks stay for what was registered meanwhile, and for workers that live on: they may register again. */
  function renew(): void {
    run = undefined;
    order = undefined;
    show(0, 0, '');
    setPhase(Phase.running);
    spreadPhase();
    children.over();
    others.over();
    used = handlers.size > 0 || drains.size > 0 || pools.size > 0 || others.size > 0;
    up?.over(used);
    if (controller.signal.aborted) {
      controller = newController();
      for (const listener of signalListeners) listener(controller.signal);
    }
    if (!installed || used || children.size > 0) return;
    installed = false;
    hooks.uninstall();
    if (children.hasLiving()) hooks.watch();
  }

  const thread: Thread = {
    isMain,
    handlers,
    drains,
    children,
    pools,
    others,
    entrusted,
    finalize: createFinalize(handlers, callNow),
    get settings() {
      if (isRoot) return settings;
      // The root's, as far as they concern a worker that ends by itself.
      return {
        ...settings,
        timeout: Atomics.load(cells, Header.ownTimeout) || settings.timeout,
        syncTimeout: Atomics.load(cells, Header.ownSyncTimeout) || settings.syncTimeout,
        crash: Atomics.load(cells, Header.ignoresCrash) === 0 ? settings.crash : ('off' as const),
      };
    },

    configure(changed) {
      settings = changed;
      Atomics.store(cells, Header.ownTimeout, Math.max(1, changed.timeout));
      Atomics.store(cells, Header.ownSyncTimeout, Math.max(1, changed.syncTimeout));
      Atomics.store(cells, Header.ignoresCrash, changed.crash === 'off' ? 1 : 0);
    },

    ending: undefined,
    isExiting: false,
    use,
    log,

    get signal() {
      return controller.signal;
    },

    onNewSignal(listener) {
      signalListeners.add(listener);
    },

    isShuttingDown() {
      // A plain read takes a fraction of Atomics.load(), which is a call. That call, now and then, keeps a compiler from
      // taking the plain one out of a loop.
      looks = (looks + 1) & LOOKS;
      const flag = looks === 0 ? Atomics.load(cells, Header.phase) : cells[Header.phase];
      if (flag !== Phase.running || run !== undefined) return true;
      if (lookout === undefined) return false;
      return lookout.cells[Header.phase] !== Phase.running || lookout.cells[lookout.order] !== 0;
    },

    isUsed() {
      return used || children.hasJoined();
    },

    get state() {
      if (run === undefined) return 'running';
      return run.report === undefined ? 'ending' : 'ended';
    },

    shutDown(terms) {
      if (closing) {
        return closing.then(() => {
          // The hooks may be gone by then, and how the process ends is up to them.
          thread.use();
          return thread.shutDown(terms);
        });
      }
      if (!run) up?.heed();
      if (run) return run.finished;
      const { driver, finished } = begin(terms);
      driver.drive();
      return finished;
    },

    shorten: (timeout) => run?.shorten(timeout),
    onEnd: (listener) => void endListeners.add(listener),

    shutDownNow(terms) {
      if (!run) up?.heed();
      (run ?? begin(terms)).driver.takeOver();
    },

    hear(message, source) {
      if (isInvite(message)) up?.move(source, message.invite);
      else children.accept(message, source);
    },

    workerCreated(worker) {
      children.workerCreated(worker);
      up?.reserve();
      entrusted.listen();
      pools.adopt(worker);
      hooks.watch();
    },

    async liveOn() {
      if (run && !isEnding()) await liveOn(run);
    },
  };

  const hooks = createHooks(thread);
  return thread;
}
