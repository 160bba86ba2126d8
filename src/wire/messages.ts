/** The messages that cross threads: what is sent along a link, and what is sent between threads that have none yet. */
import type { MessagePort } from 'node:worker_threads';
import type { HandlerOutcome, WorkerOutcome } from './outcomes.ts';
import { KEY, type Reason } from './reason.ts';

/** How many slots the shared table has: more than the threads that a process can hold. Untouched pages of it cost address space, no memory. */
export const SLOTS = 4096;

/** In the environment data, inherited by every worker made from then on: who its nearest ancestor is. */
export interface Ancestor {
  readonly version: number;
  readonly threadId: number;
  readonly buffer: SharedArrayBuffer;
}

/** Worker to ancestor, between threads: one end of a link. `buffer`: the worker's own table, where it inherited none. */
export interface LinkMessage {
  readonly [KEY]: number;
  readonly slot: number;
  readonly port: MessagePort;
  readonly buffer?: SharedArrayBuffer | undefined;
}

/**
 * Parent to worker, between threads: link up here. For one that was made before its parent had loaded the library, so
 * that it has inherited no environment data.
 */
export interface InviteMessage {
  readonly [KEY]: number;
  readonly invite: SharedArrayBuffer;
}

/** Parent to worker: shut down and ack within `timeout` ms. Its inverse is {@link AckMessage}. */
export interface OrderMessage {
  readonly type: 'order';
  readonly version: number;
  readonly epoch: number;
  readonly reason: Reason;
  readonly timeout: number;
  /** When it was posted: what it took on its way, and until it was read, is of its `timeout`. */
  readonly sentAt: number;
  /** The root's event loop no longer turns. */
  readonly sync: boolean;
  /** The streams that are to come over the link: those that nobody captures. */
  readonly relay: Streams;
}

export interface Streams {
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** Any thread to the main thread, broadcast: a handler that is entrusted to it, or taken back. */
export interface EntrustMessage {
  readonly [KEY]: number;
  readonly threadId: number;
  readonly id: number;
  /** Absent where it is taken back. */
  readonly handler?: EntrustedHandler;
}

export interface EntrustedHandler {
  /** A URL, as text. */
  readonly module: string;
  readonly exportName: string;
  readonly args: readonly unknown[];
}

/** Any thread to the main thread, broadcast: a worker that has entrusted something is gone. */
export interface GoneMessage {
  readonly [KEY]: number;
  readonly gone: number;
}

/** Worker to parent: it prints. */
export interface PrintMessage {
  readonly type: 'print';
  readonly version: number;
  readonly stream: keyof Streams;
  readonly chunk: string | Uint8Array;
}

/** Parent to worker: nothing. Whether it can be sent tells whether the thread is there. */
export interface PingMessage {
  readonly type: 'ping';
  readonly version: number;
}

/** Parent to worker: the shutdown is over and the thread lives on. */
export interface OverMessage {
  readonly type: 'over';
  readonly version: number;
}

/** Worker to parent: all is done. `epoch` is the order's, or 0 where the worker ended on its own. */
export interface AckMessage {
  readonly type: 'ack';
  readonly version: number;
  readonly epoch: number;
  /** When its order was read, or it began to end by itself: ms of `now()`. */
  readonly readAt?: number;
  readonly handlers: readonly HandlerOutcome[];
  readonly workers: readonly WorkerOutcome[];
}
