/**
 * The sequence, written once: begin, drain, workers, handlers. It yields what is to be done and never calls user code
 * itself, so that a driver may be re-entered: a handler that calls `process.exit()` goes on with the very next step.
 */
import { now } from './clock.ts';
import type { HandlerMessage } from './diagnostics.ts';
import { toError } from './errors.ts';
import { awaitHandler, callHandler } from './inside-handler.ts';
import type { Handler, Registry } from './registry.ts';
import type { HandlerReport, StageReport } from './report.ts';

/** One thing to do. An asynchronous driver awaits what `start` returns; a synchronous one then calls `block`, or `cut`. */
export interface Step {
  /** Until when an asynchronous driver waits. It may come nearer meanwhile. */
  readonly until: number;
  start(sync: boolean): PromiseLike<unknown> | undefined;
  /** Waits where no event loop turns, if that is possible. */
  readonly block?: () => void;
  /** It is given up before it is done: its time is up, or (`sync`) no event loop turns any more. */
  readonly cut?: (sync: boolean) => void;
}

const { inspect, types } = process.getBuiltinModule('node:util');

/** The shares of the timeout at whose end a stage must be over. Time that is not used rolls on. */
export const SHARES = { drain: 0.5, workers: 0.75, handlers: 1 } as const;

/** How much of its time a worker leaves for its ack to arrive: a share, and ms at most. */
const MARGIN = { share: 0.1, most: 100 } as const;

/** What a worker has for itself of the ms that its order leaves it. */
export const ownTime = (timeout: number): number => timeout - Math.min(timeout * MARGIN.share, MARGIN.most);

/** What a worker that has so many ms for itself leaves its own workers, if it drains nothing. */
export const workersTime = (timeout: number): number => timeout * SHARES.workers;

/** How much of the time that is left a handler leaves to each one behind it: ms. */
const RESERVE = 100;

/** What the sequence works on. Steps, not the generator, call these. */
export interface Parts {
  readonly drains: Registry;
  readonly handlers: Registry;
  /** When `share` of the timeout is used up. It may come nearer. */
  deadline(share: number): number;
  begin(): void;
  hasToDrain(): boolean;
  refuse(): void;
  idle(sync: boolean): Promise<unknown> | undefined;
  /** Whether no worker of this thread is known, so that what comes after their acks may be left out. */
  isLeaf(): boolean;
  /** Tells the workers, and waits for their acks. */
  readonly workers: { start(sync: boolean): Promise<void> | undefined; block(): void; terminateSilent(): boolean };
  /** Adds to the handlers what is due once the workers are through. */
  handOver(): void;
  /** What is left to do when all has run, and before it is told. */
  flush(sync: boolean): Promise<unknown> | undefined;
  /** A handler is about to run, and `behind` others after it. */
  onHandler(handler: Handler, behind: number): void;
  /** `sync`: it could not be waited for. */
  onFailure(report: HandlerReport, sync: boolean): void;
  /** Nothing more becomes of a handler. */
  onSettled(stage: HandlerMessage['stage'], report: HandlerReport): void;
}

/** What became of it all, filled in as it happens. */
export interface Outcome {
  readonly stages: StageReport[];
  readonly drained: HandlerReport[];
  readonly handlers: HandlerReport[];
}

type Writable<T> = { -readonly [property in keyof T]: T[property] };

export function* sequence(parts: Parts, { stages, drained, handlers }: Outcome): Generator<Step, void, void> {
  yield once(() => parts.begin());

  let startedAt = now();
  let timedOut = parts.hasToDrain() && (yield* drain(parts, drained));
  stages.push(stage('drain', startedAt, timedOut, drained));

  startedAt = now();
  timedOut = yield* seeWorkersThrough(parts, SHARES.workers);
  stages.push(stage('workers', startedAt, timedOut));

  startedAt = now();
  timedOut = yield* runHandlers(parts, handlers);
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
      yield once(() => call.start());
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
  yield once(() => parts.handOver());
  return timedOut;
}

/**
 * Calls one handler after the other, the newest first; one that is added meanwhile is the newest. What is registered for
 * the drain stage when that is over is called as well, last, while there is time. Returns whether the time of one was up.
 */
function* runHandlers(parts: Parts, reports: HandlerReport[]): Generator<Step, boolean, void> {
  const { handlers, drains, deadline } = parts;
  let timedOut = false;
  const takeLate = (): Handler | undefined => (now() < deadline(SHARES.handlers) ? drains.take() : undefined);
  const take = (): Handler | undefined => handlers.take() ?? takeLate();
  const behind = (): number => handlers.size + drains.size;
  for (let handler = take(); handler !== undefined; handler = take()) {
    parts.onHandler(handler, behind());
    const left = deadline(SHARES.handlers) - now();
    const call = createCall(handler, 'handlers', reports, parts);
    yield {
      // Those that it registers are behind it, too.
      get until() {
        return deadline(SHARES.handlers) - behind() * Math.min(RESERVE, left / (behind() + 1));
      },
      start: () => call.start(),
      cut: (sync) => {
        timedOut ||= !sync;
        call.cut(sync);
      },
    };
    // It may have blocked for longer.
    timedOut ||= left > 0 && now() > deadline(SHARES.handlers);
  }
  return timedOut;
}

/** A step that is not waited for. */
function once(start: () => unknown): Step {
  return {
    until: 0,
    start: () => {
      start();
      return undefined;
    },
  };
}

function stage(
  name: StageReport['name'],
  startedAt: number,
  timedOut: boolean,
  handlers: readonly HandlerReport[] = [],
): StageReport {
  return {
    name,
    durationMs: now() - startedAt,
    ...(timedOut && { timedOut }),
    ...(handlers.length > 0 && { handlers }),
  };
}

/** One call of a handler, and what is reported of it. */
interface Call {
  start(): Promise<void> | undefined;
  /** Its time is up: whatever comes of it later is not told any more. */
  cut(sync: boolean): void;
  /** Set while it is pending. */
  settled: Promise<void> | undefined;
}

const isPending = ({ settled }: Call): boolean => settled !== undefined;

/** What `await` waits for. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  'then' in value &&
  typeof value.then === 'function';

function createCall(
  handler: Handler,
  stage: HandlerMessage['stage'],
  reports: HandlerReport[],
  { onFailure, onSettled }: Parts,
): Call {
  const report: Writable<HandlerReport> = { name: handler.name, durationMs: 0 };
  let startedAt = 0;
  let returned: unknown;
  let over = false;

  function end(thrown?: { readonly value: unknown }, sync = false): void {
    if (over) return;
    over = true;
    call.settled = undefined;
    report.durationMs = now() - startedAt;
    if (thrown) report.error = toError(thrown.value);
    if (report.error || report.unfinished) onFailure(report, sync);
    onSettled(stage, report);
  }

  const call: Call = {
    settled: undefined,

    start() {
      reports.push(report);
      startedAt = now();
      let awaited: PromiseLike<unknown> | undefined;
      try {
        returned = callHandler(() => handler.call());
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
      // Without an event loop, whether a promise has settled is seen only from outside.
      const state = types.isPromise(returned) ? inspect(returned, { depth: 0, customInspect: false }) : '';
      if (state === '' || /^[^{]*\{\s*<pending>/.test(state)) report.unfinished = true;
      end(/^[^{]*\{\s*<rejected>/.test(state) ? { value: new Error(state) } : undefined, sync);
    },
  };
  return call;
}
