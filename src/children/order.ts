/** An order on its way to one worker: by its port, and by its slot. */
import type { Readable } from 'node:stream';
import { now } from '../clock.ts';
import { process } from '../platform.ts';
import { Ordered } from '../table/cells.ts';
import { orderBySlot } from '../table/orders.ts';
import type { OrderMessage, OverMessage, PingMessage } from '../wire/messages.ts';
import { VERSION } from '../wire/reason.ts';
import { type Child, type Slotted, step } from './child.ts';
import type { Order } from './terms.ts';

/**
 * Whether a worker's stream goes where Node pipes it, and not to somebody who captures it. Where the stream does not tell
 * its destinations, one that flows is taken for piped.
 */
export function isPiped(stream: Pick<Readable, 'readableFlowing' | 'listeners'>, destination: unknown): boolean {
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
export function post(child: Slotted, { reason, until, sync, relay }: Order, epoch: number, limit?: number): void {
  const { worker, task } = child;
  postOver(child);
  if (task.epoch === 0) {
    step(child, 'joined');
    step(child, 'ordered');
    // It may have ended by itself once, and live on.
    task.ack = undefined;
    task.epoch = epoch;
    task.orderedAt = now();
  }
  task.isOrderedSync = sync;
  const stdout = relay.stdout && (!worker || isPiped(worker.stdout, process.stdout));
  const stderr = relay.stderr && (!worker || isPiped(worker.stderr, process.stderr));
  const captured = (stdout ? 0 : Ordered.stdoutCaptured) | (stderr ? 0 : Ordered.stderrCaptured);
  const timeout = Math.max(0, Math.min(limit ?? Number.POSITIVE_INFINITY, until - now()));
  const sentAt = now();
  const flags = captured | (sync ? Ordered.sync : 0) | (child.contact === 'closed' ? Ordered.alone : 0);
  orderBySlot(child.table, child.slot, {
    route: reason.route,
    timeout,
    sentAt,
    flags,
    isPosted: child.port !== undefined,
  });
  send(child, {
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
export const isHearing = (child: Child): boolean => hears(child) ?? true;

/** The same; undefined where nothing tells. */
export function hears(child: Child): boolean | undefined {
  if (!child.port) return undefined;
  const wasTold = child.isSent !== undefined;
  send(child, { type: 'ping', version: VERSION });
  return child.isSent ?? (wasTold ? false : undefined);
}

/** Tells the worker that the shutdown is over, and that it lives on, unless it was told. */
export function postOver(child: Child): void {
  if (!child.isOverDue) return;
  child.isOverDue = false;
  child.port?.postMessage({ type: 'over', version: VERSION } satisfies OverMessage);
}

/** Node, and Node alone, returns whether a message has somewhere to go, and nothing where the port is closed. */
function send(child: Child, message: OrderMessage | PingMessage): void {
  const isSent: unknown = child.port?.postMessage(message);
  child.isSent = typeof isSent === 'boolean' ? isSent : undefined;
}
