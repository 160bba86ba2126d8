/**
 * A server goes down: not ready, still serving for a while, then closed, and through once everybody has an answer. This is
 * its handler, from its registration on.
 */
import { now } from '../../clock.ts';
import type { Handler, Occasion } from '../../handlers/handler.ts';
import { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from '../../platform.ts';
import { standIn } from '../../stand-in.ts';
import { ACCEPTING, CONNECTIONS_LOOK } from '../../times.ts';
import { type Connection, count, describeOpen, type Exchange, restOf } from './connections.ts';
import { isHttpServer, kindOf, type Server } from './kinds.ts';
import { watch } from './watching.ts';

export interface Terms {
  /** What the report calls it. */
  readonly name: () => string;
  /** ms for which it goes on serving although it is not ready any more. */
  readonly delay: number;
  /** A path that says whether it is ready, or who is told that it is not any more. */
  readonly ready: string | ((isReady: false) => unknown) | undefined;
  /** ms that requests in flight may take once it closes. */
  readonly timeout: number | undefined;
  /** What is to be done when it is closed, and by what name. */
  readonly after?: { readonly name: string; readonly close: () => unknown } | undefined;
}

interface Surroundings {
  /** Aborted when this thread is to end: in a worker before its turn comes. */
  readonly signal: AbortSignal;
  log(message: string): void;
}

const otherwise: Occasion = { sync: false, delay: Number.POSITIVE_INFINITY, note() {} };

export function createDraining(
  server: Server,
  { name, delay, ready, timeout, after }: Terms,
  { signal, log }: Surroundings,
): Handler {
  const kind = kindOf(server);
  /** What it is called is what it was called while it listened. */
  let called: string | undefined;
  let state: 'ready' | 'leaving' | 'closing' | 'over' = 'ready';
  let leavingSince = 0;
  let finished = 0;
  let note = otherwise.note;
  /** Nothing is listened on any more, as the server itself says. */
  let isClosed = false;
  let isThrough = false;
  let through = (): void => {};
  let wakeUp = (): void => {};
  let looking: NodeJS.Timeout | undefined;
  let lost: Error | undefined;
  let restore = (): void => {};

  const { connections, arrived, stop } = watch(
    server,
    kind,
    { onAsked, onOver, onGone: check },
    { path: typeof ready === 'string' ? ready : undefined, isReady: () => state === 'ready' },
  );

  // --- What happens meanwhile ---

  function onAsked(connection: Connection, exchange: Exchange): void {
    if (state === 'ready') return;
    for (const earlier of connection.exchanges) if (earlier !== exchange) earlier.takeBack();
    exchange.sayClose();
    tell(connection);
  }

  function onOver(connection: Connection, { isProbe }: Exchange, isFinished: boolean): void {
    if (state === 'ready') return;
    if (isFinished && !isProbe) finished++;
    if (state === 'closing') settle(connection);
  }

  /** HTTP/2: that no more requests are taken here. One that is on its way is refused, and its client may try again. */
  function tell(connection: Connection): void {
    const { session, isTold } = connection;
    if (!session || isTold || session.destroyed) return;
    connection.isTold = true;
    session.goaway();
  }

  // --- Its end ---

  function leave(): void {
    if (state !== 'ready') return;
    state = 'leaving';
    called = name();
    leavingSince = now();
    for (const connection of connections) {
      [...connection.exchanges].at(-1)?.sayClose();
      tell(connection);
    }
    if (typeof ready !== 'function') return;
    try {
      const returned: unknown = ready(false);
      // Nobody waits for it, and nobody is to hear of a rejection as an unhandled one.
      Promise.resolve(returned).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  const failed = (error: unknown): void => log(`${called}: its ready callback failed: ${String(error)}`);

  /** Stops listening. Who waits for nothing is let go; a request that has just come is read first. */
  function close(): void {
    state = 'closing';
    restore = stopKeepingAlive(server);
    withoutClosingIdle(server, () =>
      server.close((error) => {
        // Closed by somebody else, as `node:cluster` does when it disconnects: perhaps not by everybody else.
        if (error) server.getConnections((_, open) => closed(open === 0));
        else closed(true);
      }),
    );
    server.once('close', onClose);
    for (const connection of connections) settle(connection);
  }

  const onClose = (): void => closed(true);

  function closed(isSo: boolean): void {
    isClosed ||= isSo;
    check();
  }

  /**
   * Those that were there before the server was registered, and of which nobody has heard since. Not while an answer is on
   * its way that is known: Node takes one that is complete, and still being written, for over.
   */
  function closeOlder(): void {
    if (isHttpServer(server) && connections.size === 0) server.closeIdleConnections();
  }

  /** Ends a connection that has come to rest. */
  function settle(connection: Connection): void {
    if (connection.isEnded) return;
    const rest = restOf(connection, kind);
    if (rest !== 'idle' && rest !== 'silent') return;
    connection.isEnded = true;
    const { session, socket } = connection;
    if (session) session.close();
    else if (rest === 'silent' || socket.writableLength === 0) socket.destroy();
    // Not at once: what was written last is still to be handed to the system.
    else socket.end(() => socket.destroy());
  }

  function check(): void {
    if (state !== 'closing' || isThrough || connections.size > 0 || !isClosed) return;
    isThrough = true;
    through();
  }

  function over(): void {
    if (state === 'over') return;
    state = 'over';
    clearInterval(looking);
    signal.removeEventListener('abort', leave);
    server.off('close', onClose);
    stop();
    restore();
    const parts = [
      ...(finished > 0 ? [`${count(finished, 'request')} finished`] : []),
      // What was cut, without what it was: that is told of the failure.
      ...(lost ? [lost.message.replace(/^[^:]*: /, '').replace(/ cut: .*/s, ' cut')] : []),
    ];
    if (parts.length > 0) note(`${called}: ${parts.join(', ')}`);
  }

  /** Ends whatever is still connected. */
  function cut(): Error | undefined {
    if (state === 'over') return lost;
    const open = describeOpen(connections, kind);
    // No stack: nothing in this library has gone wrong.
    if (open !== undefined) lost = Object.assign(new Error(`${called}: ${open}`), { stack: `${called}: ${open}` });
    for (const { session, socket } of [...connections]) {
      session?.destroy();
      socket.destroy();
    }
    if (isHttpServer(server)) server.closeAllConnections?.();
    over();
    wakeUp();
    through();
    return lost;
  }

  // --- One after the other ---

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

  /**
   * What has come by now is heard of before connections are taken for idle, and before those go that nobody has accepted:
   * Node accepts one connection a turn of the event loop, and resets those that still wait when it stops listening.
   */
  async function acceptAll(): Promise<void> {
    const until = now() + ACCEPTING;
    let before: number;
    do {
      before = arrived();
      await turn();
    } while (arrived() > before && now() < until);
  }

  async function drain(allowed: number): Promise<void> {
    const wait = leavingSince + Math.min(delay, allowed) - now();
    if (wait > 0) await pause(wait);
    await acceptAll();
    if (state === 'over') return;
    close();
    closeOlder();
    looking = setInterval(() => {
      for (const connection of connections) settle(connection);
      closeOlder();
    }, CONNECTIONS_LOOK);
    let limit: NodeJS.Timeout | undefined;
    const isCut = await new Promise<boolean>((resolve) => {
      through = () => resolve(false);
      if (timeout !== undefined) limit = setTimeout(() => resolve(true), timeout);
      check();
      if (state === 'over') through();
    });
    clearTimeout(limit);
    if (isCut) cut();
    else over();
    await after?.close();
    if (isCut && lost) throw lost;
  }

  /** No event loop turns: all that can be done is to stop. What is in flight is lost, unless there is nothing. */
  function drainNow(): Promise<never> | undefined {
    close();
    const closing: unknown = after?.close();
    if (describeOpen(connections, kind) === undefined && closing === undefined) {
      over();
      return undefined;
    }
    return new Promise(() => {});
  }

  signal.addEventListener('abort', leave, { once: true });

  return {
    get name() {
      return called ?? name();
    },

    delay,

    call(occasion = otherwise) {
      note = occasion.note;
      leave();
      return occasion.sync ? drainNow() : drain(occasion.delay);
    },

    cut,

    forget() {
      if (state !== 'ready') return;
      state = 'over';
      signal.removeEventListener('abort', leave);
      stop();
    },
  };
}

/**
 * `close()` of an HTTP server closes the connections that are idle as Node sees it, and cuts an answer short that is
 * complete and still being written, such as a long one to a slow reader.
 */
function withoutClosingIdle(server: Server, close: () => void): void {
  if (!isHttpServer(server)) {
    close();
    return;
  }
  const keeping = standIn(server, 'closeIdleConnections', () => {});
  try {
    close();
  } finally {
    keeping.takeAway();
  }
}

/**
 * For connections that were there before the server was registered, which nobody has seen: from now on each is closed once
 * its answer is written. What it returns takes that back: a server can listen again.
 */
function stopKeepingAlive(server: Server): () => void {
  if (!isHttpServer(server)) return () => {};
  const { keepAliveTimeout, keepAliveTimeoutBuffer } = server;
  server.keepAliveTimeout = 1;
  if (keepAliveTimeoutBuffer !== undefined) server.keepAliveTimeoutBuffer = 0;
  return () => {
    server.keepAliveTimeout = keepAliveTimeout;
    if (keepAliveTimeoutBuffer !== undefined) server.keepAliveTimeoutBuffer = keepAliveTimeoutBuffer;
  };
}
