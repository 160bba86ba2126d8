/** Which workers are gone, and what is left of one that is. */
import threads, { type Worker } from 'node:worker_threads';
import { publishWorkers } from '../report/diagnostics.ts';
import type { WorkerReport } from '../report/report.ts';
import { State, type Table } from '../table/cells.ts';
import { entrustingOf, markSubtreeLost, release, slotOf, stateOf } from '../table/slots.ts';
import { KEY, VERSION } from '../wire/reason.ts';
import { descendants, reportOf, settleBySlot } from './account.ts';
import { type Child, hasSlot, isSettled, type Slotted, step } from './child.ts';
import { isAlive, type Known } from './known.ts';
import { describeLoss, lossesOf } from './losses.ts';
import { isHearing } from './order.ts';
import { describeEnd, hasFailed, listenForError } from './registered.ts';

interface Listeners {
  isShuttingDown(): boolean;
  /** Takes a worker's last words, which may still be on their way. */
  readAll(child: Slotted): void;
  nameOf(child: Child): string;
  /** This is what has become of a Worker. */
  keep(worker: Worker, report: WorkerReport): void;
  onLeft(child: Slotted): void;
  /** Workers have ended before anybody here could tell them to, and their handlers were not called. */
  onLost(reports: readonly WorkerReport[]): void;
  /** A thread is gone that had entrusted something to the main thread. */
  onGone(threadId: number): void;
}

export interface Liveness {
  /** Takes note of a Worker that this thread has made. */
  see(worker: Worker): void;
  hasLiving(): boolean;
  /** The Workers that this thread has made and that are alive, linked or not. */
  living(): Worker[];
  /** Finds out how the worker ends. */
  attach(child: Slotted, worker: Worker): void;
  /** The worker's thread is gone. */
  leave(child: Slotted, how: string): void;
  remove(child: Slotted): void;
  /** The worker's thread is gone, and its link has not arrived: only its slot, if it has one, tells of it. */
  leaveUndelivered(child: Child, slot?: number): void;
  watchExit(threadId: number): void;
  /** A thread that this one has not made, and that has sent no port, may be gone: then a message to it is refused. */
  askTheSilent(children: Iterable<Slotted>): void;
  /** Where no 'exit' event is heard: what a thread that is gone is sent goes nowhere, and Node says so. */
  loseTheGone(children: Iterable<Slotted>): void;
}

export function createLiveness(table: Table, known: Known, listeners: Listeners): Liveness {
  const { isShuttingDown, nameOf, onGone } = listeners;

  function leave(child: Slotted, how: string): void {
    if (child.contact === 'gone') return;
    listeners.readAll(child);
    step(child, 'left');
    const { task, worker, slot, threadId } = child;
    const loss = isSettled(task.state) ? undefined : lossOf(child, how);
    if (!isSettled(task.state)) settleBySlot(child, 'lost', loss ?? how);
    else if (!task.ack) task.below = descendants(child.table, threadId, [threadId]);
    child.port?.close();
    const reports = reportOf(child, nameOf(child));
    if (worker && reports[0]) listeners.keep(worker, reports[0]);
    const entrusting = entrustingOf(child.table, slot, threadId);
    const wasIdle = stateOf(child.table, slot) === State.idle;
    // Nobody else tells of a worker that was lost while this thread lives on.
    if (!isShuttingDown() && !task.isTold && !wasIdle && !task.alone) {
      if (loss) listeners.onLost(reports);
      else publishWorkers(reports);
    }
    const state = task.state === 'timed-out' ? State.timedOut : State.lost;
    if (isShuttingDown()) markSubtreeLost(child.table, slot, threadId, state);
    else remove(child);
    listeners.onLeft(child);
    for (const thread of entrusting) onGone(thread);
  }

  /** What is said of one that was terminated before its link arrived: nothing stood in for its `terminate()` yet. */
  function lossOf({ table: slotTable, slot, task, worker, registration }: Slotted, how: string): string | undefined {
    // In the middle of a shutdown the report has it.
    if (isShuttingDown() || task.epoch !== 0 || registration?.wasAlive) return undefined;
    if (worker && hasFailed(worker)) return undefined;
    return describeLoss(slotTable, slot, how);
  }

  /** Nothing is to be told of the worker any more. */
  function remove(child: Slotted): void {
    release(child.table, child.slot, child.threadId);
    child.isReleased = true;
    known.tidy(child);
  }

  function leaveUndelivered(child: Child, slot = slotOf(table, child.threadId)): void {
    if (slot === undefined || hasSlot(child)) return;
    const { threadId, worker } = child;
    const losses = lossesOf(table, slot, threadId, nameOf(child));
    release(table, slot, threadId);
    const own = losses.find((report) => report.threadId === threadId);
    if (worker && own) listeners.keep(worker, own);
    if (losses.length > 0) listeners.onLost(losses);
  }

  /**
   * A Worker is gone that this thread has made. If its link was never delivered, nothing else tells that its slot is free.
   */
  function forget(child: Child): void {
    child.seen = undefined;
    leaveUndelivered(child);
    known.tidy(child);
  }

  const seen = (): Child[] => [...known].filter((child) => child.seen);

  return {
    attach(child, worker) {
      listenForError(worker);
      worker.once('exit', (code: number) => leave(child, describeEnd(worker, code)));
    },

    leave,
    remove,
    leaveUndelivered,

    see(worker) {
      const before = seen();
      // Workers that never link are forgotten with time, without a listener on what is not ours.
      if (before.length >= 16 && Number.isInteger(Math.log2(before.length))) {
        for (const child of before) if (!isAlive(child)) forget(child);
      }
      const child = known.of(worker);
      child.seen = new WeakRef(worker);
      known.keep(child);
    },

    hasLiving: () => seen().some(isAlive),
    living: () => seen().flatMap((child) => (isAlive(child) ? (child.seen?.deref() ?? []) : [])),

    watchExit(threadId) {
      const child = known.get(threadId);
      if (!child || hasSlot(child)) return;
      const worker = child.worker ?? child.seen?.deref();
      if (!worker || worker.threadId === -1) onGone(threadId);
      else if (!child.isWatched) {
        child.isWatched = true;
        worker.once('exit', () => {
          child.isWatched = false;
          onGone(threadId);
        });
      }
    },

    askTheSilent(children) {
      for (const child of children) {
        if (child.port || child.worker) continue;
        threads.postMessageToThread(child.threadId, { [KEY]: VERSION, ping: true }).catch(() => {
          if (!child.port) leave(child, 'its thread is gone');
        });
      }
    },

    loseTheGone(children) {
      for (const child of children) if (!isHearing(child)) leave(child, 'it ended');
    },
  };
}
