/**
 * This worker's link: its port to the nearest ancestor that uses the library. The other end is sent there by way of Node,
 * and may be on its way for long; until it is taken, it can be taken back.
 */
import type { MessagePort } from 'node:worker_threads';
import { now } from '../src/clock.ts';
import type { Chunk } from '../src/output/output.ts';
import { clearInterval, setInterval } from '../src/platform.ts';
import { at, Cell, Header, Linked, Ordered, Phase } from '../src/table/cells.ts';
import { settleLink } from '../src/table/moves.ts';
import { threads } from '../src/threads.ts';
import { PULSE, RELAY } from '../src/times.ts';
import type { AckMessage, LinkMessage, OrderMessage, PrintMessage, Streams } from '../src/wire/messages.ts';
import { KEY, VERSION } from '../src/wire/reason.ts';
import { isOrder, isOver, isPing } from '../src/wire/validators.ts';
import type { OwnSlot } from './own-slot.ts';
import type * as rarely from './rare.ts';

/** What is loaded on demand. */
export type Rare = typeof rarely;

interface Listeners {
  /** Sends a link to another thread; settles once it was heard there. */
  deliver(to: number, message: LinkMessage): Promise<unknown>;
  onOrder(order: OrderMessage): void;
  /** The parent has taken the link. */
  onLinked(): void;
  /** No ancestor uses the library, so there is no link, and no slot. */
  onRefused(): void;
  /** The shutdown is over, and this thread lives on. */
  onOver(): void;
  log(message: string): void;
  rare(): Rare;
}

export interface Link {
  /** Sends one end of it to the parent. */
  open(index: number): void;
  /** Whether there is one, be it on its way. */
  isOpen(): boolean;
  /** The parent has taken the link, so that an order comes over it, and what goes up arrives. */
  isLinked(): boolean;
  /** A link that has not arrived by the time at which the root, or its parent, blocks does not arrive any more. */
  isUnreachable(): boolean;
  /** Whether a parent will tell what this worker acks. */
  isHeard(): boolean;
  isOnItsWay(): boolean;
  /** Takes what has arrived, without the event loop. */
  readAll(): void;
  /** Sends what this thread prints to the parent, which has until `until` to write it. */
  print(stream: keyof Streams, chunk: Chunk, until: number): void;
  /** Returns whether the parent will tell of it. `isLast`: a link that is still on its way is taken back. */
  ack(message: AckMessage, isLast: boolean): boolean;
  /** Settles once the parent has taken the link, or it is not to be waited for any longer. */
  arrival(until: number): Promise<void>;
  /** As `arrival`, for a thread whose event loop no longer turns. */
  awaitArrival(index: number): void;
}

export function createLink(own: OwnSlot, listeners: Listeners): Link {
  const { log, rare } = listeners;
  let port: MessagePort | undefined;
  /** One end of it was closed: there is nothing to read any more, and Node does not bear that somebody tries. */
  let isClosed = false;
  let onDelivered = (): void => {};
  let hasComplained = false;
  /** What was printed into a link that is on its way. */
  const unheard: { readonly stream: keyof Streams; readonly chunk: Chunk; readonly until: number }[] = [];

  const phase = (): number => own.header(Header.phase);
  const isLinked = (): boolean => port !== undefined && own.read(Cell.linked) === Linked.yes;
  const isUnreachable = (): boolean =>
    own.read(Cell.linked) === Linked.never ||
    (!isLinked() && (phase() === Phase.orderedSync || (own.read(Cell.order) & Ordered.sync) !== 0));
  const isHeard = (): boolean => port !== undefined && !isUnreachable();
  const isOnItsWay = (): boolean => isHeard() && !isLinked();

  const next = (): { message: unknown } | undefined =>
    port && !isClosed ? threads().receiveMessageOnPort(port) : undefined;

  function receive(message: unknown): void {
    if (isOrder(message)) listeners.onOrder(message);
    else if (isOver(message)) listeners.onOver();
    else if (!isPing(message) && !hasComplained) {
      hasComplained = true;
      log(rare().dropped(own.parentId, message));
    }
  }

  /** Takes the link back, and writes what was printed into it. False if the parent has taken it after all. */
  function withdraw(): boolean {
    if (own.index === undefined) return true;
    const found = settleLink(own.table, own.index, Linked.never);
    const printed = unheard.splice(0);
    if (found === Linked.yes) return false;
    for (const { stream, chunk, until } of printed) rare().writeDirectly(stream, chunk, until);
    return true;
  }

  return {
    isOpen: () => port !== undefined,
    isLinked,
    isUnreachable,
    isHeard,
    isOnItsWay,

    open(index) {
      const { table } = own;
      const channel = new MessageChannel();
      port = channel.port1;
      port.on('message', receive);
      port.on('messageerror', () => receive(undefined));
      port.on('close', () => {
        isClosed = true;
      });
      isClosed = false;
      port.unref();
      const message: LinkMessage = {
        [KEY]: VERSION,
        slot: index,
        port: channel.port2,
        ...(!own.isInherited && { buffer: table.buffer }),
      };
      const delivered = (): void => {
        const linked = own.read(Cell.linked);
        if (linked === Linked.yes) {
          unheard.length = 0;
          listeners.onLinked();
          onDelivered();
          return;
        }
        if (linked === Linked.never) return;
        withdraw();
        // No ancestor uses the library: this worker's handlers run when its own thread ends.
        port?.close();
        port = undefined;
        own.leave(table, index);
        onDelivered();
        listeners.onRefused();
      };
      // It is taken, too, by a listener of somebody else's.
      listeners.deliver(own.parentId, message).then(delivered, delivered);
    },

    readAll() {
      for (let received = next(); received !== undefined; received = next()) receive(received.message);
    },

    print(stream, chunk, until) {
      if (port === undefined || (isUnreachable() && withdraw())) {
        rare().writeDirectly(stream, chunk, until);
        return;
      }
      port.postMessage({ type: 'print', version: VERSION, stream, chunk } satisfies PrintMessage);
      if (!isLinked()) unheard.push({ stream, chunk, until });
      if (phase() === Phase.orderedSync) own.ring();
    },

    ack(message, isLast) {
      const isTold = port !== undefined && (isLinked() || !((isLast || isUnreachable()) && withdraw()));
      if (isTold) port?.postMessage(message);
      return isTold;
    },

    arrival(until) {
      return new Promise((resolve) => {
        onDelivered = () => {
          if (isOnItsWay() && now() < until) return;
          clearInterval(looking);
          resolve();
        };
        const looking = setInterval(onDelivered, PULSE).unref();
      });
    },

    awaitArrival(index) {
      const until = now() + RELAY;
      const { cells } = own.table;
      while (isOnItsWay() && now() < until) Atomics.wait(cells, at(index, Cell.linked), Linked.notYet, PULSE);
    },
  };
}
