/** The route of a thread whose event loop runs empty: it ends by itself, unless another listener has new work for it. */
import type { ShutdownReport } from '../report/report.ts';
import type { Route, Thread } from '../thread/parts.ts';
import { exitProcess } from './ending.ts';

/** Handles that are listed as active although they keep no loop alive: those of stdin, stdout and stderr. */
const STANDARD_STREAMS = ['PipeWrap', 'TTYWrap'];

/** So many rounds of work that is over within one turn are believed; more, and it is something listed and not there. */
const MOST_ROUNDS = 1000;

export function createEmptyLoopRoute(thread: Thread): Route {
  /** The last look has found no work, and the loop has not turned since. */
  let isQuiet = false;
  let rounds = 0;
  let turn: NodeJS.Immediate | undefined;

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
      if (isUnfinished(report) || thread.ending?.signal) exitProcess();
      else thread.ending = undefined;
    });
  }

  return {
    install() {
      process.prependListener('beforeExit', onBeforeExit);
    },
    uninstall() {
      process.off('beforeExit', onBeforeExit);
    },
  };
}

function isUnfinished({ handlers, stages }: ShutdownReport): boolean {
  return stages.some(({ timedOut }) => timedOut) || handlers.some(({ unfinished }) => unfinished);
}
