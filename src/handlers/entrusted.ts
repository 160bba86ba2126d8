/**
 * Handlers that a thread entrusts to the main thread, so that they run whatever becomes of it. They are broadcast: what is
 * sent that way is there at once, where a link may not have been delivered yet and a parent that is blocked hands nothing
 * on. Out of the main thread they are handlers like its own, but for one thing: when their thread is gone, they are due.
 */
import threads, { type BroadcastChannel } from 'node:worker_threads';
import { isError, process } from '../platform.ts';
import type { EntrustedHandler, EntrustMessage } from '../wire/messages.ts';
import { KEY, VERSION } from '../wire/reason.ts';
import { isEntrust, isGone } from '../wire/validators.ts';
import { isCallable } from './handler.ts';
import { callOwn } from './inside-handler.ts';

export interface Entrusted {
  /** Entrusts a handler to the main thread; what it returns takes it back. Throws for what cannot be cloned. */
  add(handler: EntrustedHandler): () => void;
  /** Main thread: hears from now on. */
  listen(): void;
  /** Main thread: takes what has arrived, where the event loop may not turn. */
  collect(): void;
  /** A worker's thread is gone: what it has entrusted is due. */
  gone(threadId: number): void;
}

/** What the main thread does with what is entrusted to it. */
interface EntrustedOwner {
  /** It never listens: a rehearsal is not to get what is meant for the main thread. */
  readonly isDeaf: boolean;
  /** From now on it is a handler of the main thread. */
  keep(handler: () => unknown, from: number): void;
  drop(handler: () => unknown): void;
  /** Its thread is gone. */
  due(handler: () => unknown): void;
  /** Whether no module can be imported any more. */
  isExiting(): boolean;
  /** The main thread hears now what is broadcast. */
  onListen(): void;
  log(message: string): void;
}

const { basename } = process.getBuiltinModule('node:path');

const CHANNEL = `${KEY}:${VERSION}`;

/** Opened for one message, since a channel that nobody reads would keep what the others say. */
export function broadcast(message: unknown): void {
  const channel = new threads.BroadcastChannel(CHANNEL);
  try {
    channel.postMessage(message);
  } finally {
    channel.close();
  }
}

/** A program may end by the very event by which a thread is gone, and an `import` take too long: so it is required. */
function requireNow(module: string): unknown {
  const { createRequire } = process.getBuiltinModule('node:module');
  return createRequire(module)(process.getBuiltinModule('node:url').fileURLToPath(module));
}

/** With a top-level await, or where only a loader can read it, a module can be imported and not required. */
function isForImport(error: unknown): boolean {
  if ('Bun' in globalThis) return true;
  if (!isError(error)) return false;
  return error.name === 'SyntaxError' || ('code' in error && String(error.code).startsWith('ERR_REQUIRE_'));
}

function toFunction({ module, exportName, args }: EntrustedHandler, isExiting: () => boolean): () => unknown {
  const call = (exports: unknown): unknown => {
    // What a CommonJS module exports may be a function itself: its default export then, with others as its properties.
    const isDefault = typeof exports === 'function' && exportName === 'default';
    const found: unknown = isDefault ? exports : Reflect.get(Object(exports), exportName);
    if (!isCallable(found)) throw new TypeError(`${module} has no function ${exportName}`);
    return callOwn(found, undefined, args);
  };
  const handler = (): unknown => {
    // A query makes another module of the same file, and `require` knows none.
    if (/[?#]/.test(module) && !isExiting()) return import(module).then(call);
    let exports: unknown;
    try {
      exports = requireNow(module);
    } catch (error) {
      if (isExiting() || !isForImport(error)) throw error;
      return import(module).then(call);
    }
    return call(exports);
  };
  Object.defineProperty(handler, 'name', { value: `${exportName} of ${basename(module)}` });
  return handler;
}

export function createEntrusted({ isDeaf, keep, drop, due, isExiting, onListen, log }: EntrustedOwner): Entrusted {
  /** By thread, in the order in which they came. */
  const held = new Map<number, Map<number, () => unknown>>();
  /** A worker says again what it may have said before anybody listened, later than what it said since. */
  const heard = new Map<number, { latest: number; readonly missing: Set<number> }>();
  /** Threads that were gone before they were heard, where that takes the event loop. */
  const departed = new Set<number>();
  let channel: BroadcastChannel | undefined;
  let ids = 0;
  let complained = false;

  function receive(message: unknown): void {
    if (isEntrust(message)) take(message);
    else if (isGone(message)) release(message.gone);
    else if (!complained) {
      complained = true;
      log('dropped a broadcast that does not fit the protocol');
    }
  }

  function take({ threadId, id, handler }: EntrustMessage): void {
    const isNew = isHeardFirst(threadId, id);
    if (handler === undefined) letGo(threadId, id);
    else if (isNew) hold(threadId, id, handler);
  }

  function letGo(threadId: number, id: number): void {
    const taken = held.get(threadId)?.get(id);
    if (taken) drop(taken);
    held.get(threadId)?.delete(id);
  }

  function isHeardFirst(threadId: number, id: number): boolean {
    const of = heard.get(threadId) ?? { latest: 0, missing: new Set() };
    heard.set(threadId, of);
    if (id <= of.latest) return of.missing.delete(id);
    for (let before = of.latest + 1; before < id; before++) of.missing.add(before);
    of.latest = id;
    return true;
  }

  function hold(threadId: number, id: number, handler: EntrustedHandler): void {
    const call = toFunction(handler, isExiting);
    const ofThread = held.get(threadId) ?? new Map<number, () => unknown>();
    const once = (): unknown => {
      // Its thread may outlive it, and be gone later.
      ofThread.delete(id);
      return call();
    };
    const added = Object.defineProperty(once, 'name', { value: call.name });
    held.set(threadId, ofThread.set(id, added));
    keep(added, threadId);
    if (departed.has(threadId)) release(threadId);
  }

  function release(threadId: number): void {
    const handlers = [...(held.get(threadId)?.values() ?? [])].reverse();
    held.delete(threadId);
    heard.delete(threadId);
    for (const handler of handlers) due(handler);
  }

  function listen(): void {
    if (channel || isDeaf) return;
    channel = new threads.BroadcastChannel(CHANNEL);
    channel.onmessage = (event: unknown): void => {
      if (typeof event === 'object' && event !== null && 'data' in event) receive(event.data);
    };
    channel.unref();
    onListen();
  }

  function collect(): void {
    // Deno reads no channel so: what comes over it is heard as soon as the event loop turns.
    if (!channel || 'Deno' in globalThis) return;
    // It reads a channel as well as a port, which its type does not say.
    const next = (): { message: unknown } | undefined =>
      Reflect.apply(threads.receiveMessageOnPort, undefined, [channel]);
    for (let received = next(); received !== undefined; received = next()) receive(received.message);
  }

  return {
    add(handler) {
      const id = ++ids;
      // As a worker's arguments: what the caller changes later does not change them.
      hold(0, id, structuredClone(handler));
      return () => letGo(0, id);
    },
    listen,
    collect,
    gone(threadId) {
      collect();
      if (!heard.has(threadId)) departed.add(threadId);
      release(threadId);
    },
  };
}
