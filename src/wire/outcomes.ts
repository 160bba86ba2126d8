/** What an ack carries: what became of handlers and of workers, as plain data. */

/** An error as text: whatever was thrown, this can always be cloned. */
export interface ErrorText {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** What became of one handler, on the wire. */
export interface HandlerOutcome {
  readonly name: string;
  readonly durationMs: number;
  readonly startedAt?: number | undefined;
  readonly stage?: 'drain';
  readonly error?: ErrorText;
  readonly unfinished?: true;
}

export const STATUSES = ['acked', 'failed', 'timed-out', 'lost', 'unlinked'] as const;

/** What became of a worker; an ack decides. */
export type WorkerStatus = (typeof STATUSES)[number];

/** What became of one descendant, on the wire. `path`: thread ids from the acking worker's child down to it. */
export interface WorkerOutcome {
  readonly threadId: number;
  readonly pid?: number;
  readonly path: readonly number[];
  readonly name: string;
  readonly status: WorkerStatus;
  readonly diagnosis?: string;
  readonly ackMs?: number;
  readonly orderedAt?: number;
  readonly readAt?: number | undefined;
  readonly handlers: readonly HandlerOutcome[];
}
