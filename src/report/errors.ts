/** Errors: the one that a shutdown passes on, and whatever else was thrown as text, which can always be cloned. */
import { isError } from '../platform.ts';
import type { ErrorText } from '../wire/outcomes.ts';
import type { Reason, Route } from '../wire/reason.ts';

/** Why {@link shutdownSignal} aborted, and what a task is rejected with that comes too late. */
export class ShutdownError extends Error {
  override readonly name = 'AbortError';
  readonly code = 'ERR_WORKER_ATEXIT_SHUTDOWN';
  /** What started the shutdown. */
  readonly route: Route;
  declare readonly signal?: NodeJS.Signals;
  declare readonly exitCode?: number;

  constructor({ route, signal, exitCode }: Reason, cause?: unknown) {
    super(`this thread is shutting down (${signal ?? route})`, cause === undefined ? undefined : { cause });
    this.route = route;
    if (signal !== undefined) this.signal = signal;
    if (exitCode !== undefined) this.exitCode = exitCode;
  }
}

/** Whatever a handler threw, as an error: what is none already becomes the `cause` of one. */
export function toError(thrown: unknown): Error {
  let text = 'a value that cannot be shown';
  try {
    if (isError(thrown)) return thrown;
    text = String(thrown);
  } catch {}
  const error = new Error(`thrown, and not an Error: ${text}`, { cause: thrown });
  error.stack = error.message;
  return error;
}

/**
 * The name of the frame in which a handler is called or awaited. A property's key, since bundlers that shorten the names of
 * functions leave it alone.
 */
export const FRAME = 'worker-atexit:handler';

/** What is below a handler's own frames is this library, and what had called it. */
function withoutCallers(stack: string): string {
  const lines = stack.split('\n');
  const end = lines.findIndex((line) => /^\s*at /.test(line) && line.includes(FRAME));
  return end === -1 ? stack : lines.slice(0, end).join('\n');
}

/** The error's text, to cross a thread boundary. Reading it may run the error's own getters, so nothing is trusted. */
export function toErrorText(error: Error): ErrorText {
  const read = (property: 'name' | 'message' | 'stack', otherwise: string): string => {
    try {
      return String(error[property] ?? otherwise);
    } catch {
      return `(its ${property} cannot be read)`;
    }
  };
  const name = read('name', 'Error');
  const message = read('message', '');
  return { name, message, stack: withoutCallers(read('stack', '')) || `${name}: ${message}` };
}

/** The inverse of {@link toErrorText}. */
export function fromErrorText({ name, message, stack }: ErrorText): Error {
  const error = new Error(message);
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true, enumerable: false });
  error.stack = stack;
  return error;
}
