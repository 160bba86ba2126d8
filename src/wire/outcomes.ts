/** What became of handlers and of workers: in a report, and in the ack that carries it, where all is plain data. */

/** An error as text: whatever was thrown, this can always be cloned. */
export interface ErrorText {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export const STATUSES = ['acked', 'failed', 'timed-out', 'lost', 'unlinked'] as const;

/** What became of a worker; an ack decides. */
export type WorkerStatus = (typeof STATUSES)[number];

/** What became of one handler. `Thrown`: an error, or its text where this crosses threads. */
export interface HandlerReport<Thrown = Error> {
  readonly name: string;
  /** ms from its call until it settled, or until it was given up. */
  readonly durationMs: number;
  /** When it was called: ms on the clock of `process.hrtime()`, which all threads have in common. */
  readonly startedAt?: number | undefined;
  /** `'drain'` for a function of a worker's drain stage; those of this thread are in the stage's own report. */
  readonly stage?: 'drain';
  /** What it threw or rejected with. */
  readonly error?: Thrown;
  /** It had not settled when its time was up, or when the process could no longer wait (a synchronous route). */
  readonly unfinished?: true;
}

/** What became of one worker, a child of this thread or further down: a thread, or a registered process. */
export interface WorkerReport<Thrown = Error> {
  /** 0 for a process, which is told by its {@link pid}. */
  readonly threadId: number;
  /** The process that it is, or that it is a thread of; absent for the threads of this process. */
  readonly pid?: number;
  /** From this thread's child down to the worker: thread ids, of a process its pid. */
  readonly path: readonly number[];
  readonly name: string;
  readonly status: WorkerStatus;
  /** Why it did not ack, or how it ended. */
  readonly diagnosis?: string;
  /** ms from the order to the ack. */
  readonly ackMs?: number;
  /** When it was told to shut down: ms on the clock of `process.hrtime()`. Absent where it ended by itself. */
  readonly orderedAt?: number;
  /** When it read that, and began. Absent where it has not acked. */
  readonly readAt?: number | undefined;
  readonly handlers: readonly HandlerReport<Thrown>[];
}

/** On the wire. */
export type HandlerOutcome = HandlerReport<ErrorText>;

/** On the wire: of a descendant, with its `path` from the acking worker's child down to it. */
export type WorkerOutcome = WorkerReport<ErrorText>;
