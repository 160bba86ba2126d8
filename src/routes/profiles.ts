/**
 * Coverage and profiles of worker threads. Each thread writes its own when it ends, and a death by signal takes that away;
 * so where somebody asks for them, threads are ended in an orderly way first. No event tells of it: the loop turns no more.
 */
import threads, { type Worker } from 'node:worker_threads';
import { now } from '../clock.ts';
import { process } from '../platform.ts';

/** How long the threads may take to write: ms. */
const WRITING = 5000;

/** So long no thread has ended, once as many are gone as must be: ms. */
const STILL = 100;

/** How often it is looked whether they are through: ms. */
const LOOK = 2;

const isOn = (flag: string): boolean =>
  [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(' ')].includes(flag);

/** Each thread has another one beside it, which takes samples of it. */
const isSampled = (): boolean => isOn('--cpu-prof');

/** Whether threads of this process have something to write when they end. */
export const isProfiled = (): boolean => Boolean(process.env.NODE_V8_COVERAGE) || isSampled() || isOn('--heap-prof');

/** The threads of this process; undefined on a system that does not list them. */
function threadsOf(): string[] | undefined {
  try {
    return process.getBuiltinModule('node:fs').readdirSync('/proc/self/task');
  } catch {
    return undefined;
  }
}

/**
 * Ends `workers`, and blocks until each of their threads is gone. False where it cannot be seen when that is: then Node is to
 * exit by itself, which waits for all of them.
 */
export function endThreads(workers: readonly Worker[]): boolean {
  if (workers.length === 0) return true;
  const before = threadsOf();
  if (before === undefined) return false;
  for (const worker of workers) void threads.Worker.prototype.terminate.call(worker);
  const until = now() + WRITING;
  const count = (): number => threadsOf()?.filter((thread) => before.includes(thread)).length ?? 0;
  // A thread that takes samples for a profile ends before the one that writes it, and a worker's own workers before it.
  const most = before.length - workers.length * (isSampled() ? 2 : 1);
  let left = count();
  let since = now();
  while ((left > most || now() - since < STILL) && now() < until) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK);
    const before = left;
    left = count();
    if (left !== before) since = now();
  }
  return left <= most;
}
