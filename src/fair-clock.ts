/**
 * A clock that stands while a thread of this process waits for a processor. On a busy machine a thread that does what it was
 * told is late by every other clock. One in native code is late by this one, too: it sleeps, or has the processor.
 */
import { now } from './clock.ts';
import { clearTimeout, setTimeout } from './platform.ts';
import { threadOfCaller, threadsOfProcess, type Usage, usageOf } from './process-threads.ts';
import { FAIR_LOOK } from './times.ts';

/** How long a thread waited in the last `ms`. */
function waited(before: Usage, after: Usage, ms: number): number {
  // It has not got one since, and is told of nothing.
  const waits = after.isRunnable ? ms - (after.ran - before.ran) : 0;
  return Math.min(ms, Math.max(0, waits, after.waited - before.waited));
}

export type CreateFairClock = (ids?: readonly string[], most?: number) => () => number;

/**
 * Starts such a clock of the threads with these ids, or of all but the caller's; what it returns tells its time: ms. It goes
 * on when it is looked at, by no more than `most` ms, since whoever looks may itself have had no processor.
 * Where the system tells nothing of threads, it knows no more than that.
 */
export function createFairClock(ids?: readonly string[], most: number = FAIR_LOOK.most): () => number {
  const caller = ids ? undefined : threadOfCaller();
  const find = (): Map<string, Usage | undefined> =>
    new Map((ids ?? threadsOfProcess() ?? []).filter((id) => id !== caller).map((id) => [id, usageOf(id)]));
  let last = find();
  let at = now();
  let time = 0;
  return () => {
    const ms = now() - at;
    if (ms < FAIR_LOOK.least) return time;
    const next = find();
    const longest = [...next].reduce((most, [id, after]) => {
      const before = last.get(id);
      return before && after ? Math.max(most, waited(before, after, ms)) : most;
    }, 0);
    last = next;
    at += ms;
    time += Math.min(ms - longest, most);
    return time;
  };
}

/** Calls `act` once the thread with this id has had so many ms by such a clock. What it returns calls that off. */
export function afterFairly(ms: number, id: string, act: () => void): () => void {
  // Whatever passes while nobody looks is the thread's own.
  const clock = createFairClock([id], ms);
  const look = (): void => {
    const left = ms - clock();
    if (left <= 0) act();
    else timer = setTimeout(look, Math.max(left, FAIR_LOOK.least));
  };
  let timer = setTimeout(look, ms);
  return () => clearTimeout(timer);
}
