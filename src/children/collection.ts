/**
 * One collection: who is ordered and awaited, by which order, and until when. The shutdown of all workers is one, the end
 * of a single worker is another, of one.
 */
import { now } from '../clock.ts';
import { queueMicrotask, setTimeout } from '../platform.ts';
import { Header, isThrough, isWaiting, Phase, type Table } from '../table/cells.ts';
import { orderOrphans } from '../table/orders.ts';
import { stateOf } from '../table/slots.ts';
import { DELIVERY, PATIENCE, POLL, PROBE, RELAY } from '../times.ts';
import { settleBySlot } from './account.ts';
import { isThroughWith, type Slotted } from './child.ts';
import { post } from './order.ts';
import type { Order } from './terms.ts';

/** What is to be done while a thread blocks for its workers. */
export interface BlockListeners {
  /** They are ordered. */
  onOrdered(): void;
  /** Wakes those that could not be woken before. Whether there are still some. */
  wakeStarting(): boolean;
  /** Called once, if they are still waited for at `spreadAt`. */
  spread(): void;
  readonly spreadAt: number;
}

/** What a collection asks of those who know the workers. */
export interface Parts {
  readonly table: Table;
  /** A worker's own limit: ms. */
  limitOf(child: Slotted): number | undefined;
  readAll(child: Slotted): void;
  /** A worker was ordered just now. */
  onOrdered(child: Slotted): void;
  /** Nothing is awaited of a worker any more. */
  onSettled(child: Slotted): void;
  /** Orders whoever has joined meanwhile, and whose link may be on its way. */
  findMore(): void;
  /** Whether the answer to an invitation is awaited. */
  isAwaitingAnswers(): boolean;
  loseTheGone(children: Iterable<Slotted>): void;
}

export interface Collection {
  readonly order: Order;
  readonly isBlocking: boolean;
  readonly pending: ReadonlySet<Slotted>;
  /** Takes the acks of those whose slots say by now that they have acked: an event for each takes several times as long. */
  readMore(): void;
  /** Orders one worker, and awaits it with the others. */
  send(child: Slotted): void;
  /** The worker's own code has closed its port, perhaps with the order on its way: its slot has that as well. */
  sendAgain(child: Slotted): void;
  /** Looks at the slots of those that have no port, whenever somebody rings. */
  follow(): void;
  done(child: Slotted): void;
  /** Settles once nobody is left to wait for; undefined if nobody is. */
  await(): Promise<void> | undefined;
  /** From now on `order` holds. `blocks`: and the event loop no longer turns. */
  change(order: Order, blocks: boolean): void;
  /** Blocks until the acks are in, or the order's time is up. */
  block(listeners: BlockListeners): void;
  settleIfDone(): void;
  /** The shutdown is over: nobody is awaited any more. */
  drop(): void;
}

/** The orders of this process's threads need not differ from each other, only those on one link. */
let epochs = 0;

/** Whether the worker has nothing to do any more, or its parent has nothing more to expect of it. */
export const isOver = (child: Slotted): boolean => isThroughWith(child) || isThrough(stateOf(child.table, child.slot));

