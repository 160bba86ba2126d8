/** What a slow shutdown shows to whoever waits for it. It is loaded then, and by no shutdown that is quick. */

import { clearTimeout, process, setTimeout } from '../platform.ts';
import type { HandlerReport, WorkerReport } from '../report/report.ts';
import type { Outcome } from '../sequence/step.ts';
import { SHOWN_AFTER } from '../times.ts';

/** A shutdown, as far as somebody who waits for it wants to know. */
export interface Awaited {
  readonly stage: () => 'begun' | 'draining' | 'collecting' | 'handling' | 'told';
  readonly outcome: Outcome;
  readonly isSettled: (report: HandlerReport) => boolean;
  readonly workers: () => readonly WorkerReport[];
  /** When it began, and when its time is up: ms of `now()`. */
  readonly startedAt: number;
  readonly until: () => number;
  /** What Ctrl+C does, if anything. */
  readonly keyboard: () => string | undefined;
  /** Nobody but stderr is told what the library has to say. */
  readonly isPlain: boolean;
  readonly log: (line: string) => void;
}

/** Returns what ends it. */
export function showWaiting(awaited: Awaited, timeout: number): () => void {
  let end: unknown;
  const timer = setTimeout(
    () => {
      try {
        // In a program that is bundled there is no such file: nothing is shown then.
        end = process
          .getBuiltinModule('node:module')
          .createRequire(import.meta.url)('./live.js')
          .show(awaited);
      } catch {}
    },
    Math.min(SHOWN_AFTER, timeout / 2),
  ).unref();
  return () => {
    clearTimeout(timer);
    if (typeof end === 'function') end();
  };
}
