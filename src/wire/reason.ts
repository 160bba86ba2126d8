/** Why a thread ends, and how threads of this library know each other. */

/** Raised whenever a cell or a message changes its meaning: threads of another version are told apart by it. */
export const VERSION = 1;

/** The key in the environment data, the tag of a message between threads, and the name of the one instance a thread. */
export const KEY = 'worker-atexit';

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
