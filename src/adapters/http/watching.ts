/**
 * Follows what happens at a server, from `emit`: everything that is about a connection or a request passes there, before
 * any listener of the program's, however late and by whom that one is added (socket.io takes all listeners of `'request'`
 * away and calls them itself).
 */
import { now } from '../../clock.ts';
import { standIn } from '../../stand-in.ts';
import { type Connection, createConnection, type Exchange } from './connections.ts';
import {
  isRequest,
  isResponse,
  isSession,
  isSocket,
  isStream,
  type Kind,
  type Request,
  type Response,
  type Server,
  type ServerHttp2Stream,
} from './kinds.ts';
import { answer, answerStream, asksFor } from './readiness.ts';

interface Listeners {
  /** A request has come, and is yet to be heard of by the program. */
  onAsked(connection: Connection, exchange: Exchange): void;
  /** It is over: answered (`finished`), or its client has gone. */
  onOver(connection: Connection, exchange: Exchange, finished: boolean): void;
  /** The connection is closed. */
  onGone(connection: Connection): void;
}

export interface Watch {
  readonly connections: ReadonlySet<Connection>;
  /** How many connections have come so far. */
  arrived(): number;
  /** It is gone, although its socket has not said so yet: a turn of the event loop for many of them is a long one. */
  drop(connection: Connection): void;
  /** Takes what was put in place of the server's `emit` away, as it was. */
  stop(): void;
}

export function watch(
  server: Server,
  kind: Kind,
  { onAsked, onOver, onGone }: Listeners,
  ready: { readonly path: string | undefined; readonly isReady: () => boolean },
): Watch {
  const connections = new Set<Connection>();
  const bySocket = new WeakMap<object, Connection>();
  const bySession = new WeakMap<object, Connection>();
  /** A session is announced while its connection is. */
  let announced: Connection | undefined;
  let arrived = 0;

  function drop(connection: Connection): void {
    if (connections.delete(connection)) onGone(connection);
  }

  /** Also of one that is older than its registration, once it is heard of. */
  function onConnection(socket: unknown, isRaw: boolean): Connection | undefined {
    if (!isSocket(socket)) return undefined;
    const connection = createConnection(socket, isRaw);
    announced = connection;
    connections.add(connection);
    arrived++;
    bySocket.set(socket, connection);
    socket.on('close', () => drop(connection));
    if (kind === 'net') noteReads(connection);
    if (isRaw) return connection;
    // What was raw until now. It is the very same connection, so nothing is gone.
    const raw: unknown = Reflect.get(socket, '_parent');
    const before = typeof raw === 'object' && raw !== null ? bySocket.get(raw) : undefined;
    if (before) connections.delete(before);
    return connection;
  }

  function ask(connection: Connection, exchange: Exchange, over: (ended: (finished: boolean) => void) => void): void {
    connection.exchanges.add(exchange);
    over((finished) => {
      if (!connection.exchanges.delete(exchange)) return;
      connection.atRest = connection.socket.bytesRead;
      onOver(connection, exchange, finished);
    });
    onAsked(connection, exchange);
  }

  /** Whether the program need not hear of it. */
  function onRequest(request: Request, response: Response): boolean {
    const connection = bySocket.get(request.socket) ?? onConnection(request.socket, false);
    const isProbe = asksFor(ready.path, request.method, request.url);
    if (connection) {
      ask(connection, toExchange(request, response, isProbe), (ended) => {
        response.once('close', () => ended(response.writableFinished));
      });
    }
    if (isProbe) answer(response, ready.isReady());
    return isProbe;
  }

  function onStream(stream: ServerHttp2Stream, headers: unknown): boolean {
    const connection = bySession.get(Object(stream.session));
    const read = (name: string): unknown => Reflect.get(Object(headers), name);
    const [method, path] = [read(':method'), read(':path')];
    const isProbe = asksFor(ready.path, method, path);
    if (connection) {
      const told = { method: String(method), path: String(path), since: now(), isProbe, sayClose() {}, takeBack() {} };
      ask(connection, told, (ended) => stream.once('close', () => ended(stream.rstCode === 0)));
    }
    if (isProbe) answerStream(stream, ready.isReady(), method);
    return isProbe;
  }

  /** Whether the event is dealt with. */
  function see(event: unknown, [first, second]: readonly unknown[]): boolean {
    switch (event) {
      case 'connection':
        onConnection(first, isSecure(server));
        return false;
      case 'secureConnection':
        onConnection(first, false);
        return false;
      case 'session':
        if (isSession(first) && announced) {
          announced.session = first;
          bySession.set(first, announced);
        }
        return false;
      case 'stream':
        return isStream(first) && onStream(first, second);
      case 'request':
      case 'checkContinue':
      case 'checkExpectation':
        return isRequest(first) && isResponse(second) && onRequest(first, second);
      case 'upgrade':
      case 'connect': {
        const connection = isSocket(second) ? bySocket.get(second) : undefined;
        // Without a listener it is a request like any other.
        if (connection && server.listenerCount(event) > 0) connection.isUpgraded = true;
        return false;
      }
      default:
        return false;
    }
  }

  const watching = standIn(server, 'emit', (next, event, ...args) => {
    if (see(event, args)) return true;
    const emitted = next(event, ...args);
    if (event === 'connection' || event === 'secureConnection') announced = undefined;
    return emitted;
  });

  return {
    connections,
    arrived: () => arrived,
    drop,

    stop: watching.takeAway,
  };
}

/** A TLS server says `'connection'` of what is still to shake hands. */
const isSecure = (server: Server): boolean => 'setSecureContext' in server;

function toExchange({ method, url }: Request, response: Response, isProbe: boolean): Exchange {
  let isSaid = false;
  return {
    method,
    path: url,
    since: now(),
    isProbe,
    sayClose() {
      if (response.headersSent || response.hasHeader('connection')) return;
      response.setHeader('connection', 'close');
      isSaid = true;
    },
    takeBack() {
      if (isSaid && !response.headersSent) response.removeHeader('connection');
      isSaid = false;
    },
  };
}

/** Notes what had been written whenever something comes: the answer to it is what is written then. */
function noteReads(connection: Connection): void {
  const { socket } = connection;
  standIn(socket, 'push', (next, chunk, ...rest) => {
    if (chunk !== null) connection.writtenBefore = socket.bytesWritten;
    return next(chunk, ...rest);
  });
}
