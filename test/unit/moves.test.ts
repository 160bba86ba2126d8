import { describe, expect, it } from 'vitest';
import {
  at,
  Cell,
  createTable,
  Header,
  isOrderedPhase,
  isTaken,
  isThrough,
  isWaiting,
  Linked,
  Phase,
  State,
} from '../../src/table/cells.ts';
import { moveState, setPhase, setState, settleLink } from '../../src/table/moves.ts';

const names = Object.keys(State) as (keyof typeof State)[];
const chosen = (is: (state: number) => boolean): string[] => names.filter((name) => is(State[name]));

describe('the sets of states', () => {
  it('are these', () => {
    expect(chosen(isTaken)).toEqual(['idle', 'joined', 'read', 'acked', 'failed', 'lost', 'timedOut']);
    expect(chosen(isWaiting)).toEqual(['free', 'claimed', 'idle', 'joined']);
    expect(chosen(isThrough)).toEqual(['idle', 'acked', 'failed', 'lost', 'timedOut']);
    const { running, begun, ordered, orderedSync } = Phase;
    expect([running, begun, ordered, orderedSync].map(isOrderedPhase)).toEqual([false, false, true, true]);
  });
});

/** Where a slot may go from each state. */
const MOVES: Record<keyof typeof State, (keyof typeof State)[]> = {
  free: ['claimed'],
  claimed: ['free', 'idle', 'joined'],
  idle: ['free', 'idle', 'joined', 'acked', 'failed'],
  joined: ['free', 'idle', 'joined', 'read', 'acked', 'failed', 'lost', 'timedOut'],
  read: ['free', 'idle', 'joined', 'read', 'acked', 'failed', 'lost', 'timedOut'],
  acked: ['free', 'idle', 'joined', 'acked', 'failed'],
  failed: ['free', 'idle', 'joined', 'acked', 'failed'],
  lost: ['free'],
  timedOut: ['free'],
};

describe('a build for tests', () => {
  it.each(names)('knows where a slot that is %s may go', (from) => {
    const table = createTable();
    const cell = at(3, Cell.state);
    const go = (to: keyof typeof State) => () => {
      Atomics.store(table.cells, cell, State[from]);
      setState(table, 3, State[to]);
    };
    const allowed = names.filter((to) => {
      try {
        go(to)();
      } catch (error) {
        expect(error).toEqual(new Error(`slot 3 went from ${State[from]} to ${State[to]}`));
        return false;
      }
      expect(Atomics.load(table.cells, cell)).toBe(State[to]);
      return true;
    });
    expect(allowed.sort()).toEqual([...MOVES[from]].sort());
  });

  it('asks for a move that is allowed, also where it does not come to it', () => {
    const table = createTable();
    expect(() => moveState(table, 0, State.lost, State.joined)).toThrow('slot 0 went from 7 to 3');
    expect(moveState(table, 0, State.idle, State.joined)).toBe(State.free);
    expect(moveState(table, 0, State.free, State.claimed)).toBe(State.free);
    expect(Atomics.load(table.cells, at(0, Cell.state))).toBe(State.claimed);
  });

  it('knows that the phase goes forwards, or back to the beginning', () => {
    const { running, begun, ordered, orderedSync } = Phase;
    const moves = [running, begun, ordered, orderedSync].map((from) =>
      [running, begun, ordered, orderedSync].filter((to) => {
        const table = createTable();
        Atomics.store(table.cells, Header.phase, from);
        try {
          setPhase(table, to);
        } catch (error) {
          expect(error).toEqual(new Error(`the phase went from ${from} to ${to}`));
          return false;
        }
        expect(Atomics.load(table.cells, Header.phase)).toBe(to);
        return true;
      }),
    );
    expect(moves).toEqual([
      [running, begun],
      [running, ordered, orderedSync],
      [running, ordered, orderedSync],
      [running, orderedSync],
    ]);
  });
});

it('a link is taken, or taken back, by whoever comes first', () => {
  const table = createTable();
  expect(settleLink(table, 1, Linked.never)).toBe(Linked.notYet);
  expect(settleLink(table, 1, Linked.yes)).toBe(Linked.never);
  expect(Atomics.load(table.cells, at(1, Cell.linked))).toBe(Linked.never);
});
