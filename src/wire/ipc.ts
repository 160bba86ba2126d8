/**
 * What crosses the IPC channel between a process and the one that has started it. Node emits a message whose `cmd` begins
 * with `NODE_` as `'internalMessage'`: it keeps no process alive, and takes none of the program's own messages.
 */
import type { HandlerOutcome, WorkerOutcome } from './outcomes.ts';
import { type Reason, VERSION } from './reason.ts';
import {
  type Fields,
  isDuration,
  isFields,
  isHandlerOutcome,
  isListOf,
  isOptional,
  isReason,
  isWorkerOutcome,
} from './validators.ts';

export const CMD = 'NODE_worker-atexit';

interface Tagged {
  readonly cmd: typeof CMD;
  readonly version: number;
}

/** Child to parent: it uses this library, and takes orders. */
export interface HereMessage extends Tagged {
  readonly type: 'here';
}

/** Parent to child: it is registered. A child that hears it says that it is here. */
export interface RegisteredMessage extends Tagged {
  readonly type: 'registered';
  /** The child's listeners of signals that call this are to wait for the order, which comes in their place. */
  readonly holds?: string | undefined;
}

/** Parent to child: shut down and end within `timeout` ms. Its inverse is {@link ProcessAckMessage}. */
export interface ProcessOrderMessage extends Tagged {
  readonly type: 'order';
  readonly reason: Reason;
  readonly timeout: number;
  /** What would end a child that does not use this library. */
  readonly signal: NodeJS.Signals;
  /** When it was sent, on the clock that all processes have in common: what it took until it was read is of its `timeout`. */
  readonly sentAt: number;
}

/** Child to parent: its shutdown is through, whatever has started it. */
export interface ProcessAckMessage extends Tagged {
  readonly type: 'ack';
  /** When its order was read: ms on the clock of `process.hrtime()`. Absent where none has come. */
  readonly readAt?: number | undefined;
  readonly handlers: readonly HandlerOutcome[];
  readonly workers: readonly WorkerOutcome[];
}

export const tagged = { cmd: CMD, version: VERSION } as const;

/** Whether an internal message is this library's at all. Others are Node's own. */
export const isOurs = (message: unknown): message is Fields => isFields(message) && message.cmd === CMD;

const isOf = (message: unknown, type: string): message is Fields =>
  isOurs(message) && message.version === VERSION && message.type === type;

export const isHere = (message: unknown): message is HereMessage => isOf(message, 'here');

export const isRegistered = (message: unknown): message is RegisteredMessage =>
  isOf(message, 'registered') && (message.holds === undefined || typeof message.holds === 'string');

export const isProcessOrder = (message: unknown): message is ProcessOrderMessage =>
  isOf(message, 'order') &&
  isReason(message.reason) &&
  isDuration(message.timeout) &&
  isDuration(message.sentAt) &&
  typeof message.signal === 'string';

export const isProcessAck = (message: unknown): message is ProcessAckMessage =>
  isOf(message, 'ack') &&
  isOptional(message.readAt, isDuration) &&
  isListOf(message.handlers, isHandlerOutcome) &&
  isListOf(message.workers, isWorkerOutcome);
