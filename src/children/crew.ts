/**
 * The workers that were there at one moment, and how many of their threads are left: where native code keeps one, a process
 * waits for the others alone.
 */
import { threadsOfProcess, workerThreads } from '../process-threads.ts';

/** A worker whose thread was there. */
export interface Running {
  readonly name: string;
  /** How many threads are to end, for it to have ended. */
  readonly threads: number;
  /** Whether its JavaScript has not come to its end, where no `'exit'` event is heard. */
  isRunning(): boolean;
  /** Whether it was found to be in native code: it has had its time to end. */
  isNative(): boolean;
}

/** The workers that were there at one moment. */
export interface Crew {
  readonly workers: readonly Running[];
  /** 0 when all of their threads are gone, as far as that can be seen; less whenever one of them has got further. */
  left(): number;
  /** Whether none is left but those that were found to be in native code. */
  isStuck(): boolean;
}

/** `find`: those that are there. */
export function createCrew(find: () => readonly Running[]): Crew {
  // First, so that the thread of whoever is found then is among them.
  const before = workerThreads();
  const workers = find();
  const countOf = (some: readonly Running[]): number => some.reduce((sum, { threads }) => sum + threads, 0);
  const count = countOf(workers);
  /** How many threads are gone since; undefined where the system does not tell. */
  function goneSince(): number | undefined {
    const left = threadsOfProcess();
    return left && before?.filter((id) => !left.includes(id)).length;
  }
  return {
    workers,
    left() {
      const running = workers.filter((worker) => worker.isRunning()).length;
      const gone = goneSince();
      if (gone === undefined) return running;
      // One further down may have been gone before. A worker's own thread ends last, and its JavaScript before that.
      if (gone >= count || (gone >= workers.length && running === 0)) return 0;
      return running + Math.max(1, count - gone);
    },
    isStuck() {
      const natives = workers.filter((worker) => worker.isNative());
      const others = workers.filter((worker) => !natives.includes(worker));
      if (natives.length === 0 || others.some((worker) => worker.isRunning())) return false;
      const gone = goneSince();
      return gone === undefined || gone >= count - countOf(natives);
    },
  };
}

/** The crew as it is; where somebody was given up, as it was before that, until all of it are gone. */
export interface Crews {
  now(): Crew;
  /** Somebody is about to be given up. */
  keep(): void;
  /** Forgets a crew that is gone as a whole. */
  tidy(): void;
}

/** `find`: those that are there. */
export function createCrews(find: () => readonly Running[]): Crews {
  let kept: Crew | undefined;
  const tidy = (): void => {
    if (kept?.left() === 0) kept = undefined;
  };
  return {
    now: () => kept ?? createCrew(find),
    keep() {
      tidy();
      kept ??= createCrew(find);
    },
    tidy,
  };
}
