/** The kinds of servers, and what of each is used here. Told by what they can do: a program may have several `node:http`s. */
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Server, Socket } from 'node:net';

export type { Server, ServerHttp2Session, ServerHttp2Stream, Socket };

/** `net`: whatever the program speaks over it, this library does not know it. */
export type Kind = 'http' | 'http2' | 'net';

/** What a `node:http` server has besides: its own word on idle connections. */
export interface HttpServer extends Server {
  /** ms after the last byte of an answer. */
  keepAliveTimeout: number;
  /** ms on top of that, on newer Nodes. */
  keepAliveTimeoutBuffer?: number;
  closeIdleConnections(): void;
  /** Not where HTTP/1 is only what a client of HTTP/2 falls back to. */
  closeAllConnections?(): void;
}

/** The answer to an HTTP/1 request. */
export interface Response {
  readonly headersSent: boolean;
  readonly writableFinished: boolean;
  hasHeader(name: string): boolean;
  setHeader(name: string, value: string): unknown;
  removeHeader(name: string): void;
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  end(body: string): unknown;
  once(event: 'close', listener: () => void): unknown;
}

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly socket: object;
}

const has = (value: unknown, ...methods: readonly string[]): value is object =>
  typeof value === 'object' &&
  value !== null &&
  methods.every((name) => typeof Reflect.get(value, name) === 'function');

export const isServer = (value: unknown): value is Server => has(value, 'listen', 'close', 'getConnections', 'emit');

export const isHttpServer = (server: Server): server is HttpServer => has(server, 'closeIdleConnections');

export const isSocket = (value: unknown): value is Socket => has(value, 'end', 'destroy', 'once');

export const isSession = (value: unknown): value is ServerHttp2Session => has(value, 'goaway', 'close', 'destroy');

export const isStream = (value: unknown): value is ServerHttp2Stream =>
  has(value, 'respond', 'end', 'once') && 'session' in value;

/** Not one of HTTP/2, which looks the same and is a stream as well. */
export const isRequest = (value: unknown): value is Request =>
  has(value, 'on') && 'socket' in value && !('stream' in value);

export const isResponse = (value: unknown): value is Response =>
  has(value, 'setHeader', 'removeHeader', 'writeHead', 'end');

export function kindOf(server: Server): Kind {
  if (has(server, 'updateSettings')) return 'http2';
  return 'closeIdleConnections' in server || 'headersTimeout' in server ? 'http' : 'net';
}
