/**
 * This thread's workers: told to shut down, and asked for their acks. A worker is known by its Worker where this thread
 * has made it, by its slot from its first registration on, and by its port once its link was delivered.
 */
import type { Worker } from 'node:worker_threads';
import { now } from '../clock.ts';
import { createPrinted } from '../output/printed.ts';
import { nextTick } from '../platform.ts';
import type { WorkerReport } from '../report/report.ts';
import { at, Cell, isThrough, State, type Table } from '../table/cells.ts';
import { hasJoined, markIdle, stateOf } from '../table/slots.ts';
import { createAccounts } from './accounts.ts';
import { createAlone } from './alone.ts';
import { createArrival } from './arrival.ts';
import { dropTask, hasSlot, step } from './child.ts';
import type { BlockListeners, Collection } from './collection.ts';
import { createCollections } from './collections.ts';
import { type Crew, createCrews, type Running } from './crew.ts';
import { createKnown } from './known.ts';
import { createLiveness } from './liveness.ts';
import { createLooks, isRunning, lookNow, threadsOf } from './native-code.ts';
import { post, postOver } from './order.ts';
import { createPorts } from './port.ts';
import { createRegistered } from './registered.ts';
import type { FailedWorker, Order, Terms } from './terms.ts';

export interface Children {
  /** A shutdown begins, here or in the whole tree: who is there now is part of it, whatever becomes of them until then. */
  begin(): void;
  /** Takes note of a Worker that this thread has made. */
  workerCreated(worker: Worker): void;
  /** A message from another thread; true if it was a worker's link. */
  accept(message: unknown, source: number): boolean;
  setTerms(worker: Worker, terms: Terms): void;
  /** Lets one registered worker clean up, and does not end it. */
  cleanUp(worker: Worker): Promise<void> | undefined;
  forget(worker: Worker): void;
  /** Lets one registered worker clean up, ends it, and resolves to what became of it. */
  shutdown(worker: Worker): Promise<WorkerReport>;
  /** Orders every worker to shut down. What it returns settles when none is left to wait for; undefined if none is. */
  order(order: Order): Promise<void> | undefined;
  /** Whether everybody has acked, and nobody has joined since they were ordered. */
  areThrough(): boolean;
  /** For a thread whose event loop no longer turns: orders again, and blocks until the acks are in or `order.until`. */
  block(order: Order, listeners: BlockListeners): void;
  /**
   * For a thread that is about to end: blocks for those that have joined since all were seen through, until their acks are in,
   * or `until`. They know that the shutdown runs, and may be cleaning up: they would be cut. The report has been told.
   */
  blockForLate(until: number): void;
  /** Settles once what the workers have printed is written; undefined if it is. */
  flush(): Promise<unknown> | undefined;
  /** Gives up on the workers that have not acked, and terminates them. True if there was one. */
  terminateSilent(): boolean;
  /** Finds out which of those that were given up are in native code. Blocks until they have ended, or that is known. */
  look(until: number): void;
  /**
   * The workers of this thread's own that are known to be there, also where no event loop turns; where some were given up, as
   * it was before that.
   */
  crew(): Crew;
  /** The registered workers that were not clean, and whose owner wants to hear of it. Each is told once. */
  failures(): FailedWorker[];
  /** Sees to it that `onGone` is called for a thread that may have no link. */
  watchExit(threadId: number): void;
  /** Whether a Worker that this thread has made is alive, linked or not. */
  hasLiving(): boolean;
  /** The Workers that this thread has made and that are alive, linked or not. */
  living(): Worker[];
  /** What became of each, and whether that was logged before. */
  reports(): { readonly workers: WorkerReport[]; readonly told: ReadonlySet<WorkerReport> };
  /** Whether a worker has acked, and stands guard. */
  hasAcked(): boolean;
  /** Whether a worker has registered anything. */
  hasJoined(): boolean;
  /** The shutdown is over and this thread lives on: every worker that does is as new. */
  over(): void;
  /** Tells them, unless an order that has come in between did. */
  tellOver(): void;
  /** Whether there are registered workers that are in no pool. */
  hasOwn(): boolean;
  /** Terminates those. */
  terminate(): Promise<unknown>;
  /** Until then, on this thread's clock, the end of any worker is waited for at most; undefined ends that. */
  endBy(until: number | undefined): void;
  /** Whether nothing is known of a worker of this thread: neither of one that has joined, nor of one that may. */
  hasNone(): boolean;
  /** How many workers there are whose slot is known. */
  readonly size: number;
}

