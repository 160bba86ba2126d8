/** Every time limit of the library, in ms, each with the relation to the others that must hold. */

/** How often it is looked whether a worker that is waited for is still there: ms. */
export const PROBE = 25;

/** While the acks of workers that have a table of their own are awaited, the doorbell does not ring for them: ms. */
export const POLL = 2;

/** How long a worker may take to clean up when it is ended alone, unless it has a limit of its own: ms. */
export const RETIREMENT = 1000;

/** How long a link may be on its way whose worker has acked already: ms. */
export const DELIVERY = 50;

/** How long a pool's worker that is ended alone may take to read its order where it may never do: ms. */
export const PATIENCE = 100;

/**
 * How long a worker may take to hand an order on to its own workers: ms. After that it is put into their slots, and they
 * act on what the table says.
 */
export const RELAY = 100;

/** The shares of the timeout at whose end a stage must be over. Time that is not used rolls on. */
export const SHARES = { drain: 0.5, workers: 0.75, handlers: 1 } as const;

/** How much of its time a worker leaves for its ack to arrive: a share, and ms at most. */
const MARGIN = { share: 0.1, most: 100 } as const;

/** What a worker has for itself of the ms that its order leaves it. */
export const ownTime = (timeout: number): number => timeout - Math.min(timeout * MARGIN.share, MARGIN.most);

/** What a worker that has so many ms for itself leaves its own workers, if it drains nothing. */
export const workersTime = (timeout: number): number => timeout * SHARES.workers;

/** How much of the time that is left a handler leaves to each one behind it: ms. */
export const RESERVE = 100;

/** How long a thread is left alone after its first link, before it rehearses: ms. */
export const QUIET = 50;

/** How long the phase may take to reach those whom no order of this thread's has woken: ms. */
export const SPREAD = 25;

/** How often a worker shows that its event loop turns, while its own workers wait for their order: ms. */
export const PULSE = 25;

/** How much of its time a process leaves for its ack to be read and for its own end: a share, and ms at most. */
const PROCESS_MARGIN = { share: 0.1, most: 250 } as const;

/** What a process has for itself of the ms that its parent's order leaves it. */
export const ownTimeOfProcess = (timeout: number): number =>
  timeout - Math.min(timeout * PROCESS_MARGIN.share, PROCESS_MARGIN.most);

/** How often a process whose IPC channel was closed looks whether its parent is gone, and for how long: ms. */
export const LOOK_FOR_PARENT = 20;
export const PARENT_GONE = 1000;

/** How long a listener of a signal waits for the order of the parent process: ms, as long as a whole shutdown of that may take. */
export const HELD = 8000;

/** How often a thread that blocks for a process looks whether it has ended: ms. */
export const LOOK_FOR_END = 5;

/** How long before the drain stage is over jobs that have not finished are cancelled: a share of it, and ms at most. */
export const OVERRUN = { share: 0.25, most: 1000 } as const;

/** How long a job may take to end once it is cancelled, or its sandbox has ended: ms. */
export const CANCELLED = 1000;

/** How long a sandbox of BullMQ may take to clean up, unless it has a limit of its own: ms, as BullMQ has it. */
export const SANDBOX = 30_000;
