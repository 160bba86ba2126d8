/**
 * Servers of `node:http`, `node:https`, `node:http2` and `node:net`: one that is registered goes down without a failed
 * request, if whoever sends them is told in time.
 *
 * @module
 */
import { instance } from './adapters/adapter.ts';
import { createHandler, type ServerOptions } from './adapters/http/handler.ts';
import { isServer, kindOf, type Server } from './adapters/http/kinds.ts';
import { frameworkOf, holderOf } from './handlers/servers.ts';
import { behind, checkTerms, checkTimeout, misuse, shown } from './misuse.ts';

export type { ServerOptions } from './adapters/http/handler.ts';

// From now on `onDrain(server)` goes about it in the same way.
instance().knowServers(createHandler);

/**
 * Lets a server drain when this thread ends. As soon as the shutdown begins it is not ready any more. For `delay` ms it goes
 * on serving: each answer says `connection: close`, each HTTP/2 session is told by GOAWAY. Then it stops listening,
 * connections without a request are closed, and requests in flight finish. What is still connected when the drain stage
 * is over is cut, before any handler runs, and is named in the report. A request that would stay open for ever (server-sent
 * events, a long poll) is the program's to end when `shutdownSignal` aborts, and so is a WebSocket.
 *
 * `onDrain(server)` does the same with the defaults. Registered again, it has the new options.
 *
 * A connection of `node:net` is taken for idle once the program has written last and 250 ms have passed without a byte.
 * Register a server in the tick that makes it: of connections that are older, those of HTTP/1 alone are closed.
 *
 * On a synchronous route (`process.exit()`, an uncaught error) nothing can be waited for: it stops listening, and requests
 * in flight are named as cut.
 *
 * @returns `server`.
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT`, `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`.
 */
export function registerServer<S extends object>(server: S, options: ServerOptions = {}): S {
  const listening = behind(registerServer, () => check(server, options));
  instance().unregister(server);
  const handler = createHandler(server, listening, options);
  if (handler) instance().addDrain(server, handler);
  return server;
}

/** Returns what listens. */
function check(server: object, options: ServerOptions): Server {
  checkTerms(options, ['delay', 'ready']);
  const { delay = 0, ready } = options;
  checkTimeout('options.delay', delay);
  const listening = frameworkOf(server)?.server ?? server;
  if (!isServer(listening)) {
    const holder = holderOf(server);
    throw misuse(
      'INVALID_ARGUMENT',
      `server must be a server of node:http, node:https, node:http2 or node:net, such as what app.listen() returns; it is ${shown(server)}${holder ? `, and holds one: give it its .${holder}` : ''}`,
    );
  }
  checkReady(ready, listening);
  return listening;
}

function checkReady(ready: unknown, server: Server): void {
  if (ready === undefined || typeof ready === 'function') return;
  if (typeof ready !== 'string' || !ready.startsWith('/')) {
    throw misuse(
      'INVALID_ARGUMENT',
      `options.ready must be a path, such as '/ready', or a function; it is ${shown(ready)}`,
    );
  }
  if (kindOf(server) !== 'net') return;
  throw misuse('INVALID_ARGUMENT', 'options.ready must be a function for a server of node:net, which knows no paths');
}
