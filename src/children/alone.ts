/**
 * The end of one worker alone, while this thread lives on: what its `terminate()` and its owner's `shutdown()` do. The
 * worker is a collection of one.
 */
import type { Worker } from 'node:worker_threads';
import { now } from '../clock.ts';
import { afterFairly } from '../fair-clock.ts';
import { clearTimeout, nextTick, setTimeout } from '../platform.ts';
import type { WorkerReport } from '../report/report.ts';
import { isWaiting } from '../table/cells.ts';
import { stateOf, systemThreadOf } from '../table/slots.ts';
import { LONGEST, OVERTIME, PATIENCE, RETIREMENT, THREADS_LEAST } from '../times.ts';
import { diagnosisOf, settleBySlot } from './account.ts';
import { type Child, isSettled, type Slotted, step } from './child.ts';
import { type Collection, isOver } from './collection.ts';
import type { Known } from './known.ts';
import { look, waitForEnd } from './native-code.ts';
import type { Registered } from './registered.ts';
import type { Order, Terms } from './terms.ts';

interface Parts {
  invite(worker: Worker): void;
  findUndelivered(threadId: number): void;
  /** The order of the shutdown of all workers, if one runs. */
  orderOfAll(): Order | undefined;
  collect(order: Order): Collection;
  /** Nothing is awaited of the worker any more. */
  onSettled(child: Slotted): void;
  /** The worker was ended alone: nobody else tells what became of it. */
  onEnd(child: Slotted, collection: Collection): void;
  /** A worker's time is up, and it is about to be terminated. */
  onGiveUp(): void;
  /** Its time and more is up, and its thread is still there: in native code, as far as that is known. */
  onUnended(worker: Worker, isNative: boolean): void;
}

export interface Alone {
  /** Lets one registered worker clean up, and does not end it. Undefined where there is nothing to do, or no more. */
  cleanUp(worker: Worker): Promise<void> | undefined;
  /**
   * What a registered worker's `terminate()` does: it cleans up first. Called a second time, or where there is nothing to
   * clean up, it ends the worker at once.
   */
  retire(worker: Worker): Promise<number>;
  /** Lets one registered worker clean up, ends it, and resolves to what became of it. */
  shutdown(worker: Worker): Promise<WorkerReport>;
  /** Until then, on this thread's clock, every worker that ends is waited for at most; undefined ends that. */
  endBy(until: number | undefined): void;
}

/** What `terminate()` resolves to for a thread that was ended by it. */
const TERMINATED = 1;

