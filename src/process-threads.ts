/** The threads of this process, as the system has them: no event of Node's tells where the event loop does not turn. */
import { process } from './platform.ts';

/** Their ids; undefined on a system that does not list them. */
export function threadsOfProcess(): string[] | undefined {
  try {
    return process.getBuiltinModule('node:fs').readdirSync('/proc/self/task');
  } catch {
    return undefined;
  }
}

/** What the system says of a thread in one of its files there; throws where it does not, or the thread is gone. */
function read(id: string, file: string): string {
  return process.getBuiltinModule('node:fs').readFileSync(`/proc/self/task/${id}/${file}`, 'latin1');
}

/** Those of them that are workers, where threads have names (from Node 24 on); else all. */
export function workerThreads(): string[] | undefined {
  const ids = threadsOfProcess();
  const named = ids?.filter((id) => {
    try {
      return read(id, 'comm').startsWith('WorkerThread');
    } catch {
      return false;
    }
  });
  return named && named.length > 0 ? named : ids;
}

/** The id of the thread that asks; undefined on a system that does not tell it. */
export function threadOfCaller(): string | undefined {
  try {
    return process.getBuiltinModule('node:fs').readlinkSync('/proc/thread-self').split('/').at(-1);
  } catch {
    return undefined;
  }
}

/**
 * All but the caller's and the main thread's: those that a worker of the caller's may wait for as it ends. Undefined on a
 * system that does not list them.
 */
export function threadsBeside(): string[] | undefined {
  const [caller, main] = [threadOfCaller(), String(process.pid)];
  return threadsOfProcess()?.filter((id) => id !== caller && id !== main);
}

/** The number of the system call in which Linux lets a thread wait for another. */
const FUTEX: ReadonlyMap<string, string> = new Map([
  ['x64', '202'],
  ['arm64', '98'],
]);

/** Whether a thread waits until another one wakes it, as in `Atomics.wait`. Undefined where nothing tells. */
export function isParked(id: string): boolean | undefined {
  try {
    const place = read(id, 'wchan');
    // A system that keeps such names to itself, or a thread that runs.
    if (place !== '' && place !== '0') return place.startsWith('futex');
    return read(id, 'syscall').split(' ')[0] === FUTEX.get(process.arch);
  } catch {
    return undefined;
  }
}

/** How a thread has spent its life: ms. */
export interface Usage {
  readonly ran: number;
  /** Waited for a processor. The system adds it up when the thread has got one. */
  readonly waited: number;
  /** Whether it has one, or waits for one. */
  readonly isRunnable: boolean;
}

/** What a tick of the system's clock is, as programs see it: ms. */
const TICK = 10;

/** Undefined where nothing tells, or the thread is gone. */
export function usageOf(id: string): Usage | undefined {
  try {
    const stat = read(id, 'stat');
    // The thread's name comes before, and may have anything in it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isRunnable = fields[0] === 'R';
    try {
      const [ran, waited] = read(id, 'schedstat').split(' ');
      return { ran: Number(ran) / 1e6, waited: Number(waited) / 1e6, isRunnable };
    } catch {
      // A kernel that keeps no such figures.
      return { ran: (Number(fields[11]) + Number(fields[12])) * TICK, waited: 0, isRunnable };
    }
  } catch {
    return undefined;
  }
}
