/** Why a thread ends, and how threads of this library know each other. */

/**
 * Raised whenever a cell, a message, or what copies of the library share in one thread (`Instance`) changes its meaning, and
 * where one is new that another copy would miss: threads, processes and copies of another version are told apart by it.
 * 1 had neither the slots' threads of the system, nor servers and child processes.
 */
export const VERSION = 2;

/** The key in the environment data, the tag of a message between threads, and the name of the one instance a thread. */
export const KEY = 'worker-atexit';

/** In the environment data, inherited by every worker made from then on: it may be parked as soon as it is there. */
export const PARKS = 'worker-atexit:parks';

/** What started a shutdown, in the order in which the table's header numbers it. */
export const ROUTES = [
  'beforeExit',
  'exit',
  'process.exit',
  'signal',
  'uncaughtException',
  'unhandledRejection',
  'disconnect',
  'message',
  'shutdown',
  'terminate',
  'worker',
] as const;

/** What started a shutdown. */
export type Route = (typeof ROUTES)[number];

/** A {@link Route} with what it carries, as plain data. */
export interface Reason {
  readonly route: Route;
  readonly signal?: NodeJS.Signals | undefined;
  readonly exitCode?: number | undefined;
}
