/**
 * Shared memory, where there is some: flags of V8 take `SharedArrayBuffer` or `Atomics` away, and then each thread works alone.
 * The build puts these two in the place of the globals.
 */
import { home, wallClock } from './platform.ts';

export const sharesMemory = typeof home.SharedArrayBuffer === 'function' && typeof home.Atomics === 'object';

/** It returns what was there, as all of these do. */
function change(cells: Int32Array, index: number, to: (before: number) => number): number {
  const before = cells[index] ?? 0;
  cells[index] = to(before);
  return before;
}

const atomicsOfOne = {
  load: (cells: Int32Array, index: number): number => cells[index] ?? 0,

  store(cells: Int32Array, index: number, value: number): number {
    cells[index] = value;
    return value;
  },

  add: (cells: Int32Array, index: number, value: number): number => change(cells, index, (before) => before + value),
  sub: (cells: Int32Array, index: number, value: number): number => change(cells, index, (before) => before - value),
  exchange: (cells: Int32Array, index: number, value: number): number => change(cells, index, () => value),

  compareExchange: (cells: Int32Array, index: number, expected: number, value: number): number =>
    change(cells, index, (before) => (before === expected ? value : before)),

  notify: (): number => 0,

  wait(_cells: Int32Array, _index: number, _value: number, ms = 0): 'timed-out' {
    const until = wallClock() + ms;
    while (wallClock() < until);
    return 'timed-out';
  },

  waitAsync: (): { readonly async: true; readonly value: Promise<never> } => ({
    async: true,
    value: new Promise(() => {}),
  }),
};

export const sharedArrayBuffer = sharesMemory ? home.SharedArrayBuffer : ArrayBuffer;

/** A thread that works alone reads and writes its own cells; nobody wakes it, and what waits for a time waits that long. */
export const atomics = sharesMemory ? home.Atomics : atomicsOfOne;
