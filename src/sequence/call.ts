/** One call of a handler: how it went, and whether it is still pending. */
import { now } from '../clock.ts';
import type { Handler } from '../handlers/handler.ts';
import { awaitHandler, callHandler } from '../handlers/inside-handler.ts';
import { process } from '../platform.ts';
import type { HandlerMessage } from '../report/diagnostics.ts';
import { toError } from '../report/errors.ts';
import type { HandlerReport } from '../report/report.ts';
import type { Parts } from './step.ts';

const { inspect, types } = process.getBuiltinModule('node:util');

type Writable<T> = { -readonly [property in keyof T]: T[property] };

/** One call of a handler, and what is reported of it. */
export interface Call {
  start(sync: boolean): Promise<void> | undefined;
  /** Its time is up: whatever comes of it later is not told any more. */
  cut(sync: boolean): void;
  /** Set while it is pending. */
  settled: Promise<void> | undefined;
}

export const isPending = ({ settled }: Call): boolean => settled !== undefined;

/** What `await` waits for. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  'then' in value &&
  typeof value.then === 'function';

export function createCall(
  handler: Handler,
  stage: HandlerMessage['stage'],
  reports: HandlerReport[],
  { onFailure, onSettled, note, delay }: Pick<Parts, 'onFailure' | 'onSettled' | 'note' | 'delay'>,
): Call {
  const report: Writable<HandlerReport> = { name: handler.name, durationMs: 0 };
  let returned: unknown;
  let over = false;

  function end(thrown?: { readonly value: unknown }, sync = false): void {
    if (over) return;
    over = true;
    call.settled = undefined;
    report.durationMs = now() - (report.startedAt ?? now());
    if (thrown) report.error = toError(thrown.value);
    if (report.error || report.unfinished) onFailure(report, sync);
    onSettled(stage, report);
  }

  const call: Call = {
    settled: undefined,

    start(sync) {
      reports.push(report);
      report.startedAt = now();
      let awaited: PromiseLike<unknown> | undefined;
      try {
        returned = callHandler(() => handler.call({ sync, delay, note }));
        if (isThenable(returned)) awaited = returned;
      } catch (value) {
        end({ value });
        return undefined;
      }
      if (awaited === undefined) {
        end();
        return undefined;
      }
      call.settled = awaitHandler(awaited).then(
        () => end(),
        (value) => end({ value }),
      );
      return call.settled;
    },

    cut(sync) {
      if (over) return;
      if (handler.cut) {
        const lost = handler.cut();
        end(lost && { value: lost }, sync);
        return;
      }
      // Without an event loop, whether a promise has settled is seen only from outside.
      const state = types.isPromise(returned) ? inspect(returned, { depth: 0, customInspect: false }) : '';
      if (state === '' || /^[^{]*\{\s*<pending>/.test(state)) report.unfinished = true;
      end(/^[^{]*\{\s*<rejected>/.test(state) ? { value: new Error(state) } : undefined, sync);
    },
  };
  return call;
}
