/** What the clients of a server that goes down are told, and how their connections end. */
import { type Connection, type Exchange, restOf } from './connections.ts';
import { isHttpServer, type Kind, type Server } from './kinds.ts';

/** HTTP/2: that no more requests are taken here. One that is on its way is refused, and its client may try again. */
function tell(connection: Connection): void {
  const { session, isTold } = connection;
  if (!session || isTold || session.destroyed) return;
  connection.isTold = true;
  session.goaway();
}

/** The server goes down: its answer to the newest request is the last one on this connection. */
export function sayFarewell(connection: Connection): void {
  if (connection.exchanges.size > 0) [...connection.exchanges].at(-1)?.sayClose();
  tell(connection);
}

/** A request has come although the server goes down: its answer is the last one now. */
export function sayFarewellIn(connection: Connection, exchange: Exchange): void {
  for (const earlier of connection.exchanges) if (earlier !== exchange) earlier.takeBack();
  exchange.sayClose();
  tell(connection);
}

/** Ends a connection that has come to rest. Returns whether it is gone by now. */
export function letGo(connection: Connection, kind: Kind): boolean {
  if (connection.isEnded) return false;
  const rest = restOf(connection, kind);
  if (rest !== 'idle' && rest !== 'silent') return false;
  connection.isEnded = true;
  const { session, socket } = connection;
  if (session) session.close();
  else if (rest === 'silent' || socket.writableLength === 0) {
    socket.destroy();
    return true;
  }
  // Not at once: what was written last is still to be handed to the system.
  else socket.end(() => socket.destroy());
  return false;
}

/** Ends every connection, whatever it waits for. */
export function cutOff(server: Server, connections: Iterable<Connection>): void {
  for (const { session, socket } of [...connections]) {
    session?.destroy();
    socket.destroy();
  }
  if (isHttpServer(server)) server.closeAllConnections?.();
}
