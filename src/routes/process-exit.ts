/**
 * The synchronous route: `process.exit()`, and what ends like it. It listens to `'exit'`, and stands where
 * `process.exit()` ends up, since that is all that is heard of a call inside `'exit'`.
 */

import { process } from '../platform.ts';
import { signalNumber } from '../signal-names.ts';
import { type Call, type StandIn, standIn } from '../stand-in.ts';
import type { Thread } from '../thread/parts.ts';
import type { Reason } from '../wire/reason.ts';
import type { Crash } from './crash.ts';
import { raise } from './ending.ts';
import { endThreads, isProfiled } from './profiles.ts';

declare global {
  namespace NodeJS {
    interface Process {
      /** Where `process.exit()` ends up. Undocumented, and what nyc, signal-exit and others have wrapped for years. */
      reallyExit(code?: number | string): never;
    }
  }
}

export interface ProcessExitRoute {
  /** Listens to `'exit'`, and no more. */
  watch(): void;
  install(): void;
  uninstall(): void;
  /** On Node 20 a code that was given as a string arrives as one. */
  onExit(code: number | string): void;
}

interface Others {
  /** The error by which this thread ends, if it is one. */
  crash(): Crash | undefined;
  /**
   * From now on a signal has its default action: no listener is called any more, and the end may wait for native code of
   * some thread.
   */
  releaseSignals(): void;
}

export function createProcessExitRoute(thread: Thread, others: Others): ProcessExitRoute {
  let active = false;
  /** More than one where somebody has wrapped what was there. */
  let standIns: StandIn[] = [];
  let isInside = false;

  function onExit(code: number | string): void {
    // Another one where somebody has taken the first one away; signal-exit does when it unloads.
    if (active && !standIns.at(-1)?.isOnTop()) standInForExit();
    thread.isExiting = true;
    // What was registered when all was done.
    if (thread.state === 'ended' && !isLeftAlone()) thread.use();
    if (isDone()) {
      others.releaseSignals();
      return;
    }
    // It may be a worker that has registered something, and this thread has not heard of it.
    thread.use();
    const crash = others.crash();
    if (crash) goNow({ route: crash.route, exitCode: Number(code) }, crash.error);
    else goNow(reasonOf(Number(code)));
  }

  /** A signal may have come in this very turn, and its shutdown not yet begun. */
  function reasonOf(exitCode?: number): Reason {
    const signal = thread.ending?.signal;
    if (signal === undefined || exitCode !== 128 + signalNumber(signal)) return { route: 'process.exit', exitCode };
    return { route: 'signal', signal, exitCode };
  }

  const isLeftAlone = (): boolean => others.crash() !== undefined && thread.settings.crash === 'off';

  function isDone(): boolean {
    if (isLeftAlone()) return true;
    return thread.state === 'ended' || (thread.state === 'running' && !thread.isUsed());
  }

  function goNow(reason: Reason, cause?: unknown): void {
    others.releaseSignals();
    thread.ending ??= {};
    thread.isExiting = true;
    thread.shutDownNow({ reason, cause });
  }

  /**
   * `process.exit()` inside `'exit'` goes straight to `process.reallyExit`, in a handler as in somebody else's listener.
   * What is left to do is done here, and here the signal is raised, when every `'exit'` listener has run.
   */
  function reallyExit(next: Call, code?: unknown): unknown {
    if (!isInside) {
      if (!isDone()) goNow(reasonOf(code === undefined ? undefined : Number(code)));
      isInside = true;
      const signal = thread.ending?.signal;
      if (signal !== undefined && Number(code) === 128 + signalNumber(signal)) {
        if (!isProfiled() || endThreads(thread.children.living())) raise(signal);
      }
    }
    return next(code || Number(process.exitCode ?? 0));
  }

  function standInForExit(): void {
    standIns.push(standIn(process, 'reallyExit', reallyExit));
  }

  return {
    watch() {
      // Before the listeners of others, such as a logger's, which writes what handlers have logged.
      if (!process.listeners('exit').includes(onExit)) process.prependListener('exit', onExit);
    },

    install() {
      active = true;
      this.watch();
      standInForExit();
    },

    uninstall() {
      active = false;
      process.off('exit', onExit);
      for (const each of standIns.reverse()) each.takeAway();
      standIns = [];
    },

    onExit,
  };
}
