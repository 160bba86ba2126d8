/**
 * A server of `node:http` or `node:https` that is disposed of: requests in flight are answered. Node closes the
 * connections that are idle at that moment; one that is kept alive, and becomes idle later, it leaves open for 5 s.
 */
import type { EventEmitter } from 'node:events';

interface Server extends EventEmitter {
  /** ms after the last byte of an answer. */
  keepAliveTimeout: number;
  /** ms on top of that, on newer Nodes. */
  keepAliveTimeoutBuffer?: number;
  getConnections(callback: (error: Error | null, count: number) => void): unknown;
}

export const isServer = (resource: object): resource is Server =>
  typeof Reflect.get(resource, 'closeIdleConnections') === 'function' &&
  typeof Reflect.get(resource, 'getConnections') === 'function';

/** Settles as `closing` does, which is what the server's own disposer has returned. */
export async function whenClosed(server: Server, closing: unknown): Promise<void> {
  const keepAlive = stopKeepingAlive(server);
  try {
    await closing;
  } catch (error) {
    if (!isClosedAlready(error)) throw error;
    await whenEmpty(server);
  } finally {
    keepAlive();
  }
}

/**
 * From now on each connection is closed once its answer is written. Not by `closeIdleConnections()`, which takes one for
 * idle whose answer is complete and still being written. What it returns takes that back: a server can listen again.
 */
function stopKeepingAlive(server: Server): () => void {
  const { keepAliveTimeout, keepAliveTimeoutBuffer } = server;
  server.keepAliveTimeout = 1;
  if (keepAliveTimeoutBuffer !== undefined) server.keepAliveTimeoutBuffer = 0;
  server.prependListener('request', sayClose);
  return () => {
    server.keepAliveTimeout = keepAliveTimeout;
    if (keepAliveTimeoutBuffer !== undefined) server.keepAliveTimeoutBuffer = keepAliveTimeoutBuffer;
    server.off('request', sayClose);
  };
}

/** A client that goes on asking would be answered for ever. */
function sayClose(_: unknown, response: { setHeader(name: string, value: string): unknown }): void {
  response.setHeader('connection', 'close');
}

/** Closed by somebody else, as `node:cluster` does when it disconnects. */
const isClosedAlready = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_SERVER_NOT_RUNNING';

const whenEmpty = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.once('close', resolve);
    server.getConnections((_, count) => {
      if (count === 0) resolve();
    });
  });
