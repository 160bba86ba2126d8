/**
 * The jobs that one BullMQ Worker runs. One that has to end before its time is handed back once it has ended: the next
 * Worker takes it at once, and not only after its lock has expired, and nobody runs it a second time meanwhile.
 */
import { toError } from '../../report/errors.ts';
import { type BullJob, type BullWorker, isProcessJob } from './shape.ts';

export interface Jobs {
  readonly size: number;
  /** For people. */
  readonly names: readonly string[];
  /** From now on a job that ends with an error has ended before its time. */
  endEarly(): void;
  /** Hands back what still runs, and can be ended by nobody. */
  handBack(): Promise<void>;
  /** Settles when no job runs. */
  whenIdle(): Promise<void>;
}

/** By its name BullMQ knows that the job is where it should be. */
const handedBack = (): Error => Object.assign(new Error('handed back'), { name: 'WaitingError' });

interface Listeners {
  onHandedBack(name: string): void;
  onFailure(name: string, error: Error): void;
}

export function watchJobs(worker: BullWorker, { onHandedBack, onFailure }: Listeners): Jobs {
  const running = new Map<BullJob, string>();
  const early = new Set<BullJob>();
  const waiting = new Set<() => void>();
  const processJob: unknown = Reflect.get(worker, 'callProcessJob');

  const nameOf = ({ id, name }: BullJob): string => `job ${id} (${name})`;

  async function giveBack(job: BullJob, token: string): Promise<void> {
    early.delete(job);
    try {
      await job.moveToWait(token);
      onHandedBack(nameOf(job));
    } catch (thrown) {
      onFailure(nameOf(job), toError(thrown));
    }
  }

  async function process(job: BullJob, token: string, signal?: AbortSignal): Promise<unknown> {
    running.set(job, token);
    try {
      return await (isProcessJob(processJob) && Reflect.apply(processJob, worker, [job, token, signal]));
    } catch (error) {
      if (!early.has(job)) throw error;
      await giveBack(job, token);
      throw handedBack();
    } finally {
      running.delete(job);
      early.delete(job);
      if (running.size === 0) for (const tell of waiting) tell();
    }
  }
  Reflect.set(worker, 'callProcessJob', process);

  return {
    get size() {
      return running.size;
    },

    get names() {
      return [...running.keys()].map(nameOf);
    },

    endEarly() {
      for (const job of running.keys()) early.add(job);
    },

    async handBack() {
      await Promise.all([...running].map(([job, token]) => giveBack(job, token)));
    },

    whenIdle: () =>
      new Promise((resolve) => {
        const tell = (): void => {
          waiting.delete(tell);
          resolve();
        };
        if (running.size === 0) resolve();
        else waiting.add(tell);
      }),
  };
}
