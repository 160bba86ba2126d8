/** What a parent says of a worker, and what it is told of one that was not clean. */
import type { WorkerReport } from '../report/report.ts';

/** What a parent says of a worker: how it is called, and how long it may take at most. */
export interface Terms {
  readonly name?: string | undefined;
  readonly timeout?: number | undefined;
  /** Its unexpected death ends this thread, too. */
  readonly essential?: boolean | undefined;
  /** Called for a worker that was not clean. */
  readonly onFailure?: ((report: WorkerReport) => unknown) | undefined;
  /** What its pool has to say; absent for a worker in no pool. */
  readonly pool?:
    | {
        /**
         * Makes its event loop turn, should it be parked. False if it is not to be waited for: nothing leads to it, or its
         * task was aborted, and may be a busy loop.
         */
        wake(): boolean;
      }
    | undefined;
}

/** A registered worker that was not clean. */
export interface FailedWorker {
  readonly report: WorkerReport;
  readonly onFailure: Terms['onFailure'];
  /** It is essential, and nobody had told it to end. */
  readonly isFatal: boolean;
  readonly error: Error | undefined;
}
