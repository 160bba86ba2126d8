/**
 * The route of an uncaught error. It changes nothing about the error: it tells what the coming `'exit'` is about. Only
 * with `crash: 'graceful'` is the error caught, and thrown again when all is done.
 */

import { nextTick, process } from '../platform.ts';
import type { Thread } from '../thread/parts.ts';

export interface Crash {
  readonly error: unknown;
  readonly route: 'uncaughtException' | 'unhandledRejection';
}

export interface CrashRoute {
  /** What this thread is about to end by, if it is an error. */
  readonly crash: Crash | undefined;
  /** An error is uncaught, whoever catches it. */
  onCrash(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void;
  /** Catches what is uncaught, in place of Node; only with `crash: 'graceful'`. */
  installGraceful(): void;
  uninstallGraceful(): void;
}

interface Others {
  /** Does what an `'exit'` event does, where none follows. */
  exit(code: number): void;
  /** The `'exit'` event follows, and nothing after it. */
  listenLast(): void;
}

export function createCrashRoute(thread: Thread, { exit, listenLast }: Others): CrashRoute {
  let crash: Crash | undefined;

  function onCrash(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return;
    crash = { error, route: origin };
    // Where no 'exit' event follows, this is the last that is heard of this thread.
    if ('Deno' in globalThis) exit(1);
    else if (thread.isMain) listenLast();
  }

  function onUncaught(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
    // The program has a listener of its own: it decides.
    if (process.listenerCount('uncaughtException') > 1) return;
    const again = (): void => {
      process.off('uncaughtException', onUncaught);
      nextTick(() => {
        throw error;
      });
    };
    if (thread.state === 'running') {
      thread.ending = {};
      thread.shutDown({ reason: { route: origin, exitCode: 1 }, cause: error }).then(again);
    } else again();
  }

  return {
    get crash() {
      return crash;
    },
    onCrash,
    installGraceful() {
      if (thread.settings.crash === 'graceful') process.on('uncaughtException', onUncaught);
    },
    uninstallGraceful: () => void process.off('uncaughtException', onUncaught),
  };
}
