/**
 * The registered workers: what their parent says of each, a `terminate()` that lets it clean up first, and how it has
 * ended.
 */
import type { Worker } from 'node:worker_threads';
import { toError, toErrorText } from '../report/errors.ts';
import { isCleanWorker, type WorkerReport } from '../report/report.ts';
import type { FailedWorker, Terms } from './terms.ts';

export interface Registered extends Iterable<Worker> {
  has(worker: Worker): boolean;
  readonly size: number;
  /** True if it was not registered before, and is alive. What is not said again stays as it was. */
  add(worker: Worker, terms: Terms): boolean;
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
  onExit(threadId: number): void;
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

/** How a worker ended whose errors were listened for. */
export function describeEnd(worker: Worker, code: number): string {
  const error = errors.get(worker);
  if (!error) return `it ended with exit code ${code}`;
  const { name, message } = toErrorText(error);
  return `it ended by ${name}: ${message}`;
}

export function createRegistered({ retire, onExit, isShuttingDown, onFailedWorker }: Listeners): Registered {
  const registered = new Set<Worker>();
  const terms = new WeakMap<Worker, Terms>();
  /** Each one's own `terminate()`, as long as the library's stands in for it. */
  const terminators = new WeakMap<Worker, () => Promise<number>>();
  /** What takes that away again. */
  const restorers = new WeakMap<Worker, () => void>();
  const threadIds = new WeakMap<Worker, number>();
  const exited = new WeakSet<Worker>();
  const toldToEnd = new WeakSet<Worker>();
  /** Those whose failure has been told. */
  const failed = new WeakSet<Worker>();
  const reports = new WeakMap<Worker, WorkerReport>();

  const termsOf = (worker: Worker | undefined): Terms => (worker && terms.get(worker)) ?? {};
  const threadIdOf = (worker: Worker): number => threadIds.get(worker) ?? worker.threadId;
  const nameOf = (worker: Worker | undefined, threadId: number): string =>
    `${termsOf(worker).name ?? 'worker'} ${threadId}`;

  function reportOf(worker: Worker): WorkerReport {
    const threadId = threadIdOf(worker);
    const name = nameOf(worker, threadId);
    return reports.get(worker) ?? { threadId, path: [threadId], name, status: 'unlinked', handlers: [] };
  }

  function leave(this: Worker, code: number): void {
    registered.delete(this);
    exited.add(this);
    onExit(threadIdOf(this));
    // What became of its link is told by a listener of its own.
    process.nextTick(tellFailure, this, code);
  }

  function tellFailure(worker: Worker, code: number): void {
    const { essential, onFailure } = termsOf(worker);
    if (isShuttingDown() || (!essential && !onFailure) || failed.has(worker)) return;
    const isUnexpected = code !== 0 && !toldToEnd.has(worker);
    const report = { diagnosis: describeEnd(worker, code), ...reportOf(worker) };
    if (!isUnexpected && isCleanWorker(report)) return;
    failed.add(worker);
    onFailedWorker({ report, onFailure, isFatal: essential === true && isUnexpected, error: errors.get(worker) });
  }

  /** From now on `terminate()` lets the worker clean up first. */
  function standIn(worker: Worker): void {
    // One that could not be taken away is still there.
    if (terminators.has(worker)) return;
    const before = Object.getOwnPropertyDescriptor(worker, 'terminate');
    const own = worker.terminate.bind(worker);
    const terminate = (): Promise<number> => (registered.has(worker) ? retire(worker) : own());
    terminators.set(worker, own);
    Object.defineProperty(worker, 'terminate', { value: terminate, configurable: true, writable: true });
    restorers.set(worker, () => {
      // Somebody has put one of their own on top, which calls this one.
      if (worker.terminate !== terminate) return;
      terminators.delete(worker);
      if (before) Object.defineProperty(worker, 'terminate', before);
      else Reflect.deleteProperty(worker, 'terminate');
    });
  }

  return {
    [Symbol.iterator]: () => registered.values(),
    has: (worker) => registered.has(worker),

    get size() {
      return registered.size;
    },

    add(worker, changed) {
      const said = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined));
      terms.set(worker, { ...terms.get(worker), ...said });
      if (registered.has(worker) || worker.threadId === -1) return false;
      registered.add(worker);
      threadIds.set(worker, worker.threadId);
      listenForError(worker);
      standIn(worker);
      worker.once('exit', leave);
      return true;
    },

    forget(worker) {
      if (!registered.delete(worker)) return;
      worker.off('exit', leave);
      restorers.get(worker)?.();
      terms.delete(worker);
    },

    termsOf,
    nameOf,
    threadIdOf,
    hasExited: (worker) => exited.has(worker),

    terminatorOf(worker) {
      toldToEnd.add(worker);
      return terminators.get(worker) ?? worker.terminate.bind(worker);
    },

    keep(worker, report) {
      if (threadIds.has(worker)) reports.set(worker, report);
    },

    reportOf,

    failureOf(worker, report) {
      const { onFailure } = termsOf(worker);
      if (!onFailure || failed.has(worker) || isCleanWorker(report)) return undefined;
      failed.add(worker);
      return { report, onFailure, isFatal: false, error: undefined };
    },
  };
}
