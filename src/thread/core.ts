/**
 * What every thread loads: its handlers, its place in the tree, its life and, in a worker, the straight way from the order to
 * the ack. Workers of its own, routes, pools, options and reports are the rest of the thread, which is loaded when it is
 * needed first.
 */

import type { Worker } from 'node:worker_threads';
import type { StandGuard } from '../../workers/duty.ts';
import type { Rare } from '../../workers/link.ts';
import { createParent, type Parent } from '../../workers/parent.ts';
import { createRegistry } from '../handlers/registry.ts';
import { asKept } from '../iteration.ts';
import { AUTO_SIGNALS } from '../options.ts';
import { process, queueMicrotask, setTimeout } from '../platform.ts';
import { ShutdownError } from '../report/errors.ts';
import { sharesMemory } from '../shared-memory.ts';
import { Header, Phase } from '../table/cells.ts';
import type { Reason } from '../wire/reason.ts';
import { isInvite } from '../wire/validators.ts';
import type { Core, Rest } from './halves.ts';
import { createHearingSignals } from './hearing-signals.ts';
import { createLife, type Life } from './life.ts';
import { createListening } from './listening.ts';
import type { Position } from './parts.ts';
import { createFlag, createShutdownSignal } from './signal.ts';
import { createStraight, isStraight, type Straight } from './straight.ts';

/**
 * No request's context: what an `AsyncLocalStorage` holds when something is registered must not be what the handlers run in,
 * nor be kept by the hooks.
 */
const { AsyncResource } = process.getBuiltinModule('node:async_hooks');

const outside = new AsyncResource('worker-atexit', { requireManualDestroy: true });

/**
 * What has run some five to ten times V8 compiles once more, in the middle of it: not in the middle of a shutdown. The one main
 * thread, for which all workers wait, is past that; a worker, of which there are many, does not come near it.
 */
const REHEARSALS = { worker: 1, main: 24 } as const;

/** What fails in a rehearsal costs speed, no more. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {}
}

/** Where it was made tells nobody anything, and costs as much as to abort a signal. */
function createError(reason: Reason, cause?: unknown): ShutdownError {
  const { stackTraceLimit } = Error;
  Reflect.set(Error, 'stackTraceLimit', 0);
  const error = new ShutdownError(reason, cause);
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  return error;
}

interface Outside {
  readonly standGuard: StandGuard;
  rare(): Rare;
  /** Before the first use of a main thread, which loads the rest in a microtask. */
  prepare(): void;
}

const NOTHING: Outside = {
  /** Nobody is late in a rehearsal. */
  standGuard: () => () => {},

  rare() {
    throw new Error('a rehearsal left the straight way');
  },

  prepare() {},
};

