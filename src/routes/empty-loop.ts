/** The route of a thread whose event loop runs empty: it ends by itself, unless another listener has new work for it. */

import { clearImmediate, nextTick, process, queueMicrotask, setImmediate } from '../platform.ts';
import type { ShutdownReport } from '../report/report.ts';
import type { Routes, Thread } from '../thread/parts.ts';
import { exitProcess } from './ending.ts';
import { createQuietLook, isIdle } from './quiet-look.ts';
import { UNSETTLED, whetherUnsettled } from './unsettled.ts';

/** So many rounds of work that is over within one turn are believed; more, and it is something listed and not there. */
const MOST_ROUNDS = 1000;

/** `onOver`: all is done, and the process ends by itself. */
export function createEmptyLoopRoute(thread: Thread, onOver: () => void): Pick<Routes, 'onBeforeExit'> {
  let own = (): void => {};
  const look = createQuietLook(() => own);
  let rounds = 0;
  let turn: NodeJS.Immediate | undefined;

  function onBeforeExit(listener: () => void): void {
    own = listener;
    if (look.end() || thread.state !== 'running' || !thread.isUsed()) return;
    if (process.listenerCount('beforeExit') === 1) end();
    // When every other listener has run, and what they left to microtasks.
    else nextTick(queueMicrotask, () => nextTick(judge));
  }

  /** Whether another listener has given the loop new work. What is done within one turn can only be seen now. */
  function judge(): void {
    if (isIdle()) {
      look.begin((isEmpty) => {
        rounds = 0;
        if (isEmpty) end();
      });
    } else if (++rounds > MOST_ROUNDS) end();
    else {
      clearImmediate(turn);
      setImmediate(() => {
        turn = setImmediate(() => {
          rounds = 0;
        }).unref();
      });
    }
  }

  function end(): void {
    if (thread.isMain) whetherUnsettled(look, endByItself);
    else endByItself(false);
  }

  function endByItself(isUnsettled: boolean): void {
    // It may have been told to end meanwhile.
    if (thread.state !== 'running') return;
    thread.ending = {};
    const exitCode = Number(process.exitCode ?? (isUnsettled ? UNSETTLED : 0));
    thread.shutDown({ reason: { route: 'beforeExit', exitCode } }).then((report) => {
      // What did not finish may hold the event loop for ever, and the deadline is a promise.
      if (isUnfinished(report) || thread.ending?.signal) {
        if (isUnsettled && process.exitCode === undefined) {
          process.exitCode = UNSETTLED;
          thread.log('Warning: Detected unsettled top-level await');
        }
        exitProcess();
        return;
      }
      thread.ending = undefined;
      if (thread.isMain) onOver();
      if (process.listenerCount('beforeExit') > 1) look.begin(() => {});
    });
  }

  return { onBeforeExit };
}

function isUnfinished({ handlers, stages }: ShutdownReport): boolean {
  return stages.some(({ timedOut }) => timedOut) || handlers.some(({ unfinished }) => unfinished);
}
