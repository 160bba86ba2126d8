/**
 * The pools of this thread, as far as the sequence is concerned. What a pool is, its adapter knows; this is all that an
 * adapter has to offer.
 */
import type { Worker } from 'node:worker_threads';
import { now } from '../clock.ts';
import { clearTimeout, setTimeout } from '../platform.ts';
import { type ShutdownError, toError, toErrorText } from '../report/errors.ts';
import type { PoolReport } from '../report/report.ts';
import { LONGEST, POOL_AFTER } from '../times.ts';

export interface Pool {
  /** As the report has it. */
  readonly name: string;
  /** This thread has made a Worker: perhaps it is this pool's. */
  adopt(made: Worker): void;
  /** From now on a submitted task is rejected with `error`. Returns what is to be noted. */
  refuse(error: ShutdownError): string | undefined;
  /** Settles once nothing is queued or running; undefined if that is so now. */
  idle(): Promise<void> | undefined;
  /** Makes the event loop of each parked worker turn, so that it reads its order. Returns what was to be noted. */
  wake(): string | undefined;
  /** Where no event loop turns: wakes those that were being started. Whether there are still some. */
  wakeStarting?(): boolean;
  /** Takes tasks again: the event loop had run empty, and somebody has given it new work. */
  accept?(): void;
  /** Ends the pool, in a thread that lives on. */
  end(): Promise<void>;
  /** It has ended, or is waited for no longer: takes away from it what is the library's. */
  leave?(): Left;
}

/** A pool that was registered, and was ended. Such a one takes tasks again, in new workers. */
export interface Left {
  /** Whether it has workers that were not there when it was ended. */
  isUsed(): boolean;
  /** Registers it again, as it was. */
  register(): void;
}

export interface Pools {
  /** `owner` is the program's own object of the pool. */
  add(owner: object, pool: Pool): void;
  has(owner: object): boolean;
  readonly size: number;
  /** Whether there are pools to be ended, or such that were ended and may be used again. */
  hasAny(): boolean;
  adopt(made: Worker): void;
  /** Returns the notes for the report, as {@link wake} does. */
  refuse(error: ShutdownError): string[];
  /** Settles once no pool has anything left. `busy` gets those that had, and how long each took. */
  idle(busy: PoolReport[]): Promise<unknown> | undefined;
  /** Wakes each pool's parked workers, once a shutdown. Returns the notes for the report. */
  wake(): string[];
  /** Wakes those that were being started, where no event loop turns. Whether there are still some. */
  wakeStarting(): boolean;
  /** The thread is as new: every pool that is left takes tasks again. */
  accept(): void;
  /** Ends every pool. One that has not ended by `until`, on this thread's clock, is told of by `onLate`. */
  end(until: number, onLate: (line: string) => void): Promise<unknown>;
}

/** Resolves to false if it has not ended in time. Its workers are waited for as long, but a pool may wait for more. */
async function inTime(ended: Promise<void>, until: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, Math.min(Math.max(0, until - now()) + POOL_AFTER, LONGEST), false);
  });
  return await Promise.race([ended.then(() => true), late]).finally(() => clearTimeout(timer));
}

export function createPools(): Pools {
  /** By the program's own objects: one that it has dropped is forgotten with them. */
  const adapters = new WeakMap<object, Pool>();
  const refs = new Set<WeakRef<object>>();
  const lefts = new WeakMap<object, Left>();
  const leftRefs = new Set<WeakRef<object>>();
  let awake = false;

  function* each(): Generator<Pool> {
    for (const ref of refs) {
      const owner = ref.deref();
      const pool = owner && adapters.get(owner);
      if (pool) yield pool;
      else refs.delete(ref);
    }
  }

  function registerUsed(): void {
    for (const ref of leftRefs) {
      const owner = ref.deref();
      const left = owner && lefts.get(owner);
      if (left && !left.isUsed()) continue;
      leftRefs.delete(ref);
      left?.register();
    }
  }

  /** A pool may call code of the program's own, and that may fail. */
  function noteOf(act: () => string | undefined): string | undefined {
    try {
      return act();
    } catch (error) {
      return `a pool failed: ${toErrorText(toError(error)).stack}`;
    }
  }

  const notesOf = (act: (pool: Pool) => string | undefined): string[] =>
    [...each()].map((pool) => noteOf(() => act(pool))).filter((note) => note !== undefined);

  return {
    add(owner, pool) {
      lefts.delete(owner);
      if (!adapters.has(owner)) refs.add(new WeakRef(owner));
      adapters.set(owner, pool);
    },

    has(owner) {
      return adapters.has(owner);
    },

    get size() {
      return refs.size;
    },

    hasAny: () => refs.size + leftRefs.size > 0,

    adopt(made) {
      registerUsed();
      for (const pool of each()) pool.adopt(made);
    },

    refuse(error) {
      return notesOf((pool) => pool.refuse(error));
    },

    idle(busy) {
      const waits = [...each()].flatMap((pool) => {
        const idle = pool.idle();
        if (idle === undefined) return [];
        const place = busy.length;
        const about = { name: pool.name, startedAt: now() };
        busy.push({ ...about, durationMs: 0, unfinished: true });
        return idle.then(() => {
          busy[place] = { ...about, durationMs: now() - about.startedAt };
        });
      });
      return waits.length === 0 ? undefined : Promise.all(waits);
    },

    wake() {
      if (awake) return [];
      awake = true;
      return notesOf((pool) => pool.wake());
    },

    wakeStarting() {
      return [...each()].filter((pool) => pool.wakeStarting?.()).length > 0;
    },

    accept() {
      awake = false;
      for (const pool of each()) pool.accept?.();
    },

    async end(until, onLate) {
      awake = false;
      const ended = [...refs].flatMap((ref) => {
        const owner = ref.deref();
        const pool = owner && adapters.get(owner);
        if (owner) adapters.delete(owner);
        return pool ? [{ ref, owner, pool }] : [];
      });
      refs.clear();
      const ends = ended.map(async ({ ref, owner, pool }) => {
        try {
          if (!(await inTime(pool.end(), until)))
            onLate(`pool ${pool.name} has not ended, and is waited for no longer`);
        } finally {
          const left = pool.leave?.();
          if (left) lefts.set(owner, left);
          leftRefs.add(ref);
        }
      });
      await Promise.all(ends).finally(registerUsed);
    },
  };
}
