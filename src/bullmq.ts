/**
 * Workers of BullMQ: in a shutdown the jobs in flight finish, then every sandbox cleans up, and the connection is closed
 * last; also where the program closes one while it lives on.
 *
 * @module
 */
import { instance } from './adapters/adapter.ts';
import { watchJobs } from './adapters/bullmq/jobs.ts';
import { watchSandboxes } from './adapters/bullmq/sandboxes.ts';
import { type BullWorker, checkWorker } from './adapters/bullmq/shape.ts';
import { now } from './clock.ts';
import { behind, checkTerms, misuse, shown } from './misuse.ts';
import { clearTimeout, setTimeout } from './platform.ts';
import { CANCELLED, OVERRUN, SANDBOX } from './times.ts';

export type { BullWorker } from './adapters/bullmq/shape.ts';

export interface BullWorkerOptions {
  /** What the report calls it, and each of its sandboxes, followed by a thread id or a pid; default: the queue's name. */
  name?: string;
  /** ms that each sandbox may take to clean up, at most; default 30000, BullMQ's own limit. A shutdown leaves it less. */
  timeout?: number;
  /**
   * What becomes of a job that has not finished when the drain stage is nearly over. `'cancel'`, the default: its `signal` is
   * aborted, and once it has ended it is handed back. `'leave'`: it goes on until its sandbox ends, and is handed back then.
   */
  onOverrun?: 'cancel' | 'leave';
}

/** Whether `waiting` has settled before the time was up. */
async function isInTime(waiting: PromiseLike<unknown>, time: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, time), false);
  });
  const settled = waiting.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([settled, late]);
  clearTimeout(timer);
  return inTime;
}

const registered = new WeakSet<BullWorker>();

/**
 * Lets a Worker of BullMQ 5 or 6 shut down with this thread, whether its processor runs in threads
 * (`useWorkerThreads: true`), in child processes, or in this thread. In the drain stage it takes no more jobs, and those
 * in flight finish; then every sandbox whose processor uses this library runs its handlers, and is awaited; the connection
 * is closed among the handlers of this thread. `worker.close()` does the same while the process lives on. A job that has
 * not finished when the drain stage is nearly over is cancelled and handed back, so that another service takes it at once,
 * and named in the report's notes. On a synchronous route (`process.exit()`, an uncaught error) the sandboxes clean up within the
 * `syncTimeout`, but jobs in flight cannot be waited for, nor handed back: they are taken again once their lock has expired.
 *
 * @returns `worker`.
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` if it is no Worker of BullMQ 5.81 or later or of BullMQ 6,
 * `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`.
 */
export function registerWorker<W extends BullWorker>(worker: W, options: BullWorkerOptions = {}): W {
  const pool = behind(registerWorker, () => {
    const found = checkWorker(worker);
    checkOptions(options);
    return found;
  });
  const { name = worker.name, timeout = SANDBOX, onOverrun = 'cancel' } = options;
  if (registered.has(worker)) return worker;
  registered.add(worker);
  const library = instance();
  const note = (text: string): void => library.note(`${name}: ${text}`);

  const jobs = watchJobs(worker, {
    onHandedBack: (job) => note(`${job} had not finished in time, and was handed back`),
    onFailure: (job, { message }) =>
      note(
        `${job} had not finished in time, and could not be handed back; it is taken again once its lock has expired: ${message}`,
      ),
  });

  const sandboxes =
    pool &&
    watchSandboxes(pool, {
      name,
      timeout,
      afterEnd: () => isInTime(jobs.whenIdle(), CANCELLED),
    });

  /** Cancels what runs, and waits so long for it to end. Whether it has. */
  async function end(time: number): Promise<boolean> {
    if (jobs.size === 0) return true;
    if (onOverrun === 'leave') return false;
    jobs.endEarly();
    worker.cancelAllJobs(`${name} shuts down`);
    return await isInTime(jobs.whenIdle(), time);
  }

  /** No more jobs are taken; those that run finish, or are cancelled. */
  async function finish(): Promise<void> {
    const left = (library.drainDeadline() ?? now()) - now();
    const margin = Math.min(OVERRUN.most, left * OVERRUN.share);
    const until = now() + left;
    const idle = worker.closing ?? worker.pause();
    if (await isInTime(idle, left - margin)) return;
    await end(until - now() - margin / 4);
    // What is left ends with its sandbox.
    jobs.endEarly();
  }

  function drain(): Promise<void> | undefined {
    if (!library.isExiting()) return finish();
    if (jobs.size > 0) note(`${jobs.names.join(', ')} did not finish; taken again once the lock has expired`);
    return undefined;
  }

  async function closeAll(): Promise<void> {
    // What still runs does not heed its signal. Its sandbox has cleaned up by now.
    jobs.endEarly();
    await Promise.all(
      (sandboxes?.busy ?? []).map((sandbox) => sandbox.worker?.terminate() ?? sandbox.childProcess?.kill('SIGKILL')),
    );
    const isIdle = await isInTime(jobs.whenIdle(), sandboxes ? CANCELLED : 0);
    if (!isIdle) await jobs.handBack();
    await closeWorker(!isIdle);
  }

  /** By force BullMQ waits for no job, and lets what runs in a thread fail. */
  async function closeNow(): Promise<void> {
    void worker.pause(true);
    await end(CANCELLED);
    jobs.endEarly();
    if (!sandboxes) await jobs.handBack();
    await closeWorker(true);
  }

  const closeWorker = worker.close.bind(worker);
  worker.close = (force = false) => (force && !worker.closing ? closeNow() : closeWorker(force));

  const close = (): Promise<void> | undefined => (library.isExiting() ? undefined : closeAll());

  const named = <F extends () => unknown>(what: string, fn: F): F =>
    Object.defineProperty(fn, 'name', { value: `${what} ${name}` });
  library.onDrain(named('finish the jobs of', drain), []);
  library.register(named('close', close), []);
  worker.once('closed', () => {
    library.unregister(drain);
    library.unregister(close);
  });
  return worker;
}

function checkOptions(options: BullWorkerOptions): void {
  checkTerms(options, ['onOverrun']);
  const { onOverrun = 'cancel' } = options;
  if (onOverrun === 'cancel' || onOverrun === 'leave') return;
  throw misuse('INVALID_ARGUMENT', `options.onOverrun must be 'cancel' or 'leave'; it is ${shown(onOverrun)}`);
}