export function createCollection(first: Order, parts: Parts): Collection {
  const { table, limitOf, readAll } = parts;
  const epoch = ++epochs;
  const pending = new Set<Slotted>();
  let order = first;
  let isBlocking = false;
  let isFollowing = false;
  let settle = (): void => {};
  /** What the doorbell said when it was looked last who has acked. */
  let heard = Atomics.load(table.cells, Header.doorbell);

  function send(child: Slotted): void {
    const { task } = child;
    if (isOver(child)) {
      // It may have ended by itself just now, and has said so.
      if (!task.ack) readAll(child);
      return;
    }
    if (task.epoch === 0) {
      post(child, order, epoch, limitOf(child));
      parts.onOrdered(child);
    } else if (order.sync && !task.ack && !task.isOrderedSync) {
      post(child, order, task.epoch, limitOf(child));
    }
    if (!task.ack) pending.add(child);
  }

  /** Without a port, a worker's slot tells that it has acked. Follows the doorbell while there is such a worker. */
  function follow(): void {
    if (isFollowing || isBlocking || ![...pending].some(({ port }) => port === undefined)) return;
    isFollowing = true;
    const rung = Atomics.load(table.cells, Header.doorbell);
    for (const child of pending)
      if (child.port === undefined && isThrough(stateOf(child.table, child.slot))) expectPort(child);
    const look = (): void => {
      isFollowing = false;
      follow();
    };
    const wait = Atomics.waitAsync(table.cells, Header.doorbell, rung);
    if (wait.async) wait.value.then(look);
    else queueMicrotask(look);
  }

  /** While the event loop turns, its port is on its way, and with it the ack itself. */
  function expectPort(child: Slotted): void {
    child.task.timer ??= setTimeout(() => {
      if (!child.port) readSlot(child);
    }, DELIVERY);
  }

  function readSlot(child: Slotted): void {
    if (!isThrough(stateOf(child.table, child.slot))) return;
    settleBySlot(child, 'lost', 'its ack was not delivered');
    parts.onSettled(child);
  }

  function settleIfDone(): void {
    if (pending.size > 0 || parts.isAwaitingAnswers()) return;
    if (!isBlocking) parts.findMore();
    if (pending.size === 0) settle();
  }

  /**
   * A worker that is blocked does not tell its own workers that they end with it. Their slots do, unless the phase of the
   * whole tree has told them.
   */
  function tellOrphans(): void {
    if (Atomics.load(table.cells, Header.phase) !== Phase.running) return;
    for (const child of pending) {
      if (isWaiting(stateOf(child.table, child.slot))) orderOrphans(child.table, child.threadId, order.until - now());
    }
  }

  return {
    get order() {
      return order;
    },

    get isBlocking() {
      return isBlocking;
    },

    pending,
    send,
    follow,
    settleIfDone,

    readMore() {
      const rung = Atomics.load(table.cells, Header.doorbell);
      // One has rung for what was read just now.
      const isMore = rung - heard > 1;
      heard = rung;
      if (!isMore || isBlocking) return;
      for (const child of pending) if (isThrough(stateOf(child.table, child.slot))) readAll(child);
    },

    sendAgain(child) {
      if (child.task.epoch === 0 || isOver(child)) return;
      post(child, order, child.task.epoch, limitOf(child));
      pending.add(child);
      follow();
    },

    done(child) {
      pending.delete(child);
      settleIfDone();
    },

    drop() {
      settle = () => {};
      pending.clear();
    },

    await() {
      if (pending.size === 0 && !parts.isAwaitingAnswers()) return undefined;
      setTimeout(tellOrphans, RELAY).unref();
      return new Promise((resolve) => {
        settle = resolve;
      });
    },

    change(changed, blocks) {
      order = changed;
      isBlocking ||= blocks;
    },

    block({ wakeStarting, spread, spreadAt }) {
      let isSpread = false;
      let areParked = true;
      let probeAt = now() + PROBE;
      const relayedAt = now() + RELAY;
      let areToldAll = false;
      const foreign = [...pending].some((child) => child.table !== table);
      const patience = parts.isAwaitingAnswers() ? now() + PATIENCE : 0;
      for (;;) {
        const rung = Atomics.load(table.cells, Header.doorbell);
        parts.findMore();
        for (const child of pending) {
          // The slot first: a worker posts its ack before it says so there.
          const through = isThrough(stateOf(child.table, child.slot));
          readAll(child);
          if (through && !child.task.ack) readSlot(child);
        }
        const left = order.until - now();
        const isHopeful = now() < patience && parts.isAwaitingAnswers();
        if ((pending.size === 0 && !isHopeful) || left <= 0) break;
        if (!isSpread && now() >= spreadAt) {
          isSpread = true;
          spread();
        }
        if (!areToldAll && now() >= relayedAt) {
          areToldAll = true;
          tellOrphans();
        }
        if (now() >= probeAt) {
          probeAt = now() + PROBE;
          parts.loseTheGone(pending);
        }
        const patient = Math.min(left, Math.max(0, probeAt - now()), isSpread ? left : Math.max(0, spreadAt - now()));
        areParked &&= wakeStarting();
        const polls = foreign || isHopeful || areParked;
        Atomics.wait(table.cells, Header.doorbell, rung, polls ? Math.min(patient, POLL) : patient);
      }
    },
  };
}
