/**
 * The rest of a thread: its workers, its pools, its settings, and what is told of it. Every thread is the same thing; the
 * main thread is the one without a parent.
 */
import { createEntrusting } from '../../workers/entrusting.ts';
import { createChildren } from '../children/children.ts';
import type { FailedWorker } from '../children/terms.ts';
import { now } from '../clock.ts';
import { createEntrusted, type Entrusted } from '../handlers/entrusted.ts';
import { createFinalize } from '../handlers/finalizers.ts';
import { disposalOf } from '../handlers/resource.ts';
import { asKept } from '../iteration.ts';
import { setImmediate } from '../platform.ts';
import { isObserved } from '../report/diagnostics.ts';
import { toError, toErrorText } from '../report/errors.ts';
import { describeHandler } from '../report/format.ts';
import { createTelling } from '../report/telling.ts';
import { Header, ROOT } from '../table/cells.ts';
import { showProgress } from '../table/progress.ts';
import { OVERTIME, QUIET, SHARES, THREADS_LEAST } from '../times.ts';
import { concludeBegun } from './conclusion.ts';
import type { Core, Rest } from './halves.ts';
import { createLate } from './late.ts';
import { createOthers } from './others.ts';
import type { Hooks, Shutdown, Thread } from './parts.ts';
import { createPhase } from './phase.ts';
import { createPools } from './pools.ts';
import { createSettings } from './settings.ts';
import { createShutdown } from './shutdown.ts';
import type { Surroundings } from './surroundings.ts';

