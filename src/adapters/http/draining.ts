/**
 * A server goes down: not ready, still serving for a while, then closed, and through once everybody has an answer. This is
 * its handler, from its registration on.
 */
import { now } from '../../clock.ts';
import type { Handler, Occasion } from '../../handlers/handler.ts';
import { clearTimeout, setTimeout } from '../../platform.ts';
import { createClosing } from './closing.ts';
import { type Connection, count, describeOpen, type Exchange } from './connections.ts';
import { cutOff, letGo, sayFarewell, sayFarewellIn } from './farewell.ts';
import { kindOf, type Server } from './kinds.ts';
import { acceptAll, createPause } from './pause.ts';
import { tellNotReady } from './readiness.ts';
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
  let state: 'ready' | 'leaving' | 'closing' | 'over' = 'ready';
  /** Since when it is not ready any more. What it is called is what it was called while it listened. */
  let left: { readonly called: string; readonly since: number } | undefined;
  let occasion = otherwise;
  /** How many requests were answered meanwhile, and what was cut. */
  let finished = 0;
  let lost: Error | undefined;
  let through = (): void => {};

  const called = (): string => left?.called ?? name();
  const { connections, arrived, drop, stop } = watch(
    server,
    kind,
    { onAsked, onOver, onGone: check },
    { path: typeof ready === 'string' ? ready : undefined, isReady: () => state === 'ready' },
  );
  const closing = createClosing(server, kind, connections, drop, check);
  const pause = createPause();

  function onAsked(connection: Connection, exchange: Exchange): void {
    if (state !== 'ready') sayFarewellIn(connection, exchange);
  }

  function onOver(connection: Connection, { isProbe }: Exchange, isFinished: boolean): void {
    if (state === 'ready') return;
    if (isFinished && !isProbe) finished++;
    // It is gone when its socket says so: a client in this very process reads the answer meanwhile.
    if (state === 'closing') letGo(connection, kind);
  }

  function check(): void {
    if (state === 'closing' && closing.isThrough()) through();
  }

  function leave(): void {
    if (state !== 'ready') return;
    left = { called: name(), since: now() };
    state = 'leaving';
    for (const connection of connections) sayFarewell(connection);
    if (typeof ready !== 'function') return;
    tellNotReady(ready, (error) => log(`${called()}: its ready callback failed: ${String(error)}`));
  }

  function close(): void {
    state = 'closing';
    closing.begin();
  }

  function over(): void {
    if (state === 'over') return;
    state = 'over';
    signal.removeEventListener('abort', leave);
    stop();
    closing.end();
    const parts = [
      ...(finished > 0 ? [`${count(finished, 'request')} finished`] : []),
      // What was cut, without what it was: that is told of the failure.
      ...(lost ? [lost.message.replace(/^[^:]*: /, '').replace(/ cut: .*/s, ' cut')] : []),
    ];
    if (parts.length > 0) occasion.note(`${called()}: ${parts.join(', ')}`);
  }

  /** Ends whatever is still connected. */
  function cut(): Error | undefined {
    if (state === 'over') return lost;
    const open = describeOpen(connections, kind);
    // No stack: nothing in this library has gone wrong.
    if (open !== undefined) lost = Object.assign(new Error(`${called()}: ${open}`), { stack: `${called()}: ${open}` });
    cutOff(server, connections);
    over();
    pause.end();
    through();
    return lost;
  }

  /** Resolves once everybody is gone, or was cut off. */
  async function goDown(allowed: number): Promise<void> {
    const wait = (left?.since ?? 0) + Math.min(delay, allowed) - now();
    if (wait > 0) await pause.begin(wait);
    await acceptAll(arrived);
    if (state === 'over') return;
    close();
    closing.look();
    let limit: NodeJS.Timeout | undefined;
    const isCut = await new Promise<boolean>((resolve) => {
      through = () => resolve(false);
      if (timeout !== undefined) limit = setTimeout(() => resolve(true), timeout);
      check();
      // It may have been cut while it stopped listening.
      if (state === 'over') through();
    });
    clearTimeout(limit);
    if (isCut) cut();
    else over();
    await after?.close();
    if (isCut && lost) throw lost;
  }

  /** No event loop turns: all that can be done is to stop. What is in flight is lost, unless there is nothing. */
  function goDownNow(): Promise<never> | undefined {
    close();
    const closed: unknown = after?.close();
    if (describeOpen(connections, kind) === undefined && closed === undefined) {
      over();
      return undefined;
    }
    return new Promise(() => {});
  }

  signal.addEventListener('abort', leave, { once: true });

  return {
    get name() {
      return called();
    },

    delay,

    call(given = otherwise) {
      occasion = given;
      leave();
      return given.sync ? goDownNow() : goDown(given.delay);
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
