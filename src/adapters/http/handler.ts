/** The handler that drains a server, made for whoever registers one: `registerServer`, or `onDrain` in the core. */
import type { Handler } from '../../handlers/handler.ts';
import { frameworkOf, nameOfServer } from '../../handlers/servers.ts';
import { instance } from '../adapter.ts';
import { createDraining } from './draining.ts';
import { isServer, kindOf } from './kinds.ts';
import { rehearseSoon } from './rehearsal.ts';

/** What {@link registerServer} takes. */
export interface ServerOptions {
  /** What the report calls it, after the word `server`. */
  name?: string;
  /**
   * ms for which it goes on serving once the shutdown has begun, so that whoever sends requests learns meanwhile that no more
   * are wanted; default 0. They are added to the shutdown's `timeout`. In a worker they are taken from what that is left, up
   * to half of its drain stage. There is no delay on a synchronous route.
   */
  delay?: number;
  /**
   * How others learn that it is not ready any more. A path, such as `'/ready'`: a GET or HEAD of it is answered with 200, and
   * with 503 once the shutdown has begun, without the program's routes being asked. A function is called once, with
   * `false`, when the shutdown begins.
   */
  ready?: string | ((isReady: false) => unknown);
  /** ms that requests in flight may take once the server closes; default: what the drain stage has. */
  timeout?: number;
}

/** `key`: the server, or the program's own object that has one. */
export function createHandler(
  key: object,
  server: unknown,
  { name, delay = 0, ready, timeout }: ServerOptions = {},
): Handler | undefined {
  if (!isServer(server)) return undefined;
  if (kindOf(server) === 'http') rehearseSoon();
  const terms = { name: () => nameOfServer(server, name), delay, ready, timeout, after: frameworkOf(key)?.after };
  return createDraining(server, terms, instance());
}
