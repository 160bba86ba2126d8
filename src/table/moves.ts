/**
 * Every change of the phase, of a slot's state and of who took its link, and which of them are allowed. Several threads
 * write a slot's state: its worker stores, whoever is above compares and sets. Builds for tests check each change, and
 * one that is not in the table throws; in the library as it is published that check is not there.
 */
import { at, Cell, Header, type Linked, Phase, State, type Table } from './cells.ts';

declare const CHECK_CELLS: boolean | undefined;
const isChecked = typeof CHECK_CELLS !== 'undefined' && CHECK_CELLS;

type Moves<Value extends number> = { readonly [to in Value]: readonly Value[] };

/** From which states a slot may come into each, and who moves it there. */
const STATES: Moves<State> = {
  // Its parent, or an ancestor, once its thread is gone; its worker where no ancestor uses the library.
  [State.free]: [
    State.claimed,
    State.idle,
    State.joined,
    State.read,
    State.acked,
    State.failed,
    State.lost,
    State.timedOut,
  ],
  // Whoever takes the slot, by a compare-and-set.
  [State.claimed]: [State.free],
  // Its worker: it has made Workers and registered nothing, or a shutdown is over. Its parent, once that is over.
  [State.idle]: [State.claimed, State.idle, State.joined, State.read, State.acked, State.failed],
  // Its worker: something is registered in it, for the first time, again, or since a shutdown is over. One of its own
  // workers, from idle: it is by way of this one that that is ordered.
  [State.joined]: [State.claimed, State.idle, State.joined, State.read, State.acked, State.failed],
  // Its worker: it has read its order, or acts without one.
  [State.read]: [State.joined, State.read],
  // Its worker, with or without an order, or once more where a second order has come. Its parent, from read: it has the ack.
  [State.acked]: [State.idle, State.joined, State.read, State.acked, State.failed],
  [State.failed]: [State.idle, State.joined, State.read, State.acked, State.failed],
  // Its parent or an ancestor, for a whole subtree, where its thread is gone without an ack.
  [State.lost]: [State.joined, State.read],
  [State.timedOut]: [State.joined, State.read],
};

/** The root alone moves the phase: forwards, and back to the beginning when all is over. */
const PHASES: Moves<Phase> = {
  [Phase.running]: [Phase.running, Phase.begun, Phase.ordered, Phase.orderedSync],
  [Phase.begun]: [Phase.running],
  [Phase.ordered]: [Phase.begun, Phase.ordered],
  [Phase.orderedSync]: [Phase.begun, Phase.ordered, Phase.orderedSync],
};

function check<Value extends number>(what: string, moves: Moves<Value>, from: number, to: Value): void {
  if (moves[to].some((allowed) => allowed === from)) return;
  throw new Error(`${what} went from ${from} to ${to}`);
}

/** Moves a slot to `to`, whatever it is. */
export function setState({ cells }: Table, slot: number, to: State): void {
  const cell = at(slot, Cell.state);
  if (isChecked) check(`slot ${slot}`, STATES, Atomics.exchange(cells, cell, to), to);
  else Atomics.store(cells, cell, to);
}

/** Moves a slot from `from` to `to`, if that is where it is. Returns where it was. */
export function moveState({ cells }: Table, slot: number, from: State, to: State): number {
  if (isChecked) check(`slot ${slot}`, STATES, from, to);
  return Atomics.compareExchange(cells, at(slot, Cell.state), from, to);
}

export function setPhase({ cells }: Table, to: Phase): void {
  if (isChecked) check('the phase', PHASES, Atomics.exchange(cells, Header.phase, to), to);
  else Atomics.store(cells, Header.phase, to);
}

/** Takes a link, or takes it back: by whoever comes first. Returns what it was. */
export function settleLink({ cells }: Table, slot: number, to: Exclude<Linked, 0>): number {
  return Atomics.compareExchange(cells, at(slot, Cell.linked), 0, to);
}
