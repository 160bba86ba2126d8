/**
 * The straight way of a worker that was told to end: its handlers, then its ack. What a leaf has to do is no more than that,
 * and nothing else is loaded for it. Whatever comes in between (it has workers by now, something is left to drain, no event
 * loop turns any more) carries on as any other shutdown, from where this one is.
 */

import type { Channel } from 'node:diagnostics_channel';
import type { Parent } from '../../workers/parent.ts';
import { now } from '../clock.ts';
import { process } from '../platform.ts';
import { type HandlerReport, isCleanHandler } from '../report/report.ts';
import { type Call, createCall, isPending } from '../sequence/call.ts';
import { inTime } from '../sequence/drivers.ts';
import { handlerUntil } from '../sequence/until.ts';
import { SHARES } from '../times.ts';
import type { HandlerOutcome } from '../wire/outcomes.ts';
import type { Core } from './halves.ts';
import type { Begun, Shutdown, ShutdownRequest } from './parts.ts';

const TRACED = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

const nothing = (): void => {};

/** A handler that settles within so many microtasks is spared the timer: most do before the event loop turns. */
const HOPS = 10;

const channelsOf = (): Channel[] =>
  [
    ...TRACED.map((event) => `tracing:worker-atexit:shutdown:${event}`),
    'worker-atexit:handler',
    'worker-atexit:worker',
  ].map((name) => process.getBuiltinModule('node:diagnostics_channel').channel(name));

/** To look a name up takes ten times as long. */
let channels: readonly Channel[] | undefined;

/** Whether a worker that was just ordered has nothing but its handlers to see to, and nobody looks on. */
export function isStraight({ rest, isRoot, drains, life, ending, isExiting }: Core): boolean {
  if (rest || isRoot || drains.size > 0 || life.order === undefined || ending || isExiting) return false;
  channels ??= channelsOf();
  for (const { hasSubscribers } of channels) if (hasSubscribers) return false;
  return true;
}

export interface Straight extends Shutdown {
  /** The rest of the thread was loaded: from now on this is a shutdown as any other. */
  widen(): void;
}

export function createStraight(core: Core, parent: Parent, request: ShutdownRequest, onTold: () => void): Straight {
  const { handlers, drains, life } = core;
  const { reason, timeout = 0 } = request;
  const startedAt = now();
  const error = core.createError(reason);
  const reports: HandlerReport[] = [];
  const failed: HandlerReport[] = [];
  const notes: string[] = [];
  /** How long it has, and since when: what is over first counts. */
  const limits = [{ since: startedAt, timeout }];
  let stage: Shutdown['stage'] = 'handling';
  let call: Call | undefined;
  /** A handler is on the stack. */
  let isStarting = false;
  let isTakenOver = false;
  /** As any other shutdown, once it is one. */
  let other: Shutdown | undefined;
  let resolve = (): void => {};
  const ended = new Promise<void>((settle) => {
    resolve = settle;
  });

  function deadline(share: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const limit of limits) earliest = Math.min(earliest, limit.since + limit.timeout * share);
    return earliest;
  }

  const begun = (): Begun => ({ startedAt, error, limits, reports, notes, call, failed });

  function carryOn(): Shutdown {
    const rest = core.load();
    if (!other) {
      other = rest.begin(request, onTold, begun());
      other.ended.then(resolve);
    }
    return other;
  }

  const parts = {
    delay: 0,
    note: (line: string) => void notes.push(line),
    onFailure: (report: HandlerReport) => void failed.push(report),
    onSettled: nothing,
  };

  /** Calls handlers until one is to be waited for. */
  function run(): void {
    for (let handler = handlers.take(); handler !== undefined; handler = handlers.take()) {
      const before = reports.length;
      parent.showProgress(before + 1, before + 1 + handlers.size, handler.name);
      const called = createCall(handler, 'handlers', reports, parts);
      isStarting = true;
      const pending = called.start(false);
      isStarting = false;
      if (other) return;
      call = pending && called;
      // It has made a worker, say.
      if (core.rest) {
        carryOn().drive();
        return;
      }
      if (pending === undefined) continue;
      waitFor(called, pending);
      return;
    }
    flush();
  }

  async function waitFor(called: Call, pending: Promise<void>): Promise<void> {
    for (let hops = 0; hops < HOPS && isPending(called); hops++) await undefined;
    if (isPending(called) && !other) {
      const isInTime = await inTime(
        pending,
        handlerUntil(deadline, () => handlers.size),
      );
      if (!isInTime && !other) called.cut(false);
    }
    if (other) return;
    call = undefined;
    core.goOn(run);
  }

  /** What it has printed is read first. */
  function flush(): void {
    // What it has left to drain loads the rest.
    if (drains.size > 0) core.load();
    if (other) return;
    const flushed = parent.flush(life.order?.sync === true, life.isEnding());
    if (!flushed) end();
    else {
      inTime(flushed, { until: deadline(SHARES.handlers) }).then(() => {
        if (!other) core.goOn(handlers.size + drains.size > 0 ? run : end);
      });
    }
  }

  function end(): void {
    stage = 'told';
    onTold();
    let failures = 0;
    const outcomes: HandlerOutcome[] = [];
    for (const report of reports) {
      if (!isCleanHandler(report)) failures++;
      const { error, ...outcome } = report;
      outcomes.push(error === undefined ? outcome : core.rare().toOutcome(report));
    }
    const isTold = parent.ack(outcomes, [], failures, life.isEnding(), startedAt);
    if (!isTold && failed.length > 0) core.load().tell(failed);
    resolve();
  }

  return {
    get stage() {
      return other?.stage ?? stage;
    },

    ended,

    report: () => ended.then(() => (other ? other.report() : core.load().conclude(begun()))),

    drive() {
      core.signal.abort(error);
      run();
    },

    takeOver(route) {
      isTakenOver = true;
      carryOn().takeOver(route);
    },

    widen() {
      if (stage !== 'told' && !other && !isStarting && !isTakenOver) carryOn().drive();
    },

    // Whoever carries on has the same limits.
    shorten: (shorter) => void limits.push({ since: now(), timeout: shorter }),
    deadline,
    note: (message) => void (other ? other.note(message) : notes.push(message)),
    isRevivable: false,
  };
}
