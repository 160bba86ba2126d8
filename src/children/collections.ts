/** The collections that this thread waits for: that of all its workers, if a shutdown runs, and those of one. */
import { now } from '../clock.ts';
import { clearTimeout, setTimeout } from '../platform.ts';
import { isThrough, type Table } from '../table/cells.ts';
import { childrenOf } from '../table/slots.ts';
import { PATIENCE, SUBTREE_LOOK } from '../times.ts';
import { diagnosisOf, settleBySlot } from './account.ts';
import type { Arrival } from './arrival.ts';
import { hasSlot, isThroughWith, type Slotted } from './child.ts';
import { type Collection, createCollection, type Parts } from './collection.ts';
import type { Known } from './known.ts';
import type { Liveness } from './liveness.ts';
import type { Registered } from './registered.ts';
import type { Order } from './terms.ts';

export interface Collections {
  /** That of all workers; undefined while no shutdown has ordered them. */
  readonly ofAll: Collection | undefined;
  /** Begins the collection of one worker. */
  ofOne(order: Order): Collection;
  drop(collection: Collection): void;
  /** Nothing is awaited of the worker any more. */
  settle(child: Slotted): void;
  /** The worker's own code has closed its port, perhaps with the order on its way: its slot has that as well. */
  sendAgain(child: Slotted): void;
  /** Orders every worker that has something to do. */
  start(order: Order, blocks: boolean): Collection;
  /** The same, for a thread whose event loop turns. Settles once all acks are in; undefined if there is none to wait for. */
  order(order: Order): Promise<void> | undefined;
  /** Whether everybody has acked, and nobody has joined since they were ordered. */
  areThrough(): boolean;
  /** Gives up on the workers that have not acked, and terminates them. True if there was one. */
  terminateSilent(): boolean;
  /** The shutdown is over. */
  over(): void;
}

interface Rooms {
  readonly table: Table;
  readonly known: Known;
  readonly registered: Registered;
  readonly liveness: Liveness;
  readonly arrival: Arrival;
  readAll(child: Slotted): void;
  /** A worker's time is up. */
  onGiveUp(): void;
}

export function createCollections(rooms: () => Rooms): Collections {
  const awaited = new Set<Collection>();
  let ofAll: Collection | undefined;

  const limitOf = ({ worker }: Slotted): number | undefined => rooms().registered.termsOf(worker).timeout;

  function collect(order: Order, more: Partial<Parts> = {}): Collection {
    const { table, readAll, liveness } = rooms();
    const parts: Parts = {
      table,
      limitOf,
      readAll,
      onOrdered() {},
      onSettled: settle,
      findMore() {},
      isAwaitingAnswers: () => false,
      loseTheGone: liveness.loseTheGone,
    };
    const collection = createCollection(order, { ...parts, ...more });
    awaited.add(collection);
    return collection;
  }

  function settle(child: Slotted): void {
    clearTimeout(child.task.timer);
    child.task.timer = undefined;
    for (const collection of [...awaited]) collection.done(child);
  }

  function sendAll(collection: Collection): void {
    for (const child of rooms().known.allSlotted()) collection.send(child);
    collection.follow();
  }

  function start(order: Order, blocks: boolean): Collection {
    const { registered, arrival } = rooms();
    const collection =
      ofAll ??
      collect(order, {
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
      child.task.timer = setTimeout(giveUp, Math.min(SUBTREE_LOOK, Math.max(0, until - now())), child);
      return;
    }
    rooms().onGiveUp();
    settleBySlot(child, 'timed-out', diagnosisOf(child));
    if (child.task.state === 'timed-out' && child.worker) rooms().registered.terminatorOf(child.worker)();
    settle(child);
  }

  return {
    get ofAll() {
      return ofAll;
    },

    ofOne: (order) => collect(order),
    drop: (collection) => void awaited.delete(collection),
    settle,
    start,

    sendAgain(child) {
      [ofAll, ...awaited].find((collection) => collection?.pending.has(child))?.sendAgain(child);
    },

    order(order) {
      const { liveness, arrival } = rooms();
      const collection = start(order, false);
      const acks = collection.await();
      if (!acks) return undefined;
      liveness.askTheSilent(collection.pending);
      if (arrival.isAwaitingAnswers()) {
        const giveUpInvited = (): void => {
          arrival.giveUpInvited();
          ofAll?.settleIfDone();
        };
        setTimeout(giveUpInvited, PATIENCE).unref();
      }
      return acks;
    },

    areThrough() {
      const { arrival, known } = rooms();
      if (!ofAll || ofAll.pending.size > 0 || arrival.isAwaitingAnswers() || arrival.findNews()) return false;
      for (const child of known) {
        if (hasSlot(child) ? !child.task.ack || !isThroughWith(child) : child.registration?.isActive) return false;
      }
      return true;
    },

    terminateSilent() {
      const silent = [...(ofAll?.pending ?? [])];
      for (const child of silent) giveUp(child);
      return silent.length > 0;
    },

    over() {
      ofAll?.drop();
      if (ofAll) awaited.delete(ofAll);
      ofAll = undefined;
    },
  };
}
