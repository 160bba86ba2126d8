/**
 * Where a worker learns from the shared table that it is to end: the phase of the whole tree, and the order in its own
 * slot. An order comes by message as well; what is seen here says that one is due, and the worker acts without it where
 * its parent is too busy to hand it on.
 */
import { now } from '../src/clock.ts';
import { clearTimeout, setTimeout } from '../src/platform.ts';
import { signalName } from '../src/signal-names.ts';
import { at, Cell, Header, isOrderedPhase, Ordered, Phase, State } from '../src/table/cells.ts';
import { slotOf } from '../src/table/slots.ts';
import { RELAY } from '../src/times.ts';
import type { OrderMessage } from '../src/wire/messages.ts';
import { type Reason, ROUTES, VERSION } from '../src/wire/reason.ts';
import type { Link } from './link.ts';
import type { OwnSlot } from './own-slot.ts';

interface Listeners {
  /** This worker has read its order, or acts without one. */
  isOrdered(): boolean;
  /** No order has come: this is what it would have said. */
  onOrder(order: OrderMessage): void;
  /** The shutdown of the whole tree has begun. */
  onBegin(reason: Reason): void;
  /** The shutdown is over, and this thread lives on. */
  onOver(): void;
}

export interface Watch {
  /** Follows the phase of the whole tree. */
  followPhase(): void;
  /** The whole tree was ordered to shut down: the order is on its way, unless an ancestor cannot relay it. */
  expectOrder(): void;
  /**
   * The parent orders this worker, alone perhaps. A linked worker gets the order by message; where the link is still on its
   * way, the order follows or the worker acts alone.
   */
  expectOwn(index: number): void;
  /** Nothing is to be expected any more. */
  stop(): void;
  actAlone(): void;
  /** See `Parent`. */
  actOnPendingOrder(): void;
}

export function createWatch(own: OwnSlot, link: Link, { isOrdered, onOrder, onBegin, onOver }: Listeners): Watch {
  /** The slot whose order is waited for. */
  let expecting: number | undefined;
  let timer: NodeJS.Timeout | undefined;

  const phase = (): number => own.header(Header.phase);

  function reason(): Reason {
    const signal = own.header(Header.signal);
    return {
      route: ROUTES[own.header(Header.route)] ?? 'shutdown',
      exitCode: own.header(Header.exitCode),
      ...(signal > 0 && { signal: signalName(signal) }),
    };
  }

  /** The order as the cells have it: the slot's if it was ordered there, otherwise the whole tree's. */
  function readOrder(): OrderMessage {
    const flags = own.read(Cell.order);
    const [timeout, sentAt] =
      flags === 0 ? [own.timeOfTree(), own.header(Header.sentAt)] : [own.read(Cell.timeout), own.read(Cell.sentAt)];
    return {
      type: 'order',
      version: VERSION,
      epoch: 0,
      reason: phase() === Phase.running ? { route: ROUTES[own.read(Cell.route)] ?? 'terminate' } : reason(),
      timeout,
      // What a cell holds of the time: the difference of two such is right, although each is cut to 32 bits.
      sentAt: now() - ((Math.trunc(now()) - sentAt) | 0),
      sync: phase() === Phase.orderedSync || (flags & Ordered.sync) !== 0,
      relay: { stdout: !(flags & Ordered.stdoutCaptured), stderr: !(flags & Ordered.stderrCaptured) },
    };
  }

  function actAlone(): void {
    if (!isOrdered() && own.index !== undefined) onOrder(readOrder());
  }

  const isExpecting = (): boolean =>
    own.index !== undefined && !isOrdered() && isOrderedPhase(phase()) && own.read(Cell.state) !== State.idle;

  function stop(): void {
    if (timer) clearTimeout(timer);
  }

  /** Acts after `RELAY`, or at once where no message can come. */
  function setTimer(act: () => void): void {
    timer = setTimeout(act, link.isUnreachable() ? 0 : RELAY);
  }

  function expectOrder(): void {
    stop();
    if (!isExpecting()) return;
    const parent = slotOf(own.table, own.parentId);
    const readPulse = (): number => (parent === undefined ? 0 : Atomics.load(own.table.cells, at(parent, Cell.pulse)));
    const pulse = readPulse();
    setTimer(() => {
      if (!isExpecting()) return;
      // The parent's event loop turns, and it has not come to its workers yet.
      if (readPulse() !== pulse && own.read(Cell.order) === 0) expectOrder();
      else actAlone();
    });
  }

  function follow(seen: number): void {
    // It keeps no thread alive.
    const wait = Atomics.waitAsync(own.table.cells, Header.phase, seen);
    const changed = (): void => {
      const current = phase();
      if (current !== seen) {
        // A linked worker is told by a message, once.
        if (current === Phase.running && !link.isLinked()) onOver();
        if (seen === Phase.running && current !== Phase.running) onBegin(reason());
        expectOrder();
      }
      follow(current);
    };
    if (wait.async) wait.value.then(changed);
    else changed();
  }

  function expectOwn(index: number): void {
    if (expecting === index) return;
    expecting = index;
    const wait = Atomics.waitAsync(own.table.cells, at(index, Cell.order), 0);
    const told = (): void => {
      expecting = undefined;
      if (own.index !== index || isOrdered()) return;
      // It was woken for an order that is over by now.
      if (own.read(Cell.order) === 0) {
        expectOwn(index);
        return;
      }
      const isAlone = (own.read(Cell.order) & Ordered.alone) !== 0;
      if (isAlone) actAlone();
      if (isAlone || link.isLinked()) return;
      stop();
      setTimer(() => (link.isLinked() ? undefined : actAlone()));
    };
    if (wait.async) wait.value.then(told);
    else told();
  }

  return {
    expectOrder,
    actAlone,
    followPhase: () => follow(Phase.running),
    stop,

    expectOwn,

    actOnPendingOrder() {
      const isBegun = own.isInherited && phase() !== Phase.running && own.read(Cell.state) !== State.idle;
      if (isBegun || own.read(Cell.order) !== 0) actAlone();
    },
  };
}
