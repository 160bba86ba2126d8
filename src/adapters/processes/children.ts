/** All child processes of this thread that were registered: in a shutdown they are ordered, waited for, and ended. */
import type { ChildProcess } from 'node:child_process';
import { now } from '../../clock.ts';
import { clearTimeout, setTimeout } from '../../platform.ts';
import { isCleanWorker, type WorkerReport } from '../../report/report.ts';
import type { ChildOrder, OtherChildren } from '../../thread/others.ts';
import { LOOK_FOR_END } from '../../times.ts';
import { type Child, type ChildTerms, createChild } from './child.ts';

export interface Children extends OtherChildren {
  /** Registers a process, or changes the terms of one that is. */
  add(process: ChildProcess, terms: ChildTerms): void;
  has(process: ChildProcess): boolean;
  remove(process: ChildProcess): void;
  /** Ends one of them while this process lives on. Resolves to what became of it and of those below it. */
  shutdown(process: ChildProcess, timeout: number): Promise<readonly WorkerReport[]>;
}

const cells = new Int32Array(new SharedArrayBuffer(4));

export function createChildren(log: (message: string) => void): Children {
  const children = new Map<ChildProcess, Child>();
  /** Those that the shutdown does not wait for in this stage: they came when the others had been ordered. */
  const late = new Set<Child>();
  const waiting = new Set<() => void>();
  const timers = new Set<NodeJS.Timeout>();
  let begun = false;
  let current: ChildOrder | undefined;
  /** The last stage that waits for them is over: who comes now is ended at once. */
  let isOver = false;

  const awaited = (): Child[] => [...children.values()].filter((child) => !child.isThrough() && !late.has(child));

  function forget(child: Child): void {
    child.forget();
    children.delete(child.process);
    late.delete(child);
  }

  function order(child: Child, terms: ChildOrder): void {
    const until = child.order(terms);
    if (terms.sync || until >= terms.until) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      child.kill();
    }, until - now());
    timers.add(timer);
  }

  function onThrough(child: Child): void {
    // One that has ended on its own, while nobody wanted it to, is none of ours.
    if (!begun && !child.isOrdered()) forget(child);
    for (const tell of waiting) tell();
  }

  function until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const tell = (): void => {
        if (!isDone()) return;
        waiting.delete(tell);
        resolve();
      };
      waiting.add(tell);
      tell();
    });
  }

  function logOf(reports: readonly WorkerReport[]): void {
    // What failed in a process, or below it, that process has told itself.
    const [own] = reports;
    if (own && !isCleanWorker(own) && own.diagnosis !== undefined) log(`${own.name} ${own.status}: ${own.diagnosis}`);
  }

  return {
    get size() {
      return children.size;
    },

    add(process, terms) {
      const known = children.get(process);
      if (known) {
        known.terms = terms;
        return;
      }
      if (process.pid === undefined || process.exitCode !== null || process.signalCode !== null) return;
      const child = createChild(process, terms, { onThrough: () => onThrough(child), log });
      children.set(process, child);
      if (isOver) child.kill();
      else if (current) {
        late.add(child);
        order(child, current);
      }
    },

    has: (process) => children.has(process),

    remove(process) {
      const child = children.get(process);
      if (child) forget(child);
      for (const tell of waiting) tell();
    },

    async shutdown(process, timeout) {
      const child = children.get(process);
      if (!child) return [];
      const terms = { reason: { route: 'terminate' }, until: now() + timeout, sync: false } as const;
      child.order(terms);
      const killer = setTimeout(() => child.kill(), timeout);
      await until(() => child.isThrough());
      clearTimeout(killer);
      const reports = child.report();
      logOf(reports);
      if (!begun) forget(child);
      return reports;
    },

    begin() {
      begun = true;
    },

    order(terms) {
      current = terms;
      late.clear();
      const open = awaited();
      for (const child of open) if (terms.sync || !child.isOrdered()) order(child, terms);
      return open.length === 0 ? undefined : until(() => awaited().length === 0);
    },

    block(end) {
      const half = now() + (end - now()) / 2;
      for (;;) {
        const open = awaited();
        for (const child of open) child.look();
        if (awaited().length === 0 || now() >= end) return;
        // What was sent may not have left this process, or not be read.
        if (now() >= half) for (const child of awaited()) child.signal();
        Atomics.wait(cells, 0, 0, LOOK_FOR_END);
      }
    },

    terminateSilent() {
      // Those that came meanwhile have one more stage.
      return awaited().filter((child) => child.kill()).length > 0;
    },

    soFar: () => [...children.values()].flatMap((child) => child.report()),

    reports() {
      isOver = true;
      // They were not there when the shutdown began, and there is no time left for them.
      for (const child of [...late]) {
        child.kill();
        forget(child);
      }
      return [...children.values()].flatMap((child) => {
        const reports = child.report();
        logOf(reports);
        return reports;
      });
    },

    over() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      begun = false;
      isOver = false;
      current = undefined;
      for (const child of [...children.values()]) forget(child);
    },
  };
}
