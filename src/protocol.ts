/**
 * Everything that crosses threads: the cells of the shared table, the messages on a link, and the validators that
 * narrow what arrives. Nothing here trusts its input, and nothing outside this file casts.
 */
import { MessagePort } from 'node:worker_threads';

/** Raised whenever a cell or a message changes its meaning: threads of another version are told apart by it. */
export const VERSION = 1;

/** The key in the environment data, the tag of a message between threads, and the name of the one instance a thread. */
export const KEY = 'worker-atexit';

/**
 * How long a worker may take to hand an order on to its own workers: ms. After that it is put into their slots, and they
 * act on what the table says.
 */
export const RELAY = 100;

// --- The shared table: a header, then a slot a worker -------------------------------------------------------------

/** How far the shutdown of the whole tree has come. `orderedSync`: the root blocks, its event loop no longer turns. */
export const Phase = { running: 0, begun: 1, ordered: 2, orderedSync: 3 } as const;

/** The header's cells. `doorbell` counts acks, so that a blocked parent can wait for the next one. */
export const Header = {
  phase: 0,
  doorbell: 1,
  used: 2,
  /** Of the shutdown that runs: why, and how many ms its workers have. */
  route: 3,
  signal: 4,
  exitCode: 5,
  timeout: 6,
  /** When its workers were ordered: ms, what fits of it. */
  sentAt: 14,
  /** The root's settings, for a worker that ends by itself; 0 while they are the default. */
  ownTimeout: 7,
  ownSyncTimeout: 8,
  ignoresCrash: 9,
  /** When the watchdog is to end the process, on the clock that all threads have in common; 0 s: never. */
  guardSeconds: 10,
  guardMs: 11,
  /** It says nothing of it. */
  guardQuiet: 13,
  /** The main thread hears what is entrusted to it. */
  hearing: 12,
  /**
   * Workers whose link nobody has taken: they have nothing but the phase to be told by. Not exact, as some die untaken, so
   * it decides no more than whether the others are woken for their sake.
   */
  strangers: 15,
} as const;

/** A slot's cells. */
export const Cell = {
  state: 0,
  thread: 1,
  parent: 2,
  /** Whether the parent has taken the link: one of {@link Linked}. */
  linked: 3,
  /** Set by the parent when it has ordered this worker: the bits of {@link Ordered}. */
  order: 4,
  /** Counts up while this worker's event loop turns in a stage before it orders its own workers. */
  pulse: 5,
  /** The handler that runs, of how many. */
  handler: 6,
  count: 7,
  failures: 8,
  /** Of its order: as in the header. */
  route: 9,
  timeout: 10,
  sentAt: 11,
  /** How many handlers this worker has entrusted to the main thread. */
  entrusted: 12,
  /** How many times a worker of this one has joined: as long as it is the same, there is no new one to look for. */
  joins: 13,
  name: 14,
} as const;

/** A link is taken by the parent, or taken back by its worker, which is about to end: by whoever comes first. */
export const Linked = { notYet: 0, yes: 1, never: 2 } as const;

/**
 * What an ordered worker's slot says, should the message not reach it: who captures its output, who blocks for it, and
 * whether no message comes at all.
 */
export const Ordered = { yes: 1, stdoutCaptured: 2, stderrCaptured: 4, sync: 8, alone: 16 } as const;

/**
 * A worker's way through a shutdown, as its slot has it. `claimed`: the slot is being filled in. `idle`: a shutdown is
 * over, the worker lives on, and has registered nothing since. `lost`, `timedOut`: its thread has ended without an ack, by
 * itself or given up by its parent.
 */
export const State = {
  free: 0,
  claimed: 1,
  idle: 2,
  joined: 3,
  read: 4,
  acked: 5,
  failed: 6,
  lost: 7,
  timedOut: 8,
} as const;

const SLOT_CELLS = 32;
const HEADER_CELLS = 16 + SLOT_CELLS;
const NAME_CHARACTERS = (SLOT_CELLS - Cell.name - 1) * 2;

/** More threads than a process can hold. Untouched pages of it cost address space, no memory. */
export const SLOTS = 4096;

export interface Table {
  readonly buffer: SharedArrayBuffer;
  readonly cells: Int32Array;
  readonly names: Uint16Array;
}

export function createTable(buffer = new SharedArrayBuffer((HEADER_CELLS + SLOTS * SLOT_CELLS) * 4)): Table {
  return { buffer, cells: new Int32Array(buffer), names: new Uint16Array(buffer) };
}

/** The slot in which the root shows which handler of its own it runs. It is nobody's child, and part of the header. */
export const ROOT = -1;

/** Where `cell` of slot number `slot` is. */
export function at(slot: number, cell: number): number {
  return HEADER_CELLS + slot * SLOT_CELLS + cell;
}

/** Writes the name of the handler that is about to run: UTF-16, cut to fit. No TextEncoder: it is loaded lazily. */
export function writeName(table: Table, slot: number, name: string): void {
  const length = Math.min(name.length, NAME_CHARACTERS);
  const start = at(slot, Cell.name + 1) * 2;
  for (let index = 0; index < length; index++) table.names[start + index] = name.charCodeAt(index);
  Atomics.store(table.cells, at(slot, Cell.name), length);
}

