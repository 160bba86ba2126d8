/**
 * The cells of the shared table: a header, then a slot a worker. Who writes which:
 *
 * | cell of the header | written by |
 * | --- | --- |
 * | phase | the root alone: running, begun, ordered or orderedSync, running |
 * | route, signal, exitCode, timeout, sentAt | the root, before the phase is begun; the last two again when it orders |
 * | ownTimeout, ownSyncTimeout, ignoresCrash | the root, whenever its settings change |
 * | guardSeconds, guardMs, guardQuiet | the main thread; a guard clears the first by a compare-and-set |
 * | doorbell | any worker, once its slot is written: it has joined, has acked, or prints while its parent blocks |
 * | unlinkedWorkers | one more by the worker, one less by the parent that takes its link, of the same table |
 * | hearing | the main thread, 0 to 1 |
 * | highestSlot | whoever takes a slot; it only grows |
 *
 * | cell of a slot | written by |
 * | --- | --- |
 * | state | see `moves.ts` |
 * | linked | the parent and the worker, one compare-and-set each |
 * | order, route, timeout, sentAt | the parent or an ancestor sets them, `order` last. Both the parent and the worker clear `order`
 *   when the shutdown is over, and both must: a worker that is told by the phase may be there before its parent, and would
 *   take the old order for a new one; one whose port is closed is not told, and its parent clears for it |
 * | pulse, handler, count, failures, entrusted, registered, systemThread, name | its worker |
 * | joins | the workers of its worker |
 * | thread | who takes the slot; -1 frees it, and each way to free it looks first whose it is |
 * | parent | who takes the slot |
 */
import { SLOTS } from '../wire/messages.ts';

/** How far the shutdown of the whole tree has come. `orderedSync`: the root blocks, its event loop no longer turns. */
export const Phase = { running: 0, begun: 1, ordered: 2, orderedSync: 3 } as const;

export type Phase = (typeof Phase)[keyof typeof Phase];

/** Whether the workers of the tree have been ordered, in either way. */
export const isOrderedPhase = (phase: number): boolean => phase === Phase.ordered || phase === Phase.orderedSync;

/** The header's cells. `doorbell` counts acks, so that a blocked parent can wait for the next one. */
export const Header = {
  phase: 0,
  doorbell: 1,
  /** The number of slots up to the last one that was ever taken. */
  highestSlot: 2,
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
  unlinkedWorkers: 15,
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
  /** How many handlers are registered in this worker. */
  registered: 14,
  /** The id by which the system knows its thread; 0 where it does not tell. */
  systemThread: 15,
  name: 16,
} as const;

/** A link is taken by the parent, or taken back by its worker, which is about to end: by whoever comes first. */
export const Linked = { notYet: 0, yes: 1, never: 2 } as const;

export type Linked = (typeof Linked)[keyof typeof Linked];

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

export type State = (typeof State)[keyof typeof State];

/** Whether the slot is somebody's. */
export const isTaken = (state: number): boolean => state !== State.free && state !== State.claimed;

/** Whether its worker has not read its order, if there is one. */
export const isWaiting = (state: number): boolean =>
  state === State.joined || state === State.idle || state === State.claimed || state === State.free;

/** Whether its worker has nothing to do any more: it has acked, is gone, or has not registered anything. */
export const isThrough = (state: number): boolean =>
  state === State.acked ||
  state === State.failed ||
  state === State.lost ||
  state === State.timedOut ||
  state === State.idle;

const SLOT_CELLS = 32;

const HEADER_CELLS = 16 + SLOT_CELLS;

const NAME_CHARACTERS = (SLOT_CELLS - Cell.name - 1) * 2;

/** Bytes of a table with one slot. */
export const SMALLEST = (HEADER_CELLS + SLOT_CELLS) * 4;

export interface Table {
  readonly buffer: SharedArrayBuffer;
  readonly cells: Int32Array;
  /** The same cells, for text. */
  readonly names: Buffer;
}

export function createTable(buffer = new SharedArrayBuffer((HEADER_CELLS + SLOTS * SLOT_CELLS) * 4)): Table {
  return { buffer, cells: new Int32Array(buffer), names: Buffer.from(buffer) };
}

/** The slot in which the root shows which handler of its own it runs. It is nobody's child, and part of the header. */
export const ROOT = -1;

/** Where `cell` of slot number `slot` is. */
export function at(slot: number, cell: number): number {
  return HEADER_CELLS + slot * SLOT_CELLS + cell;
}

/**
 * Writes the name of the handler that is about to run: UTF-16, cut to fit. By one call: a loop in a function that was not
 * called often takes V8 0.1 ms.
 */
export function writeName({ cells, names }: Table, slot: number, name: string): void {
  const written = names.write(name, at(slot, Cell.name + 1) * 4, NAME_CHARACTERS * 2, 'utf16le');
  Atomics.store(cells, at(slot, Cell.name), written / 2);
}

export function readName({ cells, names }: Table, slot: number): string {
  const start = at(slot, Cell.name + 1) * 4;
  const length = Math.min(Math.max(Atomics.load(cells, at(slot, Cell.name)), 0), NAME_CHARACTERS);
  return names.toString('utf16le', start, start + length * 2);
}
