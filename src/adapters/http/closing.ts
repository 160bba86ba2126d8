/** A server that stops listening: it is closed once everybody is gone who was connected. */
import { clearInterval, setInterval } from '../../platform.ts';
import { standIn } from '../../stand-in.ts';
import { CONNECTIONS_LOOK } from '../../times.ts';
import type { Connection } from './connections.ts';
import { letGo } from './farewell.ts';
import { isHttpServer, type Kind, type Server } from './kinds.ts';

export interface Closing {
  /** Stops listening. Who waits for nothing is let go. */
  begin(): void;
  /** From now on it is looked again and again who has come to rest. */
  look(): void;
  /** Whether nothing is listened on any more, as the server itself says, and nobody is connected. */
  isThrough(): boolean;
  /** The server is as it was, should it listen again. */
  end(): void;
}

/** `drop`: a connection is gone. `onClosed`: the server says that it is closed. */
export function createClosing(
  server: Server,
  kind: Kind,
  connections: ReadonlySet<Connection>,
  drop: (connection: Connection) => void,
  onClosed: () => void,
): Closing {
  let isClosed = false;
  let looking: NodeJS.Timeout | undefined;
  let keepAlive = (): void => {};

  function closed(isSo: boolean): void {
    isClosed ||= isSo;
    onClosed();
  }

  const onClose = (): void => closed(true);

  function letAllGo(): void {
    for (const connection of connections) if (letGo(connection, kind)) drop(connection);
  }

  /**
   * Those that were there before the server was registered, and of which nobody has heard since. Not while an answer is on
   * its way that is known: Node takes one that is complete, and still being written, for over.
   */
  function closeOlder(): void {
    if (isHttpServer(server) && connections.size === 0) server.closeIdleConnections();
  }

  return {
    begin() {
      keepAlive = stopKeepingAlive(server);
      withoutClosingIdle(server, () =>
        server.close((error) => {
          // Closed by somebody else, as `node:cluster` does when it disconnects: perhaps not by everybody else.
          if (error) server.getConnections((_, open) => closed(open === 0));
          else closed(true);
        }),
      );
      server.once('close', onClose);
      letAllGo();
    },

    look() {
      closeOlder();
      looking = setInterval(() => {
        letAllGo();
        closeOlder();
      }, CONNECTIONS_LOOK);
    },

    isThrough: () => isClosed && connections.size === 0,

    end() {
      clearInterval(looking);
      server.off('close', onClose);
      keepAlive();
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