export function readName(table: Table, slot: number): string {
  const start = at(slot, Cell.name + 1) * 2;
  const length = Math.min(Math.max(Atomics.load(table.cells, at(slot, Cell.name)), 0), NAME_CHARACTERS);
  return String.fromCharCode(...table.names.subarray(start, start + length));
}

// --- Why a thread ends --------------------------------------------------------------------------------------------

/** What started a shutdown, in the order in which the table's header numbers it. */
export const ROUTES = [
  'beforeExit',
  'exit',
  'process.exit',
  'signal',
  'uncaughtException',
  'unhandledRejection',
  'disconnect',
  'message',
  'shutdown',
  'terminate',
  'worker',
] as const;

/** What started a shutdown. */
export type Route = (typeof ROUTES)[number];

/** A {@link Route} with what it carries, as plain data. */
export interface Reason {
  readonly route: Route;
  readonly signal?: NodeJS.Signals | undefined;
  readonly exitCode?: number | undefined;
}

// --- Messages -----------------------------------------------------------------------------------------------------

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
  readonly handlers: readonly HandlerOutcome[];
  readonly workers: readonly WorkerOutcome[];
}

/** An error as text: whatever was thrown, this can always be cloned. */
export interface ErrorText {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** What became of one handler, on the wire. */
export interface HandlerOutcome {
  readonly name: string;
  readonly durationMs: number;
  readonly stage?: 'drain';
  readonly error?: ErrorText;
  readonly unfinished?: true;
}

export const STATUSES = ['acked', 'failed', 'timed-out', 'lost', 'unlinked'] as const;

/** What became of a worker; an ack decides. */
export type WorkerStatus = (typeof STATUSES)[number];

/** What became of one descendant, on the wire. `path`: thread ids from the acking worker's child down to it. */
export interface WorkerOutcome {
  readonly threadId: number;
  readonly path: readonly number[];
  readonly name: string;
  readonly status: WorkerStatus;
  readonly diagnosis?: string;
  readonly ackMs?: number;
  readonly handlers: readonly HandlerOutcome[];
}

// --- Validators ---------------------------------------------------------------------------------------------------

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isDuration = (value: unknown): value is number => typeof value === 'number' && value >= 0;
const isOptional = (value: unknown, is: (value: unknown) => boolean): boolean => value === undefined || is(value);
const isString = (value: unknown): value is string => typeof value === 'string';
const isListOf = (value: unknown, is: (value: unknown) => boolean): boolean => Array.isArray(value) && value.every(is);
const isOneOf = (value: unknown, list: readonly unknown[]): boolean => list.includes(value);

const isReason = (value: unknown): value is Reason =>
  isFields(value) &&
  isOneOf(value.route, ROUTES) &&
  isOptional(value.signal, isString) &&
  isOptional(value.exitCode, Number.isInteger);

const isErrorText = (value: unknown): value is ErrorText =>
  isFields(value) && isString(value.name) && isString(value.message) && isString(value.stack);

const isHandlerOutcome = (value: unknown): value is HandlerOutcome =>
  isFields(value) &&
  isString(value.name) &&
  isDuration(value.durationMs) &&
  isOptional(value.stage, (stage) => stage === 'drain') &&
  isOptional(value.error, isErrorText) &&
  isOptional(value.unfinished, (unfinished) => unfinished === true);

const isWorkerOutcome = (value: unknown): value is WorkerOutcome =>
  isFields(value) &&
  isCount(value.threadId) &&
  isListOf(value.path, isCount) &&
  isString(value.name) &&
  isOneOf(value.status, STATUSES) &&
  isOptional(value.diagnosis, isString) &&
  isOptional(value.ackMs, isDuration) &&
  isListOf(value.handlers, isHandlerOutcome);

export const isAncestor = (value: unknown): value is Ancestor =>
  isFields(value) && isCount(value.version) && isCount(value.threadId) && value.buffer instanceof SharedArrayBuffer;

/** Whether a message between threads is meant for this library at all. Anything else belongs to somebody else. */
export const isTagged = (value: unknown): value is Fields => isFields(value) && KEY in value;

export const isLinkMessage = (value: unknown): value is LinkMessage =>
  isTagged(value) &&
  value[KEY] === VERSION &&
  isCount(value.slot) &&
  value.slot < SLOTS &&
  value.port instanceof MessagePort &&
  isOptional(value.buffer, (buffer) => buffer instanceof SharedArrayBuffer);

export const isInvite = (value: unknown): value is InviteMessage =>
  isTagged(value) && value[KEY] === VERSION && value.invite instanceof SharedArrayBuffer;

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
  (isString(value.chunk) || value.chunk instanceof Uint8Array);

export const isAck = (value: unknown): value is AckMessage =>
  isFields(value) &&
  value.type === 'ack' &&
  value.version === VERSION &&
  isCount(value.epoch) &&
  isListOf(value.handlers, isHandlerOutcome) &&
  isListOf(value.workers, isWorkerOutcome);

/** Says what arrived, for the log: short, whatever it is, and without calling any code of it. */
export function describe(message: unknown): string {
  if (!isFields(message)) return typeof message;
  const { type, version } = message;
  return `type ${isString(type) ? JSON.stringify(type.slice(0, 20)) : typeof type}, version ${isCount(version) ? version : typeof version}`;
}