export function createThread(core: Core, createHooks: (thread: Thread) => Hooks): Rest {
  const { position, isRoot, handlers, drains, life, signal, parent, outside } = core;
  const { isMain, threadId, table, rehearse } = position;
  const { cells } = table;

  const pools = createPools();
  const others = createOthers();
  const settings = createSettings(table, isRoot);
  const telling = createTelling(() => settings.current, rehearse === undefined);
  const { log } = telling;
  const phase = createPhase(table, isRoot);
  const { isShutDown } = life;
  const { callNow, runLate } = createLate(handlers, drains, isShutDown, log);
  /** The shutdown whose pools and workers are being ended. */
  let closing: Shutdown | undefined;

  const children = createChildren(
    { table, threadId, isMain, slot: () => (isMain ? ROOT : isRoot ? undefined : parent?.slot) },
    {
      log,
      onLink() {
        life.use();
        rehearseMain();
      },
      onOwnEnd(reports) {
        telling.publishWorkers(reports);
        telling.logWorkers(reports);
      },
      onUnended: tellUnended,
      onGone: (gone) => entrusted.gone(gone),
      onFailedWorker,
    },
  );

  const entrusted: Entrusted = parent
    ? createEntrusting(threadId, parent)
    : createEntrusted({
        isDeaf: rehearse === undefined,

        keep(handler, from) {
          handlers.add(handler, []);
          life.use();
          children.watchExit(from);
        },
        drop: (handler) => handlers.remove(handler),
        due(handler) {
          // In a shutdown it is run with the others.
          if (isShutDown()) return;
          handlers.remove(handler);
          callNow({ name: handler.name, call: handler });
        },
        isExiting: () => core.isExiting,
        onListen() {
          Atomics.store(cells, Header.hearing, 1);
          Atomics.notify(cells, Header.hearing);
        },
        log,
      });

  /** Workers rehearse by themselves. */
  function rehearseMain(): void {
    if (isMain) core.rehearseSoon(QUIET, isObserved);
  }

  /** What was to end, alone or after a shutdown, is waited for no longer. */
  function tellUnended(line: string): void {
    closing?.note(line);
    log(line);
  }

  function onFailedWorker({ report, onFailure, isFatal, error: cause }: FailedWorker): void {
    const name = onFailure?.name || 'onFailure';
    if (onFailure) callNow({ name, call: () => onFailure(report) });
    if (!isFatal) return;
    const message = `essential worker ${report.name} ended: ${report.diagnosis ?? report.status}`;
    log(message);
    hooks.endBy(new Error(message, { cause }));
  }

  /** Ends what was registered. */
  async function close(over: Shutdown): Promise<void> {
    closing = over;
    const until = Math.max(over.deadline(SHARES.handlers) + OVERTIME, now() + THREADS_LEAST);
    children.endBy(until);
    for (const ended of await Promise.allSettled([pools.end(until, tellUnended), children.terminate()])) {
      if (ended.status === 'rejected')
        log(`what was registered could not be ended: ${toErrorText(toError(ended.reason)).stack}`);
    }
    children.endBy(undefined);
    closing = undefined;
  }

  function show(handler: number, count: number, name: string): void {
    if (parent) parent.showProgress(handler, count, name);
    else showProgress(table, ROOT, handler, count, name);
  }

  const surroundings: Surroundings = {
    supervisor: () => hooks.supervisor,
    ...{ isMain, isRoot, table, handlers, drains, pools, entrusted, children, others, parent, phase, telling },
    createError: core.createError,
    settings: () => settings.current,
    order: () => life.order,
    ending: () => core.ending,
    isExiting: () => core.isExiting,
    isEnding: life.isEnding,
    abort: signal.abort,
    showProgress: show,
  };

  const thread: Thread = {
    ...{ isMain, handlers, drains, children, pools, others, entrusted, log },
    createError: core.createError,
    finalize: createFinalize(handlers, callNow),
    get settings() {
      return settings.current;
    },
    configure: settings.change,
    get ending() {
      return core.ending;
    },
    set ending(ending) {
      core.ending = ending;
    },
    get isExiting() {
      return core.isExiting;
    },
    set isExiting(isExiting) {
      core.isExiting = isExiting;
    },
    use: core.use,
    rehearse: rehearseMain,
    isShuttingDown: core.isShuttingDown,
    isUsed: () => life.isUsed || children.hasJoined(),

    get state() {
      if (!isShutDown()) return 'running';
      return life.state === 'ending' ? 'ending' : 'ended';
    },

    shutDown: (request) => asKept(() => outside.runInAsyncScope(life.shutDown, undefined, request)),
    shorten: life.shorten,
    drainDeadline: () => life.current?.deadline(SHARES.drain),
    get deadline() {
      return life.deadline;
    },

    note(message) {
      if (life.current) life.current.note(message);
      else log(message);
    },

    seeLateThrough() {
      if (isMain && life.deadline !== undefined)
        children.blockForLate(Math.min(life.deadline, now() + settings.current.syncTimeout));
    },

    onEnd: telling.onEnd,
    shutDownNow: life.shutDownNow,
    liveOn: life.liveOn,
  };

  const hooks = createHooks(thread);

  return {
    thread,
    hooks,
    begin: (request, onTold, begun) => createShutdown(surroundings, request, onTold, begun),
    conclude: concludeBegun,

    tell(failed) {
      for (const report of failed) {
        const line = describeHandler(report);
        if (line !== undefined) log(line);
      }
    },

    log,
    disposalOf,

    close: (over) => (pools.hasAny() || children.hasOwn() ? close(over) : undefined),

    renew() {
      show(0, 0, '');
      phase.renew();
      children.over();
      others.over();
      pools.accept();
      // Whoever has asked for the shutdown goes on before workers are woken to hear that it is over.
      setImmediate(() => {
        phase.notifyPhase();
        children.tellOver();
      });
    },

    hasMore: () => pools.size + others.size > 0,
    hasWorkers: () => children.size > 0,
    hasJoinedWorkers: () => children.hasJoined(),

    watchLiving() {
      if (children.hasLiving()) hooks.watch();
    },

    runLate,
    beginBelow: children.begin,
    accept: children.accept,

    workerCreated(worker) {
      children.workerCreated(worker);
      entrusted.listen();
      pools.adopt(worker);
      hooks.watch();
    },
  };
}
