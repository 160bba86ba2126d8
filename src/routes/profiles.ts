/**
 * Coverage and profiles of worker threads. Each thread writes its own when it ends, and a death by signal takes that away;
 * so where somebody asks for them, threads are ended in an orderly way first. No event tells of it: the loop turns no more.
 */
import threads, { type Worker } from 'node:worker_threads';
import { now } from '../clock.ts';
import { process } from '../platform.ts';
import { threadsOfProcess } from '../process-threads.ts';
import { PROFILES_LOOK, PROFILES_STILL, PROFILES_WRITTEN } from '../times.ts';

const isOn = (flag: string): boolean =>
  [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(' ')].includes(flag);

/** Each thread has another one beside it, which takes samples of it. */
const isSampled = (): boolean => isOn('--cpu-prof');

/** Whether threads of this process have something to write when they end. */
export const isProfiled = (): boolean => Boolean(process.env.NODE_V8_COVERAGE) || isSampled() || isOn('--heap-prof');

/**
 * Ends `workers`, and blocks until each of their threads is gone. False where it cannot be seen when that is: then Node is to
 * exit by itself, which waits for all of them.
 */
export function endThreads(workers: readonly Worker[]): boolean {
  if (workers.length === 0) return true;
  const before = threadsOfProcess();
  if (before === undefined) return false;
  for (const worker of workers) void threads.Worker.prototype.terminate.call(worker);
  const until = now() + PROFILES_WRITTEN;
  const count = (): number => threadsOfProcess()?.filter((thread) => before.includes(thread)).length ?? 0;
  // A thread that takes samples for a profile ends before the one that writes it, and a worker's own workers before it.
  const most = before.length - workers.length * (isSampled() ? 2 : 1);
  let left = count();
  let since = now();
  while ((left > most || now() - since < PROFILES_STILL) && now() < until) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PROFILES_LOOK);
    const before = left;
    left = count();
    if (left !== before) since = now();
  }
  return left <= most;
}