interface Place {
  readonly table: Table;
  readonly threadId: number;
  readonly isMain: boolean;
  /** Where this thread's workers are counted as they join; undefined if they are not. */
  slot(): number | undefined;
}

interface Listeners {
  log(message: string): void;
  /** A worker has linked itself. */
  onLink(): void;
  /** A worker has ended by itself; this is what it says of it. */
  onOwnEnd(reports: readonly WorkerReport[]): void;
  /** A worker that was to end is waited for no longer. */
  onUnended(line: string): void;
  /** A thread is gone that had entrusted something to the main thread. */
  onGone(threadId: number): void;
  /** A registered worker was not clean, or died without having been told to, while this thread lives on. */
  onFailedWorker(failure: FailedWorker): void;
}

export function createChildren(place: Place, listeners: Listeners): Children {
  const { table, threadId, slot: ownSlot } = place;
  const known = createKnown();
  const printed = createPrinted(place.isMain);
  let isShuttingDown = false;
  /** At those that this shutdown has given up. */
  let looks = createLooks();

  const blockedUntil = (): number | undefined => {
    const { ofAll } = collections;
    return ofAll?.isBlocking ? ofAll.order.until : undefined;
  };

  const registered = createRegistered(known, {
    retire: (worker) => alone.retire(worker),
    onExit(child) {
      if (hasSlot(child)) return;
      step(child, 'left');
      liveness.leaveUndelivered(child);
    },
    isShuttingDown: () => isShuttingDown,
    onFailedWorker: listeners.onFailedWorker,
  });

  const accounts = createAccounts(known, registered);

  const ports = createPorts(table, {
    print: (message) => printed.print(message, blockedUntil()),
    onAck: (child) => collections.settle(child),
    onHeard: () => collections.ofAll?.readMore(),
    onOwnEnd: (child) => listeners.onOwnEnd(accounts.of(child)),
    onClose(child) {
      // Without the Worker, or after its 'exit', the port is what tells that the thread is gone.
      if (!child.worker || child.worker.threadId === -1) liveness.leave(child, 'it ended');
      else if (step(child, 'portClosed')) collections.sendAgain(child);
    },
    nameOf: accounts.nameOf,
    log: listeners.log,
  });

  const liveness = createLiveness(table, known, {
    isShuttingDown: () => isShuttingDown,
    readAll: ports.readAll,
    nameOf: accounts.nameOf,
    keep: registered.keep,
    onLeft: (child) => collections.settle(child),
    onLost: listeners.onOwnEnd,
    onGone: listeners.onGone,
  });

  const arrival = createArrival(place, known, {
    log: listeners.log,

    onSlot(child) {
      // In the middle of a shutdown it is part of that from now on.
      child.task.isPresent = isShuttingDown;
      if (!child.worker) return;
      liveness.attach(child, child.worker);
      registered.guard(child.worker);
    },

    onLost: liveness.leaveUndelivered,

    onLink(child, port) {
      ports.connect(child, port);
      listeners.onLink();
      const { worker, task } = child;
      const { ofAll } = collections;
      // In Deno a link may come after its worker's 'exit', and its port is never closed.
      if (worker && worker.threadId !== -1 && registered.hasExited(worker)) {
        liveness.leave(child, 'it ended');
        return;
      }
      const order = ofAll?.order ?? task.alone;
      if (order && task.epoch !== 0) post(child, order, task.epoch, registered.termsOf(worker).timeout);
      else ofAll?.send(child);
    },

    onAnswer(child) {
      const { ofAll } = collections;
      const slotted = known.slotted(child.threadId);
      if (slotted) ofAll?.send(slotted);
      ofAll?.follow();
      ofAll?.settleIfDone();
    },
  });

  const collections = createCollections(() => ({
    table,
    known,
    registered,
    liveness,
    arrival,
    readAll: ports.readAll,
    onGiveUp: () => crews.keep(),
  }));

  const running = (): Running[] =>
    liveness.living().flatMap((worker): Running[] => {
      const child = known.of(worker);
      if (isRunning(worker, child) !== true) return [];
      return [
        {
          name: accounts.nameOf(child),
          threads: threadsOf(child.table ?? table, child.threadId),
          isRunning: () => isRunning(worker, child) !== false,
          isNative: () => child.task.isNative,
        },
      ];
    });

  const crews = createCrews(running);

  const alone = createAlone(known, registered, {
    invite: arrival.invite,
    findUndelivered: arrival.findUndelivered,
    orderOfAll: () => collections.ofAll?.order,
    collect: collections.ofOne,
    onSettled: collections.settle,
    onGiveUp: crews.keep,
    onEnd(child, collection) {
      collections.drop(collection);
      const reports = accounts.of(child);
      // Its thread may not end.
      if (child.worker && reports[0]) registered.keep(child.worker, reports[0]);
      if (isShuttingDown) return;
      child.task.isTold = true;
      listeners.onOwnEnd(reports);
    },
    onUnended(worker, isNative) {
      const registration = registered.of(worker);
      // It is told once.
      if (registration.isUnended) return;
      registration.isUnended = true;
      const name = registered.nameOf(worker, registered.threadIdOf(worker));
      const cause = isNative ? ': it is in native code' : '';
      listeners.onUnended(`${name} has not ended${cause}, and is waited for no longer`);
    },
  });

  const own = (): Worker[] => [...registered].filter((worker) => !registered.termsOf(worker).pool);

  /** How often a worker of this thread's has joined; undefined where nobody counts. */
  function joins(): number | undefined {
    const slot = ownSlot();
    return slot === undefined ? undefined : Atomics.load(table.cells, at(slot, Cell.joins));
  }

  function block(collection: Collection, blockListeners: BlockListeners): void {
    printed.printAgain(collection.order.until);
    blockListeners.onOrdered();
    collection.block(blockListeners);
    // What those have printed that had acked before.
    for (const child of known.allSlotted()) ports.readAll(child);
  }

  return {
    workerCreated: liveness.see,
    accept: arrival.accept,
    cleanUp: alone.cleanUp,
    shutdown: alone.shutdown,
    endBy: alone.endBy,
    forget: registered.forget,
    flush: printed.flush,
    watchExit: liveness.watchExit,
    hasLiving: liveness.hasLiving,
    living: liveness.living,
    order: collections.order,
    areThrough: collections.areThrough,
    terminateSilent: collections.terminateSilent,
    look: (until) => lookNow(looks, known.allSlotted(), until),

    crew: crews.now,
    failures: accounts.failures,
    reports: accounts.all,

    setTerms(worker, terms) {
      const isAttached = known.of(worker).worker !== undefined;
      if (!registered.add(worker, terms)) return;
      const child = known.of(worker);
      if (hasSlot(child) && !isAttached) liveness.attach(child, worker);
      // This thread hears of a Worker that it has just made a tick later.
      nextTick(arrival.invite, worker);
    },

    begin() {
      arrival.findNews();
      if (known.allSlotted().length > 0) printed.begin();
      isShuttingDown = true;
      for (const child of known.allSlotted()) {
        const state = stateOf(child.table, child.slot);
        if (child.contact === 'gone' || state === State.idle) continue;
        step(child, 'joined');
        child.task.isPresent = true;
        child.task.wasThrough = isThrough(state);
      }
    },

    block(order, blockListeners) {
      block(collections.start(order, true), blockListeners);
    },

    blockForLate(until) {
      const { ofAll } = collections;
      if (!ofAll || now() >= until) return;
      if (!arrival.findNews() && ofAll.pending.size === 0) return;
      const collection = collections.start({ ...ofAll.order, until, sync: true }, true);
      const late = [...collection.pending];
      // None of them is a pool's that is parked: it has registered something just now.
      block(collection, { onOrdered() {}, wakeStarting: () => false, spread() {}, spreadAt: Number.POSITIVE_INFINITY });
      for (const child of late) {
        child.task.isTold = true;
        listeners.onOwnEnd(accounts.of(child));
      }
    },

    over() {
      printed.over();
      isShuttingDown = false;
      looks = createLooks();
      crews.tidy();
      collections.over();
      for (const child of known.allSlotted()) {
        if (child.contact === 'gone') liveness.remove(child);
        else markIdle(child.table, child.slot);
        dropTask(child);
        child.isOverDue = true;
      }
    },

    tellOver() {
      for (const child of known) postOver(child);
    },

    hasOwn: () => own().length > 0,
    terminate: () => Promise.all(own().map((worker) => worker.terminate())),

    hasAcked() {
      return known
        .allSlotted()
        .some(({ contact, task }) => task.ack !== undefined && task.epoch !== 0 && contact !== 'gone');
    },

    hasJoined() {
      return joins() !== 0 && hasJoined(table, threadId);
    },

    hasNone() {
      return known.size === 0 && joins() === 0;
    },

    get size() {
      return known.allSlotted().length;
    },
  };
}
