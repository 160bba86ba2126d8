/**
 * The validators that narrow what arrives from another thread. Nothing here trusts its input, and nothing outside this
 * folder casts.
 */
import { isSharedArrayBuffer, isUint8Array } from '../platform.ts';
import { threads } from '../threads.ts';
import {
  type AckMessage,
  type Ancestor,
  type EntrustedHandler,
  type EntrustMessage,
  type GoneMessage,
  type InviteMessage,
  type LinkMessage,
  type OrderMessage,
  type OverMessage,
  type PingMessage,
  type PrintMessage,
  SLOTS,
} from './messages.ts';
import { type ErrorText, type HandlerOutcome, STATUSES, type WorkerOutcome } from './outcomes.ts';
import { KEY, type Reason, ROUTES, VERSION } from './reason.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

export const isDuration = (value: unknown): value is number => typeof value === 'number' && value >= 0;

export const isOptional = (value: unknown, is: (value: unknown) => boolean): boolean =>
  value === undefined || is(value);

export const isString = (value: unknown): value is string => typeof value === 'string';

/** By a plain loop: `every` costs some 0.15 ms in a thread that has not called it before. */
export function isListOf(value: unknown, is: (value: unknown) => boolean): boolean {
  if (!Array.isArray(value)) return false;
  for (let index = 0; index < value.length; index++) if (!is(value[index])) return false;
  return true;
}

const isOneOf = (value: unknown, list: readonly unknown[]): boolean => list.includes(value);

export const isReason = (value: unknown): value is Reason =>
  isFields(value) &&
  isOneOf(value.route, ROUTES) &&
  isOptional(value.signal, isString) &&
  isOptional(value.exitCode, Number.isInteger);

const isErrorText = (value: unknown): value is ErrorText =>
  isFields(value) && isString(value.name) && isString(value.message) && isString(value.stack);

export const isHandlerOutcome = (value: unknown): value is HandlerOutcome =>
  isFields(value) &&
  isString(value.name) &&
  isDuration(value.durationMs) &&
  isOptional(value.startedAt, isDuration) &&
  isOptional(value.stage, (stage) => stage === 'drain') &&
  isOptional(value.error, isErrorText) &&
  isOptional(value.unfinished, (unfinished) => unfinished === true);

export const isWorkerOutcome = (value: unknown): value is WorkerOutcome =>
  isFields(value) &&
  isCount(value.threadId) &&
  isOptional(value.pid, isCount) &&
  isListOf(value.path, isCount) &&
  isString(value.name) &&
  isOneOf(value.status, STATUSES) &&
  isOptional(value.diagnosis, isString) &&
  isOptional(value.ackMs, isDuration) &&
  isOptional(value.orderedAt, isDuration) &&
  isOptional(value.readAt, isDuration) &&
  isListOf(value.handlers, isHandlerOutcome);

export const isAncestor = (value: unknown): value is Ancestor =>
  isFields(value) && isCount(value.version) && isCount(value.threadId) && isSharedArrayBuffer(value.buffer);

/** Whether a message between threads is meant for this library at all. Anything else belongs to somebody else. */
export const isTagged = (value: unknown): value is Fields => isFields(value) && KEY in value;

export const isLinkMessage = (value: unknown): value is LinkMessage =>
  isTagged(value) &&
  value[KEY] === VERSION &&
  isCount(value.slot) &&
  value.slot < SLOTS &&
  value.port instanceof threads().MessagePort &&
  isOptional(value.buffer, isSharedArrayBuffer);

export const isInvite = (value: unknown): value is InviteMessage =>
  isTagged(value) && value[KEY] === VERSION && isSharedArrayBuffer(value.invite);

const isEntrustedHandler = (value: unknown): value is EntrustedHandler =>
  isFields(value) && isString(value.module) && isString(value.exportName) && Array.isArray(value.args);

export const isEntrust = (value: unknown): value is EntrustMessage =>
  isTagged(value) &&
  value[KEY] === VERSION &&
  isCount(value.threadId) &&
  isCount(value.id) &&
  isOptional(value.handler, isEntrustedHandler);

export const isGone = (value: unknown): value is GoneMessage =>
  isTagged(value) && value[KEY] === VERSION && isCount(value.gone);

export const isOrder = (value: unknown): value is OrderMessage =>
  isFields(value) &&
  value.type === 'order' &&
  value.version === VERSION &&
  isCount(value.epoch) &&
  isReason(value.reason) &&
  isDuration(value.timeout) &&
  isDuration(value.sentAt) &&
  typeof value.sync === 'boolean' &&
  isFields(value.relay) &&
  typeof value.relay.stdout === 'boolean' &&
  typeof value.relay.stderr === 'boolean';

export const isPing = (value: unknown): value is PingMessage =>
  isFields(value) && value.type === 'ping' && value.version === VERSION;

export const isOver = (value: unknown): value is OverMessage =>
  isFields(value) && value.type === 'over' && value.version === VERSION;

export const isPrint = (value: unknown): value is PrintMessage =>
  isFields(value) &&
  value.type === 'print' &&
  value.version === VERSION &&
  isOneOf(value.stream, ['stdout', 'stderr']) &&
  (isString(value.chunk) || isUint8Array(value.chunk));

export const isAck = (value: unknown): value is AckMessage =>
  isFields(value) &&
  value.type === 'ack' &&
  value.version === VERSION &&
  isCount(value.epoch) &&
  isOptional(value.readAt, isDuration) &&
  isListOf(value.handlers, isHandlerOutcome) &&
  isListOf(value.workers, isWorkerOutcome);

/** Says what arrived, for the log: short, whatever it is, and without calling any code of it. */
export function describe(message: unknown): string {
  if (!isFields(message)) return typeof message;
  const { type, version } = message;
  return `type ${isString(type) ? JSON.stringify(type.slice(0, 20)) : typeof type}, version ${isCount(version) ? version : typeof version}`;
}
