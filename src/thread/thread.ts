/**
 * This thread: its handlers, its workers, its parent, and the life that it has with them. Every thread is the same thing;
 * the main thread is the one without a parent.
 */
import { createEntrusting } from '../../workers/entrusting.ts';
import { createParent, type Parent } from '../../workers/parent.ts';
import { createChildren } from '../children/children.ts';
import type { FailedWorker } from '../children/terms.ts';
import { createEntrusted, type Entrusted } from '../handlers/entrusted.ts';
import { createFinalize } from '../handlers/finalizers.ts';
import { createRegistry } from '../handlers/registry.ts';
import { process, setTimeout } from '../platform.ts';
import { isObserved } from '../report/diagnostics.ts';
import { ShutdownError, toError, toErrorText } from '../report/errors.ts';
import { createTelling } from '../report/telling.ts';
import { Header, ROOT } from '../table/cells.ts';
import { showProgress } from '../table/progress.ts';
import { QUIET, SHARES } from '../times.ts';
import { isInvite } from '../wire/validators.ts';
import { createLate } from './late.ts';
import { createLife, type Life } from './life.ts';
import { createOthers } from './others.ts';
import type { Hooks, Position, Thread } from './parts.ts';
import { createPhase } from './phase.ts';
import { createPools } from './pools.ts';
import { createSettings } from './settings.ts';
import { createShutdown } from './shutdown.ts';
import { createFlag, createShutdownSignal } from './signal.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * No request's context: what an `AsyncLocalStorage` holds when something is registered must not be what the handlers run in,
 * nor be kept by the hooks. Loaded already wherever `node:worker_threads` is.
 */
const { AsyncResource } = process.getBuiltinModule('node:async_hooks');

const outside = new AsyncResource('worker-atexit', { requireManualDestroy: true });

