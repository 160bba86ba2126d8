/** An order on its way to one child: by its port, and by its slot. */
import type { Readable } from 'node:stream';
import { now } from '../clock.ts';
import { at, Cell, Linked, Ordered } from '../table/cells.ts';
import { orderBySlot } from '../table/orders.ts';
import type { OrderMessage, PingMessage, Streams } from '../wire/messages.ts';
import { type Reason, VERSION } from '../wire/reason.ts';
import type { Link } from './child.ts';

/** An order, as the sequence gives it. `until`: when the acks must be in, on this thread's clock. */
export interface Order {
  readonly reason: Reason;
  readonly until: number;
  readonly sync: boolean;
  /** The streams of this thread that nobody captures. */
  readonly relay: Streams;
}

/**
 * Whether a worker's stream goes where Node pipes it, and not to somebody who captures it. Where the stream does not tell
 * its destinations, one that flows is taken for piped.
 */
function isPiped(stream: Readable, destination: unknown): boolean {
  const state: unknown = Reflect.get(stream, '_readableState');
  const pipes: unknown = typeof state === 'object' && state !== null && 'pipes' in state ? state.pipes : undefined;
  if (!Array.isArray(pipes)) return stream.readableFlowing === true;
  // Where Node pipes, Bun has a listener that writes.
  return pipes.includes(destination) || ('Bun' in globalThis && stream.listeners('data').some(writesToProcess));
}

function writesToProcess(listener: unknown): boolean {
  return /process\.std(out|err)\.write/.test(String(listener));
}

/** Orders the worker, within `limit` ms if it has a limit of its own. */
export function post(link: Link, { reason, until, sync, relay }: Order, epoch: number, limit?: number): void {
  if (link.epoch === 0) {
    // It may have ended by itself once, and live on.
    link.ack = undefined;
    link.epoch = epoch;
    link.orderedAt = now();
  }
  link.orderedSync = sync;
  const { worker } = link;
  const stdout = relay.stdout && (!worker || isPiped(worker.stdout, process.stdout));
  const stderr = relay.stderr && (!worker || isPiped(worker.stderr, process.stderr));
  const captured = (stdout ? 0 : Ordered.stdoutCaptured) | (stderr ? 0 : Ordered.stderrCaptured);
  const timeout = Math.max(0, Math.min(limit ?? Number.POSITIVE_INFINITY, until - now()));
  const sentAt = now();
  const flags = captured | (sync ? Ordered.sync : 0) | (isClosed(link) ? Ordered.alone : 0);
  orderBySlot(link.table, link.slot, {
    route: reason.route,
    timeout,
    sentAt,
    flags,
    isPosted: link.port !== undefined,
  });
  send(link, {
    type: 'order',
    version: VERSION,
    epoch,
    reason,
    timeout,
    sentAt,
    sync,
    relay: { stdout, stderr },
  });
}

/** False if its thread is known to be gone. A port that its own code has closed does not tell. */
export function isHearing(link: Link): boolean {
  if (!link.port) return true;
  const wasTold = link.isSent !== undefined;
  send(link, { type: 'ping', version: VERSION });
  return link.isSent ?? !wasTold;
}

/** Node, and Node alone, returns whether a message has somewhere to go, and nothing where the port is closed. */
function send(link: Link, message: OrderMessage | PingMessage): void {
  const isSent: unknown = link.port?.postMessage(message);
  link.isSent = typeof isSent === 'boolean' ? isSent : undefined;
}

/** Whether it had a port, and that was closed: by the worker's own code, since the library does not. */
export function isClosed({ table, slot, port }: Link): boolean {
  return port === undefined && Atomics.load(table.cells, at(slot, Cell.linked)) === Linked.yes;
}
