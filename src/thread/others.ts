/**
 * The children of a thread that are no threads, as far as its shutdown is concerned: they belong to the workers stage.
 * What such a child is, its adapter knows; this is all that an adapter has to offer.
 */
import type { WorkerReport } from '../report/report.ts';
import type { Reason } from '../wire/reason.ts';

/** To shut down: why, and until when, on this thread's clock. */
export interface ChildOrder {
  readonly reason: Reason;
  readonly until: number;
  /** No event loop turns any more. */
  readonly sync: boolean;
}

export interface OtherChildren {
  readonly size: number;
  /** A shutdown begins: who is there now is part of it, whatever becomes of them until they are ordered. */
  begin(): void;
  /** Orders every child to shut down. What it returns settles when all are gone; undefined if they are. */
  order(order: ChildOrder): PromiseLike<unknown> | undefined;
  /** Where no event loop turns: waits until all are gone, or `until`. */
  block(until: number): void;
  /** Ends those that are still there. True if there was one. */
  terminateSilent(): boolean;
  /** What would be reported of each by now. Changes nothing. */
  soFar(): readonly WorkerReport[];
  /** What became of each, and of those below it: the end of their part in the shutdown. */
  reports(): readonly WorkerReport[];
  /** The shutdown is over and this thread lives on. */
  over(): void;
}

export interface Others extends OtherChildren {
  add(children: OtherChildren): void;
}

/** All that the adapters have added, as one. */
export function createOthers(): Others {
  const all = new Set<OtherChildren>();

  return {
    add: (children) => void all.add(children),

    get size() {
      let size = 0;
      for (const children of all) size += children.size;
      return size;
    },

    begin() {
      for (const children of all) children.begin();
    },

    order(order) {
      const ends = [...all].map((children) => children.order(order)).filter((end) => end !== undefined);
      return ends.length === 0 ? undefined : Promise.all(ends);
    },

    block(until) {
      for (const children of all) children.block(until);
    },

    terminateSilent() {
      return [...all].filter((children) => children.terminateSilent()).length > 0;
    },

    soFar: () => [...all].flatMap((children) => children.soFar()),

    reports: () => [...all].flatMap((children) => children.reports()),

    over() {
      for (const children of all) children.over();
    },
  };
}
