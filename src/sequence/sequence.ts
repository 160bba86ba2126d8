/**
 * The sequence, written once: begin, drain, workers, handlers. It yields what is to be done and never calls user code
 * itself, so that a driver may be re-entered: a handler that calls `process.exit()` goes on with the very next step.
 */
import { now } from '../clock.ts';
import type { Handler } from '../handlers/handler.ts';
import type { HandlerReport, PoolReport, StageReport } from '../report/report.ts';
import { SHARES } from '../times.ts';
import { type Call, createCall, isPending } from './call.ts';
import type { Outcome, Parts, Step } from './step.ts';
import { handlerUntil } from './until.ts';

/** `begun`: it went the straight way so far, where nothing was to be drained and nobody to be waited for. */
export function* sequence(
  parts: Parts,
  { stages, drained, pools, handlers }: Outcome,
  begun?: { readonly startedAt: number; readonly call: Call | undefined },
): Generator<Step, void, void> {
  yield once(() => parts.begin());

  let startedAt = begun?.startedAt ?? now();
  let timedOut = !begun && parts.hasToDrain() && (yield* drain(parts, drained));
  stages.push(stage('drain', startedAt, timedOut, drained, pools));

  startedAt = begun?.startedAt ?? now();
  timedOut = yield* seeWorkersThrough(parts, SHARES.workers);
  stages.push(stage('workers', startedAt, timedOut));

  startedAt = begun?.startedAt ?? now();
  timedOut = yield* runHandlers(parts, handlers, begun?.call);
  stages.push(stage('handlers', startedAt, timedOut));

  // Workers that joined meanwhile were ordered at once. They are waited for as well.
  if (!parts.isLeaf()) {
    yield* seeWorkersThrough(parts, SHARES.handlers);
    yield* runHandlers(parts, handlers);
  }
  yield {
    get until() {
      return parts.deadline(SHARES.handlers);
    },
    start: (sync) => parts.flush(sync),
  };
  // What was registered while that was waited for.
  yield* runHandlers(parts, handlers);
}

/** Calls all drain functions, and waits for what still runs in pools. Returns whether the time for that was up. */
function* drain(parts: Parts, drained: HandlerReport[]): Generator<Step, boolean, void> {
  const { drains, deadline } = parts;
  const left = deadline(SHARES.drain) - now();
  const isInTime = (): boolean => now() < deadline(SHARES.drain);
  let timedOut = false;
  do {
    const draining: Call[] = [];
    // Those that were registered before are called in any case.
    for (let due = drains.size; due > 0 || isInTime(); due--) {
      const handler = drains.take();
      if (handler === undefined) break;
      const call = createCall(handler, 'drain', drained, parts);
      parts.onHandler(handler, drains.size);
      yield once(() => draining.push(call));
      yield once((sync) => void call.start(sync));
    }
    yield {
      get until() {
        return deadline(SHARES.drain);
      },
      start: () => (draining.some(isPending) ? Promise.all(draining.map(({ settled }) => settled)) : undefined),
      cut: (sync) => {
        timedOut ||= !sync;
        // Not one that has ended the process itself, and so does not return.
        for (const call of draining.filter(isPending)) call.cut(sync);
      },
    };
    // Others may have been registered in the meantime.
  } while (drains.size > 0 && isInTime());
  // One of them may have blocked for longer.
  timedOut ||= left > 0 && !isInTime();
  yield once(() => parts.refuse());
  yield {
    get until() {
      return deadline(SHARES.drain);
    },
    start: (sync) => parts.idle(sync),
    cut: (sync) => {
      timedOut ||= !sync;
    },
  };
  return timedOut;
}

/** Orders the workers and waits for their acks. Returns whether the time of one was up. */
function* seeWorkersThrough(parts: Parts, share: number): Generator<Step, boolean, void> {
  const { workers } = parts;
  let timedOut = false;
  yield {
    get until() {
      return parts.deadline(share);
    },
    start: (sync) => workers.start(sync),
    block: () => workers.block(),
  };
  if (parts.isLeaf()) return false;
  yield once(() => {
    timedOut = workers.terminateSilent();
  });
  // Without a turn of the event loop: in it, calls of those that were terminated would be rejected, before handlers have run.
  yield once(() => workers.look(share === SHARES.handlers));
  yield once(() => parts.handOver());
  return timedOut;
}

/**
 * Calls one handler after the other, the newest first; one that is added meanwhile is the newest. What is registered for
 * the drain stage when that is over is called as well, last, while there is time. Returns whether the time of one was up.
 */
function* runHandlers(parts: Parts, reports: HandlerReport[], pending?: Call): Generator<Step, boolean, void> {
  const { handlers, drains, deadline } = parts;
  let timedOut = false;
  const takeLate = (): Handler | undefined => (now() < deadline(SHARES.handlers) ? drains.take() : undefined);
  const take = (): Handler | undefined => handlers.take() ?? takeLate();
  const behind = (): number => handlers.size + drains.size;
  function* see(call: Call, start: (sync: boolean) => Promise<void> | undefined): Generator<Step, void, void> {
    const time = handlerUntil(deadline, behind);
    yield {
      get until() {
        return time.until;
      },
      start,
      cut: (sync) => {
        timedOut ||= !sync;
        call.cut(sync);
      },
    };
    // It may have blocked for longer.
    timedOut ||= time.left > 0 && now() > deadline(SHARES.handlers);
  }
  if (pending) yield* see(pending, () => pending.settled);
  for (let handler = take(); handler !== undefined; handler = take()) {
    parts.onHandler(handler, behind());
    const call = createCall(handler, 'handlers', reports, parts);
    yield* see(call, call.start);
  }
  return timedOut;
}

/** A step that is not waited for. */
function once(start: (sync: boolean) => unknown): Step {
  return {
    until: 0,
    start: (sync) => {
      start(sync);
      return undefined;
    },
  };
}

function stage(
  name: StageReport['name'],
  startedAt: number,
  timedOut: boolean,
  handlers: readonly HandlerReport[] = [],
  pools: readonly PoolReport[] = [],
): StageReport {
  return {
    name,
    durationMs: now() - startedAt,
    startedAt,
    ...(timedOut && { timedOut }),
    ...(handlers.length > 0 && { handlers }),
    // One that becomes idle later is told as it is now.
    ...(pools.length > 0 && { pools: pools.map((pool) => ({ ...pool })) }),
  };
}
