/** What is open at a server: its connections, and on each of them the requests that are being answered. */
import { now } from '../../clock.ts';
import { CLIENT_QUIET, FRESH } from '../../times.ts';
import type { Kind, ServerHttp2Session, Socket } from './kinds.ts';

/** A request that is being answered. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  /** By the library's clock. */
  readonly since: number;
  /** It asks whether the server is ready: nobody misses it. */
  readonly isProbe: boolean;
  /** From now on its answer says that the connection ends with it. HTTP/1 only, and in vain once its head is written. */
  sayClose(): void;
  /** Another request has come on this connection, whose answer is to say it instead. */
  takeBack(): void;
}

export interface Connection {
  readonly socket: Socket;
  readonly since: number;
  /** The oldest first; a client that pipelines has several. */
  readonly exchanges: Set<Exchange>;
  /** HTTP/2. */
  session: ServerHttp2Session | undefined;
  /** Whether its client was told that this session takes no more requests. */
  isTold: boolean;
  /** The program has taken it over: a WebSocket, a tunnel. */
  isUpgraded: boolean;
  /** TLS, and nobody has shaken hands yet. */
  isRaw: boolean;
  /** How many bytes had come when the last answer was through: more is the beginning of another request. */
  atRest: number;
  /** `net`: how many bytes were written when the last ones came. Undefined before the first. */
  writtenBefore: number | undefined;
  /** `net`: what had come and gone at the last look, and since when it is so. */
  quiet: { readonly bytes: number; readonly since: number } | undefined;
  /** The library has ended it. */
  isEnded: boolean;
}

export function createConnection(socket: Socket, isRaw: boolean): Connection {
  return {
    socket,
    since: now(),
    exchanges: new Set(),
    session: undefined,
    isTold: false,
    isUpgraded: false,
    isRaw,
    atRest: 0,
    writtenBefore: undefined,
    quiet: undefined,
    isEnded: false,
  };
}

/**
 * `busy`: somebody waits for an answer, or the program has it. `half`: the beginning of a request, whose rest may
 * come. `silent`: nothing has come yet; a browser connects in advance, a balancer looks whether somebody is there.
 */
export type Rest = 'busy' | 'half' | 'silent' | 'fresh' | 'idle';

export function restOf(connection: Connection, kind: Kind): Rest {
  const { socket, exchanges, isUpgraded, isRaw, session, atRest } = connection;
  if (isUpgraded || exchanges.size > 0) return 'busy';
  const isFresh = atRest === 0 && now() - connection.since < FRESH;
  if (session) return isFresh ? 'fresh' : 'idle';
  if (isRaw || (socket.bytesRead === 0 && socket.bytesWritten === 0)) return isFresh ? 'fresh' : 'silent';
  if (kind === 'net') return isQuiet(connection) ? 'idle' : 'busy';
  return socket.bytesRead > atRest ? 'half' : 'idle';
}

/**
 * Nothing is known of the protocol. Who has written last waits for the other one; where that is the program, and no byte has
 * come or gone for a while, it owes nothing.
 */
function isQuiet(connection: Connection): boolean {
  const { socket, writtenBefore = 0 } = connection;
  const bytes = socket.bytesRead + socket.bytesWritten;
  if (connection.quiet?.bytes !== bytes) connection.quiet = { bytes, since: now() };
  return (
    socket.bytesWritten > writtenBefore &&
    socket.writableLength === 0 &&
    now() - (connection.quiet?.since ?? 0) >= CLIENT_QUIET
  );
}

/** What is lost when these are cut now, for people; undefined where nobody misses anything. */
export function describeOpen(connections: Iterable<Connection>, kind: Kind): string | undefined {
  const lost = [...connections].filter((connection) => isMissed(connection, kind));
  if (lost.length === 0) return undefined;
  const open = lost.flatMap((connection) => describe(connection));
  const more = open.length > MOST ? ` and ${open.length - MOST} more` : '';
  return `${count(lost.length, 'connection')} cut: ${open.slice(0, MOST).join(', ')}${more}`;
}

/** How many open requests are named. */
const MOST = 5;

function isMissed(connection: Connection, kind: Kind): boolean {
  if (connection.isUpgraded || kind === 'net') return restOf(connection, kind) === 'busy';
  return [...connection.exchanges].some(({ isProbe }) => !isProbe);
}

function describe({ isUpgraded, exchanges, since, socket }: Connection): string[] {
  if (isUpgraded) return [`upgraded, open for ${age(since)}`];
  if (exchanges.size > 0) {
    return [...exchanges].map(({ method, path, since: asked }) => `${method} ${path} for ${age(asked)}`);
  }
  return [`${socket.remoteAddress ?? 'a client'}, connected for ${age(since)}`];
}

const age = (since: number): string => `${(now() - since).toFixed(1)} ms`;

export const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
