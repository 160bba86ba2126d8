/**
 * Every time limit of the library, in ms, each with the relation to the others that must hold: test/unit/times.test.ts
 * holds them to it. A build copies a number to where it is used, so whoever imports one loads no more than that.
 */

// The whole.

/** The longest that a timer can wait. What a program may ask for is no longer. */
export const LONGEST = 2 ** 31 - 1;

/** What a shutdown may take unless told. With {@link GRACE} less than 10 s, after which `docker stop` kills. */
export const TIMEOUT = 8000;

/** What a synchronous route may take unless told: no longer than {@link TIMEOUT}, since nothing else goes on meanwhile. */
export const SYNC_TIMEOUT = 1000;

/**
 * How much later than its deadline a process is ended that is still there. Longer than {@link REPORT_WRITTEN}, and than
 * the deadline is looked at ({@link STEP_LOOK}), or a process would be killed that ends in time.
 */
export const GRACE = 500;

/**
 * The watchdog's two looks at a main thread that is past its deadline: how often, how much may be taken for spent between two
 * times, for how long no thread must have waited for a processor, and how long before the end of {@link GRACE} it may be over.
 * The second is at all threads, for which the main thread may wait.
 */
export const GUARD = {
  main: { every: 50, most: 60, chance: 300, before: 100 },
  all: { every: 20, most: 25, chance: 50, before: 0 },
} as const;

/** How long the report of a process that is killed may take to be written: a pipe that nobody reads takes for ever. */
export const REPORT_WRITTEN = 100;

/** How long to wait before a pipe that was full is tried again: often, within {@link REPORT_WRITTEN}. */
export const PIPE_RETRY = 1;

/** How long a signal may take to end a process that has raised it itself. */
export const DEATH = 1000;

// The stages and their steps.

/** The shares of the timeout at whose end a stage must be over, one after the other. Time that is not used rolls on. */
export const SHARES = { drain: 0.5, workers: 0.75, handlers: 1 } as const;

/** How much of its time a worker leaves for its ack to arrive: a share, and ms at most. */
const MARGIN = { share: 0.1, most: 100 } as const;

/** What a worker has for itself of the ms that its order leaves it. */
export const ownTime = (timeout: number): number => timeout - Math.min(timeout * MARGIN.share, MARGIN.most);

/** What a worker that has so many ms for itself leaves its own workers, if it drains nothing. */
export const workersTime = (timeout: number): number => timeout * SHARES.workers;

/** How much of the time that is left a handler leaves to each one behind it. */
export const RESERVE = 100;

/** How often it is looked whether a step's time is still the same. */
export const STEP_LOOK = 100;

/** How long a thread is left alone after its first link, before it rehearses. */
export const QUIET = 50;

// Orders, and workers that are waited for.

/** How often it is looked whether a worker that is waited for is still there. */
export const PROBE = 25;

/** While the acks of workers that have a table of their own are awaited, the doorbell does not ring for them. */
export const POLL = 2;

/** How long a link may be on its way whose worker has acked already. Longer than {@link PROBE}, so that it is looked for. */
export const DELIVERY = 50;

/** How often a worker shows that its event loop turns, while its own workers wait for their order. */
export const PULSE = 25;

/**
 * How long a worker may take to hand an order on to its own workers. After that it is put into their slots, and they act
 * on what the table says. Longer than {@link PULSE}, or a parent whose loop turns is taken for blocked.
 */
export const RELAY = 100;

/** How long the phase may take to reach those whom no order of this thread's has woken: no longer than an order, {@link RELAY}. */
export const SPREAD = 25;

/** How long a worker whose time is up, and whose own workers have not, is left before it is looked at again. */
export const SUBTREE_LOOK = 100;

/** How long a worker may take to clean up when it is ended alone, unless it has a limit of its own. */
export const RETIREMENT = 1000;

/**
 * How long a pool's worker that is ended alone may take to read its order where it may never do, not counting what its thread
 * waits for a processor: less than {@link RETIREMENT}, and long enough for an order to be handed on, {@link RELAY}.
 */
export const PATIENCE = 100;

// Threads in native code.

/**
 * How far apart two looks at the threads' use of the processors are at least, and how much time may be taken for spent
 * between two of them: what is more, whoever looks may itself have waited.
 */
export const FAIR_LOOK = { least: 10, most: 25 } as const;

