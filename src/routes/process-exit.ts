/**
 * The synchronous route: `process.exit()`, and what ends like it. It listens to `'exit'`, and stands where
 * `process.exit()` ends up, since that is all that is heard of a call inside `'exit'`.
 */

import { asKept } from '../iteration.ts';
import { process } from '../platform.ts';
import { signalNumber } from '../signal-names.ts';
import type { Routes, Thread } from '../thread/parts.ts';
import type { Reason } from '../wire/reason.ts';
import type { Crash } from './crash.ts';
import { raise } from './ending.ts';
import { endThreadsInTime } from './native-code.ts';
import { endThreads, isProfiled } from './profiles.ts';

interface Others {
  /** The error by which this thread ends, if it is one. */
  crash(): Crash | undefined;
  /**
   * From now on a signal has its default action: no listener is called any more, and the end may wait for native code of
   * some thread.
   */
  releaseSignals(): void;
}

interface ProcessExitRoute extends Pick<Routes, 'onExit' | 'onReallyExit'> {
  /** The process is about to end by itself, or by an uncaught error: listens to its `'exit'`, behind everybody. */
  listenLast(): void;
  stopListening(): void;
}

export function createProcessExitRoute(thread: Thread, others: Others): ProcessExitRoute {
  let isInside = false;

  function onExit(code: number | string): void {
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

  /** What is left to do is done here, and here the signal is raised, when every `'exit'` listener has run. */
  function onReallyExit(code: unknown): void {
    if (isInside) return;
    if (!isDone()) goNow(reasonOf(code === undefined ? undefined : Number(code)));
    isInside = true;
    thread.seeLateThrough();
    const signal = thread.ending?.signal;
    if (signal !== undefined && Number(code) === 128 + signalNumber(signal)) {
      if (!isProfiled() || endThreads(thread.children.living())) raise(signal);
    }
    endThreadsInTime(thread, Number(code || (process.exitCode ?? 0)), undefined);
  }

  /** Nothing leads to `process.reallyExit`: the process ends by itself, or by an uncaught error. */
  function onLast(code: number | string): void {
    if (isInside || !isDone() || isLeftAlone() || thread.ending?.signal !== undefined) return;
    isInside = true;
    asKept(() => {
      thread.seeLateThrough();
      endThreadsInTime(thread, Number(code), others.crash());
    });
  }

  return {
    onExit,
    onReallyExit,

    listenLast() {
      process.off('exit', onLast);
      process.on('exit', onLast);
    },
    stopListening: () => void process.off('exit', onLast),
  };
}
