/** The handler that drains a server, made for whoever registers one: `registerServer`, or `onDrain` in the core. */
import type { Handler } from '../../handlers/handler.ts';
import { frameworkOf, nameOfServer } from '../../handlers/servers.ts';
import type { ServerOptions } from '../../http.ts';
import { instance } from '../adapter.ts';
import { createDraining } from './draining.ts';
import { isServer } from './kinds.ts';

/** `key`: the server, or the program's own object that has one. */
export function createHandler(
  key: object,
  server: unknown,
  { name, delay = 0, ready, timeout }: ServerOptions = {},
): Handler | undefined {
  if (!isServer(server)) return undefined;
  const terms = { name: () => nameOfServer(server, name), delay, ready, timeout, after: frameworkOf(key)?.after };
  return createDraining(server, terms, instance());
}
