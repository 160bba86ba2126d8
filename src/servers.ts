/**
 * A server of `node:http` or `node:https` that is disposed of: requests in flight finish. Node closes the connections that
 * are idle at that moment; one that is kept alive, and becomes idle later, it leaves open for 5 s.
 */

interface Server {
  closeIdleConnections(): void;
  getConnections(callback: (error: Error | null, count: number) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** How often it is looked for connections that have become idle: ms. */
const LOOK = 25;

export const isServer = (resource: object): resource is Server =>
  typeof Reflect.get(resource, 'closeIdleConnections') === 'function' &&
  typeof Reflect.get(resource, 'getConnections') === 'function';

/** Settles as `closing` does, which is what the server's own disposer has returned. */
export async function whenClosed(server: Server, closing: unknown): Promise<void> {
  const looking = setInterval(() => server.closeIdleConnections(), LOOK);
  looking.unref();
  try {
    await closing;
  } catch (error) {
    if (!isClosedAlready(error)) throw error;
    await whenEmpty(server);
  } finally {
    clearInterval(looking);
  }
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
