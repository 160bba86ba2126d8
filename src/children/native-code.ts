/**
 * Workers that do not end although they were terminated. JavaScript stops within milliseconds then, however busy it is;
 * native code cannot be interrupted. Known on Node alone, which waits for such a thread.
 */
import type { Worker } from 'node:worker_threads';
import { now } from '../clock.ts';
import { createFairClock } from '../fair-clock.ts';
import { clearTimeout, setTimeout } from '../platform.ts';
import { threadsBeside } from '../process-threads.ts';
import { isThrough, type Table } from '../table/cells.ts';
import { childrenOf } from '../table/slots.ts';
import { LONGEST, NATIVE, THREADS_LOOK } from '../times.ts';
import type { Child, Slotted, Task } from './child.ts';
import { hears } from './order.ts';

const isTold = !('Bun' in globalThis || 'Deno' in globalThis);

/** Whose JavaScript has come to its end: a port that is closed tells that once. */
const over = new WeakSet<Worker>();

/** Undefined where nothing tells: its event loop has not begun to turn, and it has not linked itself. */
export function isRunning(worker: Worker, child: Child): boolean | undefined {
  if (!isTold || child.contact === 'gone' || worker.threadId === -1 || over.has(worker)) return false;
  const { idle, active } = worker.performance.eventLoopUtilization();
  const runs = idle + active > 0 || hears(child);
  if (idle === -1 || runs === false) over.add(worker);
  return idle === -1 ? false : runs;
}

const below = (table: Table, threadId: number): { readonly state: number }[] =>
  childrenOf(table, threadId).flatMap((child) => [child, ...below(table, child.threadId)]);

/**
 * How many threads end with a worker's. Its own ends after those of the workers below it, so they are counted where one of
 * them may not end: the others of them must not be taken for it.
 */
export function threadsOf(table: Table, threadId: number): number {
  const others = below(table, threadId);
  return others.every(({ state }) => isThrough(state)) ? 1 : 1 + others.length;
}

/** Those that were given up and terminated, and are still there. */
const findStuck = (children: readonly Slotted[]): Slotted[] =>
  children.filter((child) => {
    const { worker, task } = child;
    return worker && task.state === 'timed-out' && !task.isNative && isRunning(worker, child) === true;
  });

function tell(stuck: readonly Slotted[]): void {
  for (const { task } of stuck) {
    task.isNative = true;
    task.diagnosis = `${task.diagnosis}, in native code: it does not end when it is terminated`;
  }
}

/** Looks once more whenever it is asked to go on, until that is known of all of them, or nobody can know by then. */
export type Looks = (children: readonly Slotted[], until: number) => Generator<void, void>;

/** For looks of which one goes on where the one before it ended: the clock is started once. */
export function createLooks(): Looks {
  // To start a clock is to look at every thread, which takes longer than a whole shutdown.
  let clock: (() => number) | undefined;
  /** What the clock said when a worker was first found to be still there. */
  const since = new WeakMap<Task, number>();
  return function* (children, until) {
    const last = Math.min(until, now() + NATIVE.most);
    for (let stuck = findStuck(children); stuck.length > 0; stuck = findStuck(children)) {
      clock ??= createFairClock(threadsBeside());
      const time = clock();
      for (const { task } of stuck) if (!since.has(task)) since.set(task, time);
      tell(stuck.filter(({ task }) => time - (since.get(task) ?? time) >= NATIVE.after));
      // Nobody knows of the others, then.
      if (now() > last || stuck.every(({ task }) => task.isNative)) return;
      yield;
    }
  };
}

/** Puts into the diagnosis of those that were given up if they are in native code, as far as that shows by `until`. */
export async function look(children: readonly Slotted[], until: number): Promise<void> {
  for (const _ of createLooks()(children, until)) await new Promise((resolve) => setTimeout(resolve, NATIVE.every));
}

/** The same, without a turn of the event loop, and by `until`: who cannot look as long as it takes says nothing. */
export function lookNow(looks: Looks, children: readonly Slotted[], until: number): void {
  const blocker = new Int32Array(new SharedArrayBuffer(4));
  for (const _ of looks(children, until)) Atomics.wait(blocker, 0, 0, NATIVE.every);
}

/**
 * Calls `onLate` at `until`, with whether native code is what keeps a thread that was to end at `from`: whether JavaScript would
 * have ended meanwhile, of the time in which no thread waited for a processor. It returns what calls it off.
 */
export function waitForEnd(from: number, until: number, onLate: (isNative: boolean) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let clock: (() => number) | undefined;
  const lookOn = (): void => {
    const isNative = clock !== undefined && clock() >= NATIVE.after;
    const left = until - now();
    if (left <= 0) {
      onLate(isNative);
      return;
    }
    // To start a clock is to look at every thread, which takes longer than most need to end.
    const early = from + THREADS_LOOK.after - now();
    if (early <= 0) clock ??= createFairClock(threadsBeside());
    const pause = clock === undefined ? early : isNative ? left : NATIVE.every;
    timer = setTimeout(lookOn, Math.min(pause, left, LONGEST));
  };
  lookOn();
  return () => clearTimeout(timer);
}