/**
 * How often it is looked whether a terminated worker ends: JavaScript does within some 10 ms. After so many ms in which no
 * thread waited for a processor it is in native code. No longer than `most` is looked, nor than this share of the time that
 * is left of a shutdown: the rest is for handlers, and after those for what was printed.
 */
export const NATIVE = { every: 5, after: 60, most: 1000, share: { first: 0.5, last: 0.8 } } as const;

/**
 * How long after its deadline an end goes on to wait for a thread in native code. With {@link POOL_AFTER} less than
 * {@link GRACE}, after which the watchdog kills.
 */
export const OVERTIME = 250;

/**
 * How long threads have to end at least, however late it is, and for the next one to end: ms in which none of them waited for
 * a processor. With {@link OVERTIME} less than {@link GRACE}.
 */
export const THREADS_LEAST = 200;

/** How often it is looked whether threads have ended: most are gone within a ms or two, and later it is no matter. */
export const THREADS_LOOK = { first: 0.3, later: 5, after: 20 } as const;

/** How long a pool may take to settle once its workers have ended, or are waited for no longer. */
export const POOL_AFTER = 50;

// Pools.

/** How often a pool that tells nobody when it is idle is asked. */
export const POOL_LOOK = 5;

/** How long the task that wakes a worker lasts at the most where it would keep a process that is to end by itself. */
export const WAKING = 1000;

// Signals, and what ends by them.

/** A signal that comes again so soon is the same keystroke, handed on by a parent such as npm: of a loop that turns. */
export const SAME_KEYSTROKE = 250;

/** How long the threads may take to write coverage and profiles. */
export const PROFILES_WRITTEN = 5000;

/** So long no thread has ended, once as many are gone as must be: less than {@link PROFILES_WRITTEN}. */
export const PROFILES_STILL = 100;

/** How often it is looked whether they are through: often, within {@link PROFILES_STILL}. */
export const PROFILES_LOOK = 2;

// Processes.

/** How much of its time a process leaves for its ack to be read and for its own end: a share, and ms at most. */
const PROCESS_MARGIN = { share: 0.1, most: 250 } as const;

/** What a process has for itself of the ms that its parent's order leaves it. */
export const ownTimeOfProcess = (timeout: number): number =>
  timeout - Math.min(timeout * PROCESS_MARGIN.share, PROCESS_MARGIN.most);

/** For how long a process whose IPC channel was closed looks whether its parent is gone. */
export const PARENT_GONE = 1000;

/** How often it looks, within {@link PARENT_GONE}. */
export const LOOK_FOR_PARENT = 20;

/** How long a listener of a signal waits for the order of the parent process: as long as a whole shutdown of that, {@link TIMEOUT}. */
export const HELD = 8000;

/** How often a thread that blocks for a process looks whether it has ended. */
export const LOOK_FOR_END = 5;

// Servers.

/** So long a new connection may take to send the first byte of a request, which is often on its way. */
export const FRESH = 100;

/** So long a client of a protocol of the program's own must be quiet, once it has its answer. */
export const CLIENT_QUIET = 250;

/** How often it is looked which connections have come to rest: more often than they come to be {@link FRESH} no more. */
export const CONNECTIONS_LOOK = 50;

/** So long connections are accepted that wait already, at most. */
export const ACCEPTING = 500;

// Jobs.

/** How long before the drain stage is over jobs that have not finished are cancelled: a share of it, and ms at most. */
export const OVERRUN = { share: 0.25, most: 1000 } as const;

/** How long a job may take to end once it is cancelled, or its sandbox has ended: all that {@link OVERRUN} leaves. */
export const CANCELLED = 1000;

/** How long a sandbox of BullMQ may take to clean up, unless it has a limit of its own: as BullMQ has it. */
export const SANDBOX = 30_000;

// Those who are told.

/** A shutdown that takes no longer shows nothing. */
export const SHOWN_AFTER = 1000;

/** How often the line of a shutdown that takes longer is written on a terminal. */
export const SHOWN_EVERY = 250;

/** How often systemd is asked for more time. */
export const EXTEND_EVERY = 1000;

/** For so long each time: several times {@link EXTEND_EVERY}, or a moment's load is taken for a process that hangs. */
export const EXTENSION = 5000;

/** How long systemd's own command may take to hand on a message, and all that are left at the very end: what a synchronous route has, {@link SYNC_TIMEOUT}. */
export const HANDED_ON = 1000;
