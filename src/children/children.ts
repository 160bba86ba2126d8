/**
 * This thread's workers: told to shut down, and asked for their acks. A worker is known by its Worker where this thread
 * has made it, by its slot from its first registration on, and by its port once its link was delivered.
 */
import type { Worker } from 'node:worker_threads';
import { now } from '../clock.ts';
import { createPrinted } from '../output/printed.ts';
import type { WorkerReport } from '../report/report.ts';
import { at, Cell, isThrough, State, type Table } from '../table/cells.ts';
import { childrenOf, hasJoined, markIdle, stateOf } from '../table/slots.ts';
import { PATIENCE } from '../times.ts';
import { diagnosisOf, reportOf, settleBySlot } from './account.ts';
import { createAlone } from './alone.ts';
import { createArrival } from './arrival.ts';
import { type Child, dropTask, hasSlot, isSettled, type Slotted, step } from './child.ts';
import { type BlockListeners, type Collection, createCollection, type Parts } from './collection.ts';
import { createKnown } from './known.ts';
import { createLiveness } from './liveness.ts';
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
  /** For a thread whose event loop no longer turns: orders again, and blocks until the acks are in or `order.until`. */
  block(order: Order, listeners: BlockListeners): void;
  /** Settles once what the workers have printed is written; undefined if it is. */
  flush(): Promise<unknown> | undefined;
  /** Gives up on the workers that have not acked, and terminates them. True if there was one. */
  terminateSilent(): boolean;
  /** The registered workers that were not clean, and whose owner wants to hear of it. Each is told once. */
  failures(): FailedWorker[];
  /** Sees to it that `onGone` is called for a thread that may have no link. */
  watchExit(threadId: number): void;
  /** Whether a Worker that this thread has made is alive, linked or not. */
  hasLiving(): boolean;
  /** What became of each, and whether that was logged before. */
  reports(): { readonly workers: WorkerReport[]; readonly told: ReadonlySet<WorkerReport> };
  /** Whether a worker has acked, and stands guard. */
  hasAcked(): boolean;
  /** Whether a worker has registered anything. */
  hasJoined(): boolean;
  /** The shutdown is over and this thread lives on: every worker that does is as new. */
  over(): void;
  /** Terminates the registered workers that are in no pool. */
  terminate(): Promise<unknown>;
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
  /** A thread is gone that had entrusted something to the main thread. */
  onGone(threadId: number): void;
  /** A registered worker was not clean, or died without having been told to, while this thread lives on. */
  onFailedWorker(failure: FailedWorker): void;
}

/** How long a worker whose time is up, and whose own workers have not, is left before it is looked at again: ms. */
const LOOK = 100;

