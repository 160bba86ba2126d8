/**
 * One link down: what this thread knows of a worker of its, how it orders it, and what is reported of it in the end.
 */
import type { Readable } from 'node:stream';
import type { MessagePort, Worker } from 'node:worker_threads';
import { now } from './clock.ts';
import {
  type AckMessage,
  at,
  Cell,
  Linked,
  Ordered,
  type OrderMessage,
  type PingMessage,
  type Reason,
  State,
  type Streams,
  type Table,
  VERSION,
  type WorkerStatus,
} from './protocol.ts';
import { fromOutcome, fromWorkerOutcome, isCleanHandler, type WorkerReport } from './report.ts';
import { blockedBy, childrenOf, diagnose, isThrough, orderBySlot, stateOf } from './slots.ts';

/** An order, as the sequence gives it. `until`: when the acks must be in, on this thread's clock. */
export interface Order {
  readonly reason: Reason;
  readonly until: number;
  readonly sync: boolean;
  /** The streams of this thread that nobody captures. */
  readonly relay: Streams;
}

export interface Link {
  readonly threadId: number;
  readonly slot: number;
  readonly table: Table;
  worker: Worker | undefined;
  port: MessagePort | undefined;
  /** The shutdown that it was ordered in; 0 while there is none. */
  epoch: number;
  /** The one before, whose ack may come when that is over. */
  lastEpoch: number;
  orderedAt: number;
  /** Whether the last message to it had somewhere to go; undefined where that is not told. */
  isSent: boolean | undefined;
  timer: NodeJS.Timeout | undefined;
  ack: AckMessage | undefined;
  ackMs: number | undefined;
  /** Without an ack: what became of it. */
  ended: { readonly status: 'timed-out' | 'lost' | 'acked' | 'failed'; readonly diagnosis?: string } | undefined;
  gone: boolean;
  /** What was known of the workers below it when it was given up, since their slots go with it. */
  below: readonly WorkerReport[] | undefined;
  /** It was ordered while the event loop no longer turned. */
  orderedSync: boolean;
  /** What it said has been logged. */
  told: boolean;
  /** Called once there is nothing to wait for any more. */
  onDone: (() => void) | undefined;
  /** A message that does not fit is logged once a link. */
  complained: boolean;
}

export function createLink(threadId: number, slot: number, table: Table): Link {
  return {
    threadId,
    slot,
    table,
    worker: undefined,
    port: undefined,
    epoch: 0,
    lastEpoch: 0,
    orderedAt: 0,
    isSent: undefined,
    timer: undefined,
    ack: undefined,
    ackMs: undefined,
    ended: undefined,
    gone: false,
    below: undefined,
    orderedSync: false,
    told: false,
    onDone: undefined,
    complained: false,
  };
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

/** The slot knows of an ack that was never delivered. */
export function withoutAck(link: Link, status: 'lost' | 'timed-out', diagnosis: string): NonNullable<Link['ended']> {
  const state = stateOf(link.table, link.slot);
  if (state === State.acked) return { status: 'acked' };
  if (state !== State.failed) return { status, diagnosis };
  const failures = Atomics.load(link.table.cells, at(link.slot, Cell.failures));
  return { status: 'failed', diagnosis: `${failures} of its handlers failed; its ack was not delivered` };
}

const STATUS_OF = new Map<number, WorkerStatus>([
  [State.acked, 'acked'],
  [State.failed, 'failed'],
  [State.lost, 'lost'],
]);

/** What is known of the workers below one that cannot tell any more. */
export function descendants(table: Table, parent: number, path: readonly number[]): WorkerReport[] {
  const involved = childrenOf(table, parent).filter(({ state }) => state !== State.idle);
  return involved.flatMap(({ index, threadId: thread, state }): WorkerReport[] => {
    const below = [...path, thread];
    const status = STATUS_OF.get(state) ?? 'timed-out';
    const blocked = state === State.timedOut ? blockedBy(table, index) : undefined;
    const diagnosis = isThrough(state) ? (blocked ?? 'its parent did not ack for it') : diagnose(table, index);
    const report = {
      threadId: thread,
      path: below,
      name: `worker ${thread}`,
      status,
      diagnosis,
      handlers: [],
    } as const;
    return [report, ...descendants(table, thread, below)];
  });
}

/** Whether it had a port, and that was closed: by the worker's own code, since the library does not. */
export function isClosed({ table, slot, port }: Link): boolean {
  return port === undefined && Atomics.load(table.cells, at(slot, Cell.linked)) === Linked.yes;
}

/** Why a worker did not ack, as far as its slot and its port tell. */
export function diagnosisOf(link: Link): string {
  const isUnread = stateOf(link.table, link.slot) < State.read;
  return isUnread && isClosed(link) ? 'its link was closed, and it was blocked' : diagnose(link.table, link.slot);
}

/** What became of a worker that is called `name`, and of those below it. */
export function reportOf(link: Link, name: string): WorkerReport[] {
  const { ack, ackMs, ended, below, threadId: thread, table } = link;
  const path = [thread];
  const about = { threadId: thread, path, name, ...(ackMs !== undefined && { ackMs }) };
  if (ack) {
    const handlers = ack.handlers.map(fromOutcome);
    const told = ack.workers.map(fromWorkerOutcome).map((worker) => ({ ...worker, path: [thread, ...worker.path] }));
    return [{ ...about, status: handlers.every(isCleanHandler) ? 'acked' : 'failed', handlers }, ...told];
  }
  const { status, diagnosis } = ended ?? withoutAck(link, 'timed-out', diagnosisOf(link));
  const own: WorkerReport = { ...about, status, ...(diagnosis !== undefined && { diagnosis }), handlers: [] };
  return [own, ...(below ?? descendants(table, thread, path))];
}
