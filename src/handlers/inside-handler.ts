/**
 * Whether code runs inside a handler. A handler that awaits the shutdown would wait for itself, so it has to be told.
 * AsyncLocalStorage answers that as well, at 0.2 to 1 ms in each thread at the very end (and with promise hooks for the
 * whole program up to Node 22); the engine's own asynchronous stack costs nothing until somebody asks.
 */
import { FRAME } from '../report/errors.ts';
import type { Callable } from './handler.ts';

/** Calls a handler. What it returns is to be given to {@link awaitHandler} if it is a promise. */
export const callHandler = (call: () => unknown): unknown => callFrames[FRAME](call);

const callFrames = {
  [FRAME](call: () => unknown): unknown {
    return call();
  },
};

const called = {
  [FRAME](fn: Callable, self: unknown, args: readonly unknown[]): unknown {
    return Reflect.apply(fn, self, args);
  },
};

const awaited = {
  async [FRAME](result: PromiseLike<unknown>): Promise<unknown> {
    return await result;
  },
};

/** Calls what the program has registered, in a frame where its stack ends. */
export const callOwn = (fn: Callable, self: unknown, args: readonly unknown[]): unknown =>
  called[FRAME](fn, self, args);

/** Awaits a handler's promise in a frame that {@link isInsideHandler} finds. */
export const awaitHandler = (result: PromiseLike<unknown>): Promise<unknown> => awaited[FRAME](result);

export function isInsideHandler(): boolean {
  const { stackTraceLimit, prepareStackTrace } = Error;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  Error.prepareStackTrace = (_, frames) => frames.join('\n');
  try {
    return String(new Error().stack).includes(FRAME);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    if (prepareStackTrace) Error.prepareStackTrace = prepareStackTrace;
    else Reflect.deleteProperty(Error, 'prepareStackTrace');
  }
}
