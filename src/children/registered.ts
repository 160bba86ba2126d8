/**
 * The registered workers: what their parent says of each, a `terminate()` that lets it clean up first, and how it has
 * ended.
 */
import type { Worker } from 'node:worker_threads';
import { nextTick, process } from '../platform.ts';
import { toError, toErrorText } from '../report/errors.ts';
import { isCleanWorker, type WorkerReport } from '../report/report.ts';
import { standIn } from '../stand-in.ts';
import type { Child } from './child.ts';
import type { Known } from './known.ts';
import { createRegistration, type FailedWorker, type Registration, type Terms } from './terms.ts';

export interface Registered extends Iterable<Worker> {
  /** What is kept of a worker, made where there is nothing. */
  of(worker: Worker): Registration;
  has(worker: Worker): boolean;
  /** True if it was not registered before, and is alive. What is not said again stays as it was. */
  add(worker: Worker, terms: Terms): boolean;
  /** It has registered something itself: from now on its `terminate()` lets it clean up first, as that of a registered one. */
  guard(worker: Worker): void;
  forget(worker: Worker): void;
  termsOf(worker: Worker | undefined): Terms;
  nameOf(worker: Worker | undefined, threadId: number): string;
  /** The id of its thread. A Worker says -1 itself once that is gone. */
  threadIdOf(worker: Worker): number;
  /** Whether its 'exit' was heard: in Deno a worker keeps its thread id. */
  hasExited(worker: Worker): boolean;
  /** What really ends a worker, whoever has a say in its `terminate()`: it is told to end. */
  terminatorOf(worker: Worker): () => Promise<number>;
  /** What has become of a worker that is gone. Of one that was never registered nobody asks. */
  keep(worker: Worker, report: WorkerReport): void;
  /** What has become of a worker, or that it had no link. */
  reportOf(worker: Worker): WorkerReport;
  /** What its owner is to be told of a worker that was not clean: once, and undefined if nobody wants to hear of it. */
  failureOf(worker: Worker, report: WorkerReport): FailedWorker | undefined;
}

interface Listeners {
  /** Its `terminate()` was called. */
  retire(worker: Worker): Promise<number>;
  onExit(child: Child): void;
  /** What is not clean is told at the end of a shutdown. */
  isShuttingDown(): boolean;
  /** One was not clean, or died without having been told to, while this thread lives on. */
  onFailedWorker(failure: FailedWorker): void;
}

const { errorMonitor } = process.getBuiltinModule('node:events');

const errors = new WeakMap<Worker, Error>();

const listenedTo = new WeakSet<Worker>();

/** Its errors stay its owner's. */
export function listenForError(worker: Worker): void {
  if (listenedTo.has(worker)) return;
  listenedTo.add(worker);
  worker.once(errorMonitor, (thrown: unknown) => errors.set(worker, toError(thrown)));
}

/** Whether it was an error that ended a worker whose errors were listened for. */
export const hasFailed = (worker: Worker): boolean => errors.has(worker);

/** How a worker ended whose errors were listened for. */
export function describeEnd(worker: Worker, code: number): string {
  const error = errors.get(worker);
  if (!error) return `it ended with exit code ${code}`;
  const { name, message } = toErrorText(error);
  return `it ended by ${name}: ${message}`;
}

export function createRegistered(
  known: Known,
  { retire, onExit, isShuttingDown, onFailedWorker }: Listeners,
): Registered {
  const of = (worker: Worker): Registration => {
    const child = known.of(worker);
    child.registration ??= createRegistration();
    return child.registration;
  };
  const active = (): Worker[] =>
    [...known].flatMap(({ worker, registration }) => (worker && registration?.isActive ? [worker] : []));
  const has = (worker: Worker): boolean => known.of(worker).registration?.isActive === true;
  const termsOf = (worker: Worker | undefined): Terms => (worker && known.of(worker).registration?.terms) ?? {};
  const threadIdOf = (worker: Worker): number => known.of(worker).threadId;
  const nameOf = (worker: Worker | undefined, threadId: number): string =>
    `${termsOf(worker).name ?? 'worker'} ${threadId}`;

  function reportOf(worker: Worker): WorkerReport {
    const threadId = threadIdOf(worker);
    const name = nameOf(worker, threadId);
    return of(worker).report ?? { threadId, path: [threadId], name, status: 'unlinked', handlers: [] };
  }

  function leave(this: Worker, code: number): void {
    const child = known.of(this);
    Object.assign(of(this), { isActive: false, hasExited: true });
    onExit(child);
    known.tidy(child);
    // What became of its link is told by a listener of its own.
    nextTick(tellFailure, this, code);
  }

  function tellFailure(worker: Worker, code: number): void {
    const registration = of(worker);
    const { essential, onFailure } = registration.terms;
    if (isShuttingDown() || (!essential && !onFailure) || registration.isFailureTold) return;
    const isUnexpected = code !== 0 && !registration.wasToldToEnd;
    const report = { diagnosis: describeEnd(worker, code), ...reportOf(worker) };
    if (!isUnexpected && isCleanWorker(report)) return;
    registration.isFailureTold = true;
    onFailedWorker({ report, onFailure, isFatal: essential === true && isUnexpected, error: errors.get(worker) });
  }

  /** From now on `terminate()` lets the worker clean up first. */
  function cleanUpFirst(worker: Worker, registration: Registration): void {
    if (registration.standIn) return;
    registration.terminate = worker.terminate.bind(worker);
    registration.standIn = standIn(worker, 'terminate', (next, ...args) =>
      registration.isActive || registration.isGuarded ? retire(worker) : next(...args),
    );
  }

  function restore(registration: Registration): void {
    registration.standIn?.takeAway();
    registration.standIn = undefined;
    registration.terminate = undefined;
  }

  return {
    [Symbol.iterator]: () => active().values(),
    of,
    has,

    add(worker, changed) {
      const child = known.of(worker);
      const registration = of(worker);
      const said = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined));
      registration.terms = { ...registration.terms, ...said };
      if (registration.isActive || worker.threadId === -1) return false;
      Object.assign(registration, { isActive: true, wasAlive: true });
      child.worker = worker;
      known.keep(child);
      listenForError(worker);
      cleanUpFirst(worker, registration);
      worker.once('exit', leave);
      return true;
    },

    guard(worker) {
      const registration = of(worker);
      if (registration.isGuarded || worker.threadId === -1) return;
      registration.isGuarded = true;
      cleanUpFirst(worker, registration);
      worker.once('exit', () => restore(registration));
    },

    forget(worker) {
      const registration = of(worker);
      if (!registration.isActive) return;
      registration.isActive = false;
      worker.off('exit', leave);
      if (!registration.isGuarded) restore(registration);
      registration.terms = {};
      known.tidy(known.of(worker));
    },

    termsOf,
    nameOf,
    threadIdOf,
    hasExited: (worker) => of(worker).hasExited,

    terminatorOf(worker) {
      const registration = of(worker);
      registration.wasToldToEnd = true;
      return registration.terminate ?? worker.terminate.bind(worker);
    },

    keep(worker, report) {
      if (of(worker).wasAlive) of(worker).report = report;
    },

    reportOf,

    failureOf(worker, report) {
      const registration = of(worker);
      const { onFailure } = registration.terms;
      if (!onFailure || registration.isFailureTold || isCleanWorker(report)) return undefined;
      registration.isFailureTold = true;
      return { report, onFailure, isFatal: false, error: undefined };
    },
  };
}
