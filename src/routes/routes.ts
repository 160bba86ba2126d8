/**
 * The routes by which a thread ends: what listens for each, and how the process goes in the end. Signals, which only the
 * main thread gets, have a file of their own.
 */
import type { ShutdownReport } from '../report/report.ts';
import { signalNumber } from '../signal-names.ts';
import type { Hooks, Thread } from '../thread/parts.ts';
import { leave, raise } from './ending.ts';
import { createIpcRoute } from './ipc.ts';
import { createSignalRoute } from './signals.ts';

declare global {
  namespace NodeJS {
    interface Process {
      /** Where `process.exit()` ends up. Undocumented, and what nyc, signal-exit and others have wrapped for years. */
      reallyExit(code?: number | string): never;
    }
  }
}

interface Crash {
  readonly error: unknown;
  readonly route: 'uncaughtException' | 'unhandledRejection';
}

/** Handles that are listed as active although they keep no loop alive: those of stdin, stdout and stderr. */
const STANDARD_STREAMS = ['PipeWrap', 'TTYWrap'];

/** So many rounds of work that is over within one turn are believed; more, and it is something listed and not there. */
const MOST_ROUNDS = 1000;

export function createRoutes(thread: Thread): Hooks {
  const signals = createSignalRoute(thread);
  const ipc = createIpcRoute(thread);
  let crash: Crash | undefined;
  let active = false;
  /** The last look has found no work, and the loop has not turned since. */
  let isQuiet = false;
  let rounds = 0;
  let turn: NodeJS.Immediate | undefined;
  let wrapper: typeof process.reallyExit | undefined;
  let inside = false;

  // --- The event loop runs empty ---

  function onBeforeExit(): void {
    if (thread.state !== 'running' || !thread.isUsed()) return;
    if (process.listenerCount('beforeExit') === 1) endByItself();
    // When every other listener has run, and what they left to microtasks.
    else process.nextTick(queueMicrotask, () => process.nextTick(judge));
  }

  /**
   * Whether another listener has given the loop new work. What is done within one turn can only be seen now. The rest (a
   * server, a worker, a job of the thread pool) makes the loop turn once more before it is empty again.
   */
  function judge(): void {
    const isIdle = process.getActiveResourcesInfo().every((name) => STANDARD_STREAMS.includes(name));
    if (isIdle ? isQuiet : ++rounds > MOST_ROUNDS) {
      endByItself();
      return;
    }
    isQuiet = isIdle;
    clearImmediate(turn);
    setImmediate(() => {
      turn = setImmediate(() => {
        isQuiet = false;
        rounds = 0;
      }).unref();
    });
  }

  function endByItself(): void {
    thread.ending = {};
    thread.shutDown({ reason: { route: 'beforeExit', exitCode: Number(process.exitCode ?? 0) } }).then((report) => {
      // What did not finish may hold the event loop for ever, and the deadline is a promise.
      if (isUnfinished(report) || thread.ending?.signal) leave();
      else thread.ending = undefined;
    });
  }

  // --- process.exit(), and what ends like it ---

  /** On Node 20 a code that was given as a string arrives as one. */
  function onExit(code: number | string): void {
    // A second wrapper where somebody has taken the first one away; signal-exit does when it unloads.
    if (active && process.reallyExit !== wrapper) wrap();
    thread.isExiting = true;
    // What was registered when all was done.
    if (thread.state === 'ended' && !isLeftAlone()) thread.use();
    if (isDone()) return;
    // It may be a worker that has registered something, and this thread has not heard of it.
    thread.use();
    const { route, error: cause }: Crash | { route: 'process.exit'; error?: undefined } = crash ?? {
      route: 'process.exit',
    };
    goNow({ route, exitCode: Number(code) }, cause);
  }

  const isLeftAlone = (): boolean => crash !== undefined && thread.settings.crash === 'off';

  function isDone(): boolean {
    if (isLeftAlone()) return true;
    return thread.state === 'ended' || (thread.state === 'running' && !thread.isUsed());
  }

  function goNow(reason: Parameters<Thread['shutDownNow']>[0]['reason'], cause?: unknown): void {
    signals.uninstall();
    thread.ending ??= {};
    thread.isExiting = true;
    thread.shutDownNow({ reason, cause });
  }

  /**
   * `process.exit()` inside `'exit'` goes straight to `process.reallyExit`, in a handler as in somebody else's listener.
   * What is left to do is done here, and here the signal is raised, when every `'exit'` listener has run.
   */
  function wrap(): void {
    const next = process.reallyExit;
    const reallyExit = (code?: number | string): never => {
      if (active && !inside) {
        if (!isDone()) goNow({ route: 'process.exit', exitCode: code === undefined ? undefined : Number(code) });
        inside = true;
        const signal = thread.ending?.signal;
        if (signal !== undefined && Number(code) === 128 + signalNumber(signal)) raise(signal);
      }
      return next.call(process, code || Number(process.exitCode ?? 0));
    };
    wrapper = reallyExit;
    process.reallyExit = reallyExit;
  }

  function unwrap(): void {
    // Somebody may have wrapped the wrapper; then it stays, and passes calls on.
    if (process.reallyExit === wrapper && original) process.reallyExit = original;
  }

  // --- An essential worker has died ---

  function endBy(cause: Error): void {
    if (thread.state !== 'running') return;
    process.exitCode ||= thread.settings.failureExitCode;
    thread.ending = {};
    thread.shutDown({ reason: { route: 'worker', exitCode: Number(process.exitCode) }, cause }).then(leave);
  }

  // --- An uncaught error ---

  /** Changes nothing about the error: it tells what the coming `'exit'` is about. */
  function onCrash(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return;
    crash = { error, route: origin };
    // Where no 'exit' event follows, this is the last that is heard of this thread.
    if ('Deno' in globalThis) onExit(1);
  }

  function onUncaught(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
    // The program has a listener of its own: it decides.
    if (process.listenerCount('uncaughtException') > 1) return;
    const again = (): void => {
      process.off('uncaughtException', onUncaught);
      process.nextTick(() => {
        throw error;
      });
    };
    if (thread.state === 'running') {
      thread.ending = {};
      thread.shutDown({ reason: { route: origin, exitCode: 1 }, cause: error }).then(again);
    } else again();
  }

  // --- All of it ---

  let original: typeof process.reallyExit | undefined;

  /** What the settings of the main thread ask for. */
  function installOptional(): void {
    if (!thread.isMain) return;
    if (thread.settings.crash === 'graceful') process.on('uncaughtException', onUncaught);
    signals.install();
    ipc.install();
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
      process.on('uncaughtExceptionMonitor', onCrash);
      original = process.reallyExit;
      wrap();
      installOptional();
    },

    reinstall() {
      if (!active) {
        this.install();
        return;
      }
      process.off('uncaughtException', onUncaught);
      ipc.uninstall();
      installOptional();
    },

    endBy,

    uninstall() {
      active = false;
      process.off('beforeExit', onBeforeExit);
      process.off('exit', onExit);
      process.off('uncaughtExceptionMonitor', onCrash);
      process.off('uncaughtException', onUncaught);
      unwrap();
      signals.uninstall();
      ipc.uninstall();
    },
  };
}

function isUnfinished({ handlers, stages }: ShutdownReport): boolean {
  return stages.some(({ timedOut }) => timedOut) || handlers.some(({ unfinished }) => unfinished);
}