export function createAlone(known: Known, registered: Registered, parts: Parts): Alone {
  let latest = Number.POSITIVE_INFINITY;

  /** When a worker's end is waited for no longer that begins now. */
  const untilOf = (worker: Worker): number =>
    Math.min(now() + (registered.termsOf(worker).timeout ?? RETIREMENT) + OVERTIME, latest);

  /** Resolves to the exit code of a worker that is told to end at `from`: to that of a terminated one, if it has not by `until`. */
  async function inTime(
    gone: Promise<number>,
    worker: Worker,
    until: number,
    from: number = until - OVERTIME,
  ): Promise<number> {
    const { task } = known.of(worker);
    // One that has only just been told to end is given that long, however late it is.
    const least = task.isNative ? 0 : THREADS_LEAST;
    let callOff = (): void => {};
    const late = new Promise<number>((resolve) => {
      callOff = waitForEnd(from, Math.max(until, now() + least), (isNative) => {
        if (worker.threadId !== -1) parts.onUnended(worker, isNative || task.isNative);
        resolve(TERMINATED);
      });
    });
    return await Promise.race([gone, late]).finally(callOff);
  }

  function cleanUp(worker: Worker): Promise<void> | undefined {
    const child = known.of(worker);
    const { threadId } = worker;
    if (threadId !== -1 && registered.has(worker) && !child.seen && !child.wasInvited) return cleanUpNextTick(worker);
    if (child.contact === 'invited' && child.invitation) return cleanUpInvited(worker, child, child.invitation);
    parts.findUndelivered(threadId);
    const slotted = known.slotted(threadId);
    if (!slotted || isOver(slotted) || slotted.task.alone) return undefined;
    return cleanUpBy(slotted, registered.termsOf(worker), registered.has(worker));
  }

  /** A tick later this thread has heard of the Worker if it was made just now, and has invited it if it was there before. */
  async function cleanUpNextTick(worker: Worker): Promise<void> {
    await new Promise<void>((resolve) => nextTick(resolve));
    parts.invite(worker);
    await cleanUp(worker);
  }

  /** Waits for the worker's link first, as long as for any worker that has not read its order. */
  async function cleanUpInvited(worker: Worker, child: Child, answer: Promise<void>): Promise<void> {
    step(child, 'answered');
    registered.termsOf(worker).pool?.wake();
    await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
    await cleanUp(worker);
  }

  async function cleanUpBy(child: Slotted, { timeout, pool }: Terms, isRegistered: boolean): Promise<void> {
    const ofAll = parts.orderOfAll();
    // In the middle of a shutdown it has as long as the others have.
    const until = timeout === undefined && ofAll ? ofAll.until : now() + (timeout ?? RETIREMENT);
    const order: Order = { reason: { route: 'terminate' }, until, sync: false, relay: { stdout: true, stderr: true } };
    const isFirst = child.task.epoch === 0;
    child.task.alone = order;
    const collection = parts.collect(order);
    collection.send(child);
    // One that nobody has registered may be a pool's, whose adapter is not there: parked, or in a task that was aborted.
    const isPatient = !isFirst || (isRegistered && pool?.wake() !== false);
    collection.follow();

    const giveUp = (): void => {
      if (!isSettled(child.task.state)) settleBySlot(child, 'timed-out', diagnosisOf(child));
      parts.onSettled(child);
    };
    const giveUpUnread = (): void => {
      if (isWaiting(stateOf(child.table, child.slot))) giveUp();
    };
    const timer = setTimeout(giveUp, Math.min(Math.max(0, until - now()), LONGEST));
    // An aborted busy loop must go, or such workers pile up. One that a busy machine keeps from reading its order must not.
    const callOff = isPatient
      ? undefined
      : afterFairly(PATIENCE, systemThreadOf(child.table, child.slot), giveUpUnread);
    await collection.await();
    clearTimeout(timer);
    callOff?.();
    if (child.task.state === 'timed-out' && child.worker) {
      parts.onGiveUp();
      registered.terminatorOf(child.worker)();
      await look([child], until + OVERTIME);
    }
    parts.onEnd(child, collection);
  }

  async function retire(worker: Worker): Promise<number> {
    const terminate = registered.terminatorOf(worker);
    const until = untilOf(worker);
    const cleanedUp = cleanUp(worker);
    if (cleanedUp === undefined) return inTime(terminate(), worker, until, now());
    const gone = new Promise<number>((resolve) => worker.once('exit', resolve));
    await cleanedUp;
    terminate();
    return inTime(gone, worker, until, now());
  }

  /** Lets a worker clean up and ends it, unless somebody is at it already. */
  async function end(worker: Worker): Promise<WorkerReport> {
    if (worker.threadId !== -1 && !registered.hasExited(worker)) {
      const gone = new Promise<number>((resolve) => worker.once('exit', resolve));
      await (known.of(worker).task.alone ? inTime(gone, worker, untilOf(worker)) : retire(worker));
    }
    return registered.reportOf(worker);
  }

  return {
    cleanUp,
    retire,

    shutdown(worker) {
      const registration = registered.of(worker);
      registration.ending ??= end(worker);
      return registration.ending;
    },

    endBy(until) {
      latest = until ?? Number.POSITIVE_INFINITY;
    },
  };
}