export function createChildren(place: Place, listeners: Listeners): Children {
  const { table, threadId, slot: ownSlot } = place;
  const known = createKnown();
  const printed = createPrinted(place.isMain);
  /** The collections that somebody waits for: that of all workers, and those of one. */
  const collections = new Set<Collection>();
  let ofAll: Collection | undefined;
  let isShuttingDown = false;

  const nameOf = ({ worker, threadId: thread }: Child): string => registered.nameOf(worker, thread);
  const reportsOf = (child: Slotted): WorkerReport[] => reportOf(child, nameOf(child));
  const limitOf = ({ worker }: Child): number | undefined => registered.termsOf(worker).timeout;
  const blockedUntil = (): number | undefined => (ofAll?.isBlocking ? ofAll.order.until : undefined);

  const registered = createRegistered(known, {
    retire: (worker) => alone.retire(worker),
    onExit(child) {
      if (!hasSlot(child)) step(child, 'left');
    },
    isShuttingDown: () => isShuttingDown,
    onFailedWorker: listeners.onFailedWorker,
  });

  const ports = createPorts(table, {
    print: (message) => printed.print(message, blockedUntil()),
    onAck: settled,
    onOwnEnd: (child) => listeners.onOwnEnd(reportsOf(child)),
    onClose(child) {
      // Without the Worker, or after its 'exit', the port is what tells that the thread is gone.
      if (!child.worker || child.worker.threadId === -1) liveness.leave(child, 'it ended');
      else if (step(child, 'portClosed')) orderAgain(child);
    },
    nameOf,
    log: listeners.log,
  });

  const liveness = createLiveness(table, known, {
    isShuttingDown: () => isShuttingDown,
    readAll: ports.readAll,
    nameOf,
    keep: registered.keep,
    onLeft: settled,
    onGone: listeners.onGone,
  });

  const arrival = createArrival(place, known, {
    log: listeners.log,

    onSlot(child) {
      // In the middle of a shutdown it is part of that from now on.
      child.task.isPresent = isShuttingDown;
      if (child.worker) liveness.attach(child, child.worker);
    },

    onLink(child, port) {
      ports.connect(child, port);
      listeners.onLink();
      const { worker, task } = child;
      // In Deno a link may come after its worker's 'exit', and its port is never closed.
      if (worker && worker.threadId !== -1 && registered.hasExited(worker)) {
        liveness.leave(child, 'it ended');
        return;
      }
      const order = ofAll?.order ?? task.alone;
      if (order && task.epoch !== 0) post(child, order, task.epoch, limitOf(child));
      else ofAll?.send(child);
    },

    onAnswer(child) {
      const slotted = known.slotted(child.threadId);
      if (slotted) ofAll?.send(slotted);
      ofAll?.follow();
      ofAll?.settleIfDone();
    },
  });

  const parts: Parts = {
    table,
    limitOf,
    readAll: ports.readAll,
    onOrdered() {},
    onSettled: settled,
    findMore() {},
    isAwaitingAnswers: () => false,
    loseTheGone: liveness.loseTheGone,
  };

  const alone = createAlone(known, registered, {
    invite: arrival.invite,
    findUndelivered: arrival.findUndelivered,
    orderOfAll: () => ofAll?.order,
    collect: (order) => collect(order, parts),
    onSettled: settled,
    onEnd(child, collection) {
      collections.delete(collection);
      if (isShuttingDown) return;
      child.task.isTold = true;
      listeners.onOwnEnd(reportsOf(child));
    },
  });

  function collect(order: Order, by: Parts): Collection {
    const collection = createCollection(order, by);
    collections.add(collection);
    return collection;
  }

  /** Nothing is awaited of the worker any more. */
  function settled(child: Slotted): void {
    clearTimeout(child.task.timer);
    child.task.timer = undefined;
    for (const collection of [...collections]) collection.done(child);
  }

  /** The worker's own code has closed its port, perhaps with the order on its way: its slot has that as well. */
  function orderAgain(child: Slotted): void {
    [ofAll, ...collections].find((collection) => collection?.pending.has(child))?.sendAgain(child);
  }

  function sendAll(collection: Collection): void {
    for (const child of known.allSlotted()) collection.send(child);
    collection.follow();
  }

  /** Orders every worker that has something to do. */
  function start(order: Order, blocks: boolean): Collection {
    const collection =
      ofAll ??
      collect(order, {
        ...parts,
        onOrdered: limit,
        findMore() {
          if (arrival.findNews() && ofAll) sendAll(ofAll);
        },
        isAwaitingAnswers: arrival.isAwaitingAnswers,
      });
    ofAll = collection;
    collection.change(order, blocks);
    for (const worker of registered) arrival.invite(worker);
    arrival.findNews();
    sendAll(collection);
    return collection;
  }

  /** A worker that has a limit of its own is given up at that. */
  function limit(child: Slotted): void {
    const own = limitOf(child);
    if (own === undefined || !ofAll || ofAll.order.sync) return;
    child.task.timer = setTimeout(giveUp, Math.min(own, Math.max(0, ofAll.order.until - now())), child);
  }

  /** A worker's time is up. Its own workers may still have theirs: they are seen through first. */
  function giveUp(child: Slotted): void {
    const isBusy = (thread: number): boolean =>
      childrenOf(child.table, thread).some((below) => !isThrough(below.state) || isBusy(below.threadId));
    const until = ofAll?.order.until ?? 0;
    if (now() < until && isBusy(child.threadId)) {
      child.task.timer = setTimeout(giveUp, Math.min(LOOK, Math.max(0, until - now())), child);
      return;
    }
    settleBySlot(child, 'timed-out', diagnosisOf(child));
    if (child.task.state === 'timed-out' && child.worker) registered.terminatorOf(child.worker)();
    settled(child);
  }

  /** Its last shutdown was over only just now; it was not ordered in this one, and has nothing to tell. */
  function hasNothingToTell(child: Slotted): boolean {
    if (child.task.epoch !== 0 || isSettled(child.task.state)) return false;
    const state = stateOf(child.table, child.slot);
    return state === State.idle || (isThrough(state) && child.port !== undefined);
  }

  /** The workers that the shutdown is about. */
  function involved(): Slotted[] {
    const found = known
      .allSlotted()
      .filter((child) => (child.task.epoch !== 0 || child.task.isPresent) && !hasNothingToTell(child));
    return found.sort((one, other) => one.threadId - other.threadId);
  }

  /** How often a worker of this thread's has joined; undefined where nobody counts. */
  function joins(): number | undefined {
    const slot = ownSlot();
    return slot === undefined ? undefined : Atomics.load(table.cells, at(slot, Cell.joins));
  }

  return {
    workerCreated: liveness.see,
    accept: arrival.accept,
    cleanUp: alone.cleanUp,
    shutdown: alone.shutdown,
    forget: registered.forget,
    flush: printed.flush,
    watchExit: liveness.watchExit,
    hasLiving: liveness.hasLiving,

    setTerms(worker, terms) {
      const isAttached = known.of(worker).worker !== undefined;
      if (!registered.add(worker, terms)) return;
      const child = known.of(worker);
      if (hasSlot(child) && !isAttached) liveness.attach(child, worker);
      // This thread hears of a Worker that it has just made a tick later.
      process.nextTick(arrival.invite, worker);
    },

    begin() {
      arrival.findNews();
      if (known.allSlotted().length > 0) printed.begin();
      isShuttingDown = true;
      for (const child of known.allSlotted()) {
        if (child.contact === 'gone' || stateOf(child.table, child.slot) === State.idle) continue;
        step(child, 'joined');
        child.task.isPresent = true;
      }
    },

    order(order) {
      const collection = start(order, false);
      const acks = collection.await();
      if (!acks) return undefined;
      liveness.askTheSilent(collection.pending);
      if (arrival.isAwaitingAnswers()) {
        setTimeout(() => {
          arrival.giveUpInvited();
          ofAll?.settleIfDone();
        }, PATIENCE).unref();
      }
      return acks;
    },

    block(order, blockListeners) {
      const collection = start(order, true);
      printed.printAgain(order.until);
      blockListeners.onOrdered();
      collection.block(blockListeners);
      // What those have printed that had acked before.
      for (const child of known.allSlotted()) ports.readAll(child);
    },

    terminateSilent() {
      const silent = [...(ofAll?.pending ?? [])];
      for (const child of silent) giveUp(child);
      return silent.length > 0;
    },

    failures() {
      return involved().flatMap((child): FailedWorker[] => {
        const { worker } = child;
        if (!worker || !registered.termsOf(worker).onFailure) return [];
        const [report] = reportsOf(child);
        const failure = report && registered.failureOf(worker, report);
        return failure ? [failure] : [];
      });
    },

    reports() {
      const told = new Set<WorkerReport>();
      const workers = involved().flatMap((child) => {
        const reports = reportsOf(child);
        if (child.task.isTold) for (const report of reports) told.add(report);
        return reports;
      });
      const unlinked = [...registered].filter((worker) => worker.threadId !== -1 && !known.slotted(worker.threadId));
      workers.push(...unlinked.map(registered.reportOf));
      return { workers, told };
    },

    over() {
      printed.over();
      isShuttingDown = false;
      if (ofAll) collections.delete(ofAll);
      ofAll?.drop();
      ofAll = undefined;
      for (const child of known.allSlotted()) {
        if (child.contact === 'gone') liveness.remove(child);
        else markIdle(child.table, child.slot);
        dropTask(child);
        postOver(child);
      }
    },

    terminate() {
      const own = [...registered].filter((worker) => !registered.termsOf(worker).pool);
      return Promise.all(own.map((worker) => worker.terminate()));
    },

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