export function createThread(position: Position, createHooks: (thread: Thread) => Hooks): Thread {
  const { isMain, threadId, table, ancestorId, deliver, rehearse } = position;
  const { cells } = table;
  const isRoot = ancestorId === undefined;

  const handlers = createRegistry();
  const drains = createRegistry();
  const pools = createPools();
  const others = createOthers();
  const settings = createSettings(table, isRoot);
  const telling = createTelling(() => settings.current, rehearse === undefined);
  const { log } = telling;
  const phase = createPhase(table, isRoot);
  const signal = createShutdownSignal();
  const isShutDown = (): boolean => life.state !== 'fresh' && life.state !== 'used';
  const { callNow, runLate } = createLate(handlers, drains, isShutDown, log);
  let installed = false;
  let rehearsed = false;

  /** Absent, too, while it is being made: the shutdown of the whole tree may have begun by then. */
  let parent: Parent | undefined;
  const children = createChildren(
    { table, threadId, isMain, slot: () => (isMain ? ROOT : isRoot ? undefined : parent?.slot) },
    {
      log,
      onLink() {
        life.use();
        rehearseSoon();
      },
      onOwnEnd(reports) {
        telling.publishWorkers(reports);
        telling.logWorkers(reports);
      },
      onGone: (gone) => entrusted.gone(gone),
      onFailedWorker,
    },
  );

  const life: Life = createLife({
    begin: (request, onTold) => createShutdown(surroundings, request, onTold),

    join() {
      if (!installed) hooks.install();
      installed = true;
      parent?.join();
    },

    async close() {
      for (const ended of await Promise.allSettled([pools.end(), children.terminate()])) {
        if (ended.status === 'rejected')
          log(`what was registered could not be ended: ${toErrorText(toError(ended.reason)).stack}`);
      }
    },

    renew() {
      show(0, 0, '');
      phase.renew();
      children.over();
      others.over();
      pools.accept();
      const isUsed = hasHandlers() || pools.size + others.size > 0;
      parent?.over(isUsed);
      signal.renew();
      uninstallUnless(isUsed);
      return isUsed;
    },

    runLate,
    ackNothing: () => void parent?.ack([], [], 0),
    readFromParent: () => parent?.readAll(),
    actOnPendingOrder: () => parent?.actOnPendingOrder(),
    hasHandlers,
    hasJoinedWorkers: () => children.hasJoined(),
    isTreeRunning: phase.isRunning,
    isLeaving: () => thread.ending !== undefined,
    isExiting: () => thread.isExiting,
  });

  if (!isMain) {
    parent = createParent(
      { table, threadId, parentId: ancestorId ?? 0, inherited: !isRoot, deliver },
      {
        /** The shutdown of the whole tree has begun, and this thread's order is to come. */
        onBegin(reason) {
          children.begin();
          signal.abort(new ShutdownError(reason));
        },
        onOrder: life.obey,
        onLinked() {
          life.lookWhetherOver();
          rehearseSoon();
        },
        onOver: life.hearOver,
        log,
      },
    );
  }

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
        isExiting: () => thread.isExiting,
        onListen() {
          Atomics.store(cells, Header.hearing, 1);
          Atomics.notify(cells, Header.hearing);
        },
        log,
      });

  function hasHandlers(): boolean {
    return handlers.size + drains.size > 0;
  }

  function onFailedWorker({ report, onFailure, isFatal, error: cause }: FailedWorker): void {
    const name = onFailure?.name || 'onFailure';
    if (onFailure) callNow({ name, call: () => onFailure(report) });
    if (!isFatal) return;
    const message = `essential worker ${report.name} ended: ${report.diagnosis ?? report.status}`;
    log(message);
    hooks.endBy(new Error(message, { cause }));
  }

  function show(handler: number, count: number, name: string): void {
    if (parent) parent.showProgress(handler, count, name);
    else showProgress(table, ROOT, handler, count, name);
  }

  /** The first link, to a worker or to the parent: a shutdown may come one day, and is to find its way prepared. */
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

  /** The hooks stay for what was registered meanwhile, and for workers that live on: they may register again. */
  function uninstallUnless(isUsed: boolean): void {
    if (!installed || isUsed || children.size > 0) return;
    installed = false;
    hooks.uninstall();
    if (children.hasLiving()) hooks.watch();
  }

  const surroundings: Surroundings = {
    supervisor: () => hooks.supervisor,
    ...{ isMain, isRoot, table, handlers, drains, pools, entrusted, children, others, parent, phase, telling },
    settings: () => thread.settings,
    order: () => life.order,
    ending: () => thread.ending,
    isExiting: () => thread.isExiting,
    isEnding: life.isEnding,
    abort: signal.abort,
    showProgress: show,
  };

  const thread: Thread = {
    ...{ isMain, handlers, drains, children, pools, others, entrusted, log },
    finalize: createFinalize(handlers, callNow),
    get settings() {
      return settings.current;
    },
    configure: settings.change,
    get signal() {
      return signal.current;
    },
    onNewSignal: signal.onNew,
    ending: undefined,
    isExiting: false,
    use: () => outside.runInAsyncScope(life.use),
    isShuttingDown: createFlag(table, isShutDown, parent?.flagCells),
    isUsed: () => life.isUsed || children.hasJoined(),

    get state() {
      if (!isShutDown()) return 'running';
      return life.state === 'ending' ? 'ending' : 'ended';
    },

    shutDown: (request) => outside.runInAsyncScope(life.shutDown, undefined, request),
    shorten: life.shorten,
    drainDeadline: () => life.current?.deadline(SHARES.drain),

    note(message) {
      if (life.current) life.current.note(message);
      else log(message);
    },

    onEnd: telling.onEnd,
    shutDownNow: life.shutDownNow,
    liveOn: life.liveOn,

    hear(message, source) {
      if (isInvite(message)) parent?.move(source, message.invite);
      else children.accept(message, source);
    },

    workerCreated(worker) {
      children.workerCreated(worker);
      parent?.reserve();
      entrusted.listen();
      pools.adopt(worker);
      hooks.watch();
    },
  };

  const hooks = createHooks(thread);
  return thread;
}
