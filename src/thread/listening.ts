/**
 * The places at which every thread hears that it is about to end. Nothing is done here: the routes do that, and are loaded
 * then.
 */
import { asKept } from '../iteration.ts';
import { process } from '../platform.ts';
import { type Call, type StandIn, standIn } from '../stand-in.ts';
import type { ExitListener, Routes } from './parts.ts';

declare global {
  namespace NodeJS {
    interface Process {
      /** Where `process.exit()` ends up. Undocumented, and what nyc, signal-exit and others have wrapped for years. */
      reallyExit(code?: number | string): never;
    }
  }
}

export interface Listening extends ExitListener {
  /** Listens to `'exit'`, and no more. */
  watch(): void;
}

interface Listeners {
  /** Whether all is done, and nothing is left to do for a route. */
  isOver(): boolean;
  routes(): Routes;
}

export function createListening({ isOver, routes }: Listeners): Listening {
  let active = false;
  /** More than one where somebody has wrapped what was there. */
  let standIns: StandIn[] = [];

  const onBeforeExit = (): void => {
    if (!isOver()) asKept(() => routes().onBeforeExit(onBeforeExit));
  };

  const onCrash = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    if (!isOver()) asKept(() => routes().onCrash(error, origin));
  };

  /** On Node 20 a code that was given as a string arrives as one. */
  function onExit(code: number | string): void {
    // Another one where somebody has taken the first one away; signal-exit does when it unloads.
    if (active && !standIns.at(-1)?.isOnTop()) standInForExit();
    if (!isOver()) asKept(() => routes().onExit(code));
  }

  /** `process.exit()` inside `'exit'` goes straight to `process.reallyExit`, in a handler as in somebody else's listener. */
  function reallyExit(next: Call, code?: unknown): unknown {
    if (!isOver()) asKept(() => routes().onReallyExit(code));
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
      process.prependListener('beforeExit', onBeforeExit);
      this.watch();
      standInForExit();
      process.on('uncaughtExceptionMonitor', onCrash);
    },

    uninstall() {
      active = false;
      process.off('beforeExit', onBeforeExit);
      process.off('exit', onExit);
      process.off('uncaughtExceptionMonitor', onCrash);
      for (const each of standIns.reverse()) each.takeAway();
      standIns = [];
    },
  };
}
