/** What a parent says of a worker, what it orders, and what it is told of a worker that was not clean. */
import type { WorkerReport } from '../report/report.ts';
import type { StandIn } from '../stand-in.ts';
import type { Streams } from '../wire/messages.ts';
import type { Reason } from '../wire/reason.ts';

/** An order, as the sequence gives it. `until`: when the acks must be in, on this thread's clock. */
export interface Order {
  readonly reason: Reason;
  readonly until: number;
  readonly sync: boolean;
  /** The streams of this thread that nobody captures. */
  readonly relay: Streams;
}

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

/** What is kept of a worker that was registered once. */
export interface Registration {
  /** It is registered, and its `'exit'` was not heard. */
  isActive: boolean;
  /** It has registered something itself. */
  isGuarded: boolean;
  terms: Terms;
  /** Its own `terminate()`, as long as the library's stands in for it. */
  terminate: (() => Promise<number>) | undefined;
  /** What stands in for it. */
  standIn: StandIn | undefined;
  /** It was alive when it was registered, so that what becomes of it is asked for. */
  wasAlive: boolean;
  hasExited: boolean;
  wasToldToEnd: boolean;
  /** It was to end, and is waited for no longer. */
  isUnended: boolean;
  /** Its owner was told that it was not clean. */
  isFailureTold: boolean;
  /** What became of it. */
  report: WorkerReport | undefined;
  /** What its owner's `shutdown()` resolves to. */
  ending: Promise<WorkerReport> | undefined;
}

export const createRegistration = (): Registration => ({
  isActive: false,
  isGuarded: false,
  terms: {},
  terminate: undefined,
  standIn: undefined,
  wasAlive: false,
  hasExited: false,
  wasToldToEnd: false,
  isUnended: false,
  isFailureTold: false,
  report: undefined,
  ending: undefined,
});
