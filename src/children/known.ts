/** Every worker that this thread knows of: one record each, in one map by the id of its thread. */
import type { Worker } from 'node:worker_threads';
import type { Table } from '../table/cells.ts';
import { type Child, createChild, hasSlot, type Slotted, step } from './child.ts';

export interface Known extends Iterable<Child> {
  readonly size: number;
  get(threadId: number): Child | undefined;
  /** The record of a Worker of this thread's, made where there is none. It is in the map once it is kept. */
  of(worker: Worker): Child;
  keep(child: Child): void;
  /** The slot of a worker is found: from now on it can be ordered. */
  slot(threadId: number, slot: number, table: Table): Slotted;
  /** The worker with this id whose slot is known. */
  slotted(threadId: number): Slotted | undefined;
  allSlotted(): Slotted[];
  /** Forgets a worker that has no slot, that is not registered, and that this thread has not made. */
  tidy(child: Child): void;
}

/** One that was collected has ended: until then Node holds it. */
export const isAlive = ({ seen }: Child): boolean => (seen?.deref()?.threadId ?? -1) !== -1;

export function createKnown(): Known {
  const byThread = new Map<number, Child>();
  /** A Worker says -1 for its thread's id once that is gone. */
  const byWorker = new WeakMap<Worker, Child>();

  const isOf = ({ seen, worker }: Child, other: Worker): boolean =>
    worker ? worker === other : seen === undefined || seen.deref() === other;

  const slotted = (threadId: number): Slotted | undefined => {
    const child = byThread.get(threadId);
    return child && hasSlot(child) ? child : undefined;
  };

  /** A thread that was gone, and whose slot was freed, is here again: as a new worker, though with the same Worker. */
  function renew({ threadId, seen, worker = seen?.deref() }: Child): Child {
    const registration = worker && byWorker.get(worker)?.registration;
    const child = Object.assign(createChild(threadId), { seen, worker, registration });
    if (worker) byWorker.set(worker, child);
    return child;
  }

  /** Of a thread that is gone it is known that it was there: nothing here holds its Worker. */
  function rest({ threadId, seen, contact }: Child): Child {
    return Object.assign(createChild(threadId), { seen, contact });
  }

  return {
    [Symbol.iterator]: () => byThread.values(),

    get size() {
      return byThread.size;
    },

    get: (threadId) => byThread.get(threadId),

    of(worker) {
      const before = byWorker.get(worker);
      if (before) return before;
      const there = byThread.get(worker.threadId);
      const child = there && isOf(there, worker) ? there : createChild(worker.threadId);
      byWorker.set(worker, child);
      return child;
    },

    keep: (child) => void byThread.set(child.threadId, child),

    slot(threadId, slot, table) {
      const before = byThread.get(threadId);
      const there = before?.contact === 'gone' ? renew(before) : before;
      const child = Object.assign(there ?? createChild(threadId), { slot, table });
      byThread.set(threadId, child);
      child.worker ??= child.seen?.deref();
      step(child, 'slotFound');
      step(child, 'joined');
      return child;
    },

    slotted,
    allSlotted: () => [...byThread.values()].filter(hasSlot),

    tidy(child) {
      const { seen, registration, threadId, contact } = child;
      if (hasSlot(child) || registration?.isActive) return;
      child.worker = undefined;
      if (byThread.get(threadId) !== child) return;
      if (!seen) byThread.delete(threadId);
      else if (contact === 'gone') byThread.set(threadId, rest(child));
    },
  };
}
