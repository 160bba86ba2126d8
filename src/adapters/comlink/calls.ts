/**
 * The calls in flight, of all the workers that are wrapped: what they wait for, and what they are told instead once
 * their worker is gone.
 */
import type { ShutdownError } from '../../report/errors.ts';
import type { Pool } from '../../thread/pools.ts';
import { instance } from '../adapter.ts';

/** What is rejected with it was asked of a worker that has ended. Its `cause` is the worker's error, or the shutdown. */
export interface WorkerGoneError extends Error {
  readonly code: 'ERR_WORKER_ATEXIT_WORKER_GONE';
}

/** A worker that was wrapped. */
export interface Remote {
  /** Makes the error that a call is rejected with. Undefined while the worker is there. */
  gone: (() => WorkerGoneError) | undefined;
}

/** One end of a conversation with a worker: its own, or that of a proxy that it has handed out. */
export interface Line {
  readonly remote: Remote;
  /** Takes what has arrived, without the event loop. */
  readAll(): void;
  /** Answers in the worker's stead. */
  reject(id: string, error: Error): void;
  /** Releases the other end. Defined while that waits for the calls in flight. */
  release: (() => void) | undefined;
}

/** The calls in flight, by their ids, which Comlink makes unique. */
export const calls = new Map<string, Line>();

let settle = (): void => {};

/** What new calls are rejected with. It holds for one shutdown, and so for one signal. */
let refusal: { readonly error: ShutdownError; readonly signal: AbortSignal } | undefined;

export const refused = (): ShutdownError | undefined =>
  refusal?.signal === instance().signal ? refusal.error : undefined;

/** One pool for all workers that were wrapped, so that nothing is left of those that are gone. */
export const pool: Pool = {
  name: 'Comlink calls',
  adopt() {},

  refuse(error) {
    refusal = { error, signal: instance().signal };
  },

  idle() {
    // Where the event loop has run empty, the workers that these calls are for were not to keep the process.
    if (calls.size === 0 || refusal?.error.route === 'beforeExit') return undefined;
    return new Promise((resolve) => {
      settle = resolve;
    });
  },

  wake: () => undefined,

  // The workers are registered, and ended as such.
  async end() {},
};

export const isIdle = (line: Line): boolean => ![...calls.values()].includes(line);

/** Takes a call out; false if there is none of that id on this line. */
export function settleCall(id: unknown, line: Line): id is string {
  if (typeof id !== 'string' || calls.get(id) !== line) return false;
  calls.delete(id);
  if (line.release && isIdle(line)) line.release();
  if (calls.size === 0) settle();
  return true;
}