export function createCore(
  position: Position,
  load: (core: Core) => Rest,
  { standGuard, rare, prepare }: Outside = NOTHING,
): Core {
  const { isMain, threadId, table, ancestorId, isParked, deliver, rehearse } = position;
  const { cells } = table;
  const isRoot = ancestorId === undefined;
  const handlers = createRegistry();
  const drains = createRegistry();
  const signal = createShutdownSignal();
  let rest: Rest | undefined;
  let straight: Straight | undefined;
  let isInstalled = false;
  let isRehearsed = false;
  /** Absent, too, while it is being made: the shutdown of the whole tree may have begun by then. */
  let parent: Parent | undefined;

  const hasHandlers = (): boolean => handlers.size + drains.size > 0;
  const log = (message: string): void => core.load().log(message);
  const listening = createListening({
    isOver: () => rest === undefined && life.state === 'ended' && !hasHandlers(),
    routes: () => core.load().hooks.routes,
  });
  const hearingSignals = isMain
    ? createHearingSignals((signal) => core.load().hooks.routes.onSignal(signal))
    : undefined;

  const life: Life = createLife({
    begin(request, onTold) {
      // A rehearsal is of nothing else.
      if (!parent || (!isStraight(core) && rehearse)) return core.load().begin(request, onTold);
      straight = createStraight(core, parent, request, onTold);
      return straight;
    },

    join() {
      if (!isInstalled && rehearse) install();
      isInstalled = true;
      parent?.join();
      if (!isMain && !sharesMemory && rehearse) log(rare().noMemory(threadId));
      // At the first turn of its event loop, if there is to be one; nobody sees a worker's.
      if (!isMain) rehearseSoon(0, () => false);
    },

    close: (over) => rest?.close(over),
    rejoin: () => parent?.rejoin(),

    renew(order) {
      parent?.showProgress(0, 0, '');
      rest?.renew();
      const isUsed = hasHandlers() || rest?.hasMore() === true;
      parent?.over(isUsed, order);
      signal.renew();
      // The hooks stay for what was registered meanwhile, and for workers that live on: they may register again.
      if (isInstalled && rehearse && !isUsed && !rest?.hasWorkers()) {
        isInstalled = false;
        (rest?.hooks ?? listening).uninstall();
        rest?.watchLiving();
      }
      return isUsed;
    },

    runLate: () => core.load().runLate(),
    ackNothing: () => void parent?.ack([], [], 0),
    readFromParent: () => parent?.readAll(),
    actOnPendingOrder: () => parent?.actOnPendingOrder(),
    hasHandlers,
    hasJoinedWorkers: () => rest?.hasJoinedWorkers() === true,
    isTreeRunning: () => Atomics.load(cells, Header.phase) === Phase.running,
    isLeaving: () => core.ending !== undefined,
    isExiting: () => core.isExiting,
  });

  function install(): void {
    if (isMain && !rest) prepare();
    (rest?.hooks ?? listening).install();
    if (!isMain || rest) return;
    hearingSignals?.listenTo(AUTO_SIGNALS);
    // Before the event loop turns, so that no signal and no Worker has to wait for it.
    queueMicrotask(() => void core.load());
  }

  /** Once a thread. */
  function rehearseSoon(ms: number, isObserved: () => boolean): void {
    if (isRehearsed || !rehearse) return;
    isRehearsed = true;
    rehearseIn(ms, isObserved, isMain ? REHEARSALS.main : REHEARSALS.worker);
  }

  function rehearseIn(ms: number, isObserved: () => boolean, rounds: number): void {
    const act = (): void => {
      if (core.isShuttingDown() || isObserved()) return;
      asKept(() => attempt(() => rehearse?.()));
      if (rounds > 1) rehearseIn(0, isObserved, rounds - 1);
    };
    if (isParked) queueMicrotask(act);
    // Not an immediate: an event loop that is idle does not turn for one that keeps nothing alive.
    else setTimeout(act, ms).unref();
  }

  // Nothing else leads to a parent.
  if (!isMain && sharesMemory) {
    parent = createParent(
      { table, threadId, parentId: ancestorId ?? 0, inherited: !isRoot, deliver },
      {
        /** The shutdown of the whole tree has begun, and this thread's order is to come. */
        onBegin(reason) {
          rest?.beginBelow();
          signal.abort(createError(reason));
        },
        onOrder: life.obey,
        onLinked: life.lookWhetherOver,
        onOver: life.hearOver,
        log,
        standGuard,
        rare,
      },
    );
  }

  /** Each `register()` comes by here: what is looked up in an object with accessors takes as long as all the rest. */
  function use(): void {
    if (!life.isInUse()) outside.runInAsyncScope(life.use);
    showRegistered();
  }

  const showRegistered = (): void => parent?.showRegistered(handlers.size + drains.size);

  function loadRest(): Rest {
    rest = load(core);
    // The main thread has more to listen to.
    if (isMain && isInstalled) rest.hooks.reinstall();
    straight?.widen();
    return rest;
  }

  const core: Core = {
    ...{ position, isRoot, handlers, drains, life, signal, listening, hearingSignals, outside },
    parent,
    ending: undefined,
    isExiting: false,
    isShuttingDown: createFlag(table, life.isShutDown, parent?.flagCells),
    rehearseSoon,
    rare,
    // One function for both, so that it is rehearsed.
    goOn(act) {
      if (rehearse) act();
      else attempt(act);
    },
    createError,

    get isInstalled() {
      return isInstalled;
    },

    get rest() {
      return rest;
    },

    load() {
      return rest ?? asKept(loadRest);
    },

    use,
    showRegistered,

    hear(message, source) {
      if (isInvite(message)) parent?.move(source, message.invite);
      else core.load().accept(message, source);
    },

    workerCreated(worker: Worker) {
      core.load().workerCreated(worker);
      parent?.reserve();
    },
  };
  return core;
}
