/**
 * Servers, and what frameworks make of them: told apart here, where every thread has it. What a server does when it is to
 * end is in a file of its own, `worker-atexit/http`, which is loaded for the first one.
 */
import type { EventEmitter } from 'node:events';
import { process } from '../platform.ts';
import type { Handler } from './handler.ts';

/** What is used of a server here. */
interface Server extends EventEmitter {
  close(callback: (error?: Error) => void): unknown;
  address(): unknown;
  getConnections(callback: (error: Error | null, count: number) => void): unknown;
}

/** Makes the handler of `server`, which is `key` or belongs to it. */
export type CreateServerHandler = (key: object, server: object) => Handler | undefined;

const has = (value: object, ...methods: readonly string[]): boolean =>
  methods.every((name) => typeof Reflect.get(value, name) === 'function');

const isServer = (value: unknown): value is Server =>
  typeof value === 'object' && value !== null && has(value, 'listen', 'close', 'getConnections', 'emit');

/** What the report calls a server: by its port where nobody has named it. */
export function nameOfServer(server: { address(): unknown }, name?: string): string {
  if (name !== undefined) return `server ${name}`;
  const address = server.address();
  const port: unknown = typeof address === 'object' && address !== null ? Reflect.get(address, 'port') : undefined;
  return port === undefined ? 'server' : `server :${port}`;
}

/** A server in a framework's own object, and what is to be called when that is closed. */
export function frameworkOf(
  key: object,
): { readonly server: object; readonly after: { readonly name: string; readonly close: () => unknown } } | undefined {
  if (!has(key, 'inject', 'addHook', 'listen', 'close')) return undefined;
  const server: unknown = Reflect.get(key, 'server');
  const close: unknown = Reflect.get(key, 'close');
  if (!isServer(server) || typeof close !== 'function') return undefined;
  return { server, after: { name: 'close', close: () => Reflect.apply(close, key, []) } };
}

/** What to do instead, with an application of a framework, which makes a server only when it listens. */
export const APPLICATION =
  'handler must be the server, and this is an application: give it what app.listen() returns ' +
  '(NestJS: app.getHttpServer(); Hono: what serve() returns)';

/** Express and Connect: a function, which would be called as a handler. A Comlink proxy has every property, and none of its own. */
export function isApplicationFunction(key: unknown): boolean {
  if (typeof key !== 'function') return false;
  try {
    return ['handle', 'use'].every((name) => typeof Object.getOwnPropertyDescriptor(key, name)?.value === 'function');
  } catch {
    // A proxy that was revoked: to call it fails as well, and is told as such.
    return false;
  }
}

/** Koa, NestJS, Hono, h3: none of them can be disposed of. */
export const isApplicationObject = (key: unknown): boolean =>
  typeof key === 'object' &&
  key !== null &&
  (has(key, 'listen', 'use') || has(key, 'getHttpServer', 'close') || has(key, 'fetch', 'use'));

/** In which property of it a framework keeps its server, as Hapi, Restify and Polka do; undefined if there is none. */
export function holderOf(key: unknown): string | undefined {
  if (typeof key !== 'object' || key === null) return undefined;
  return ['listener', 'server'].find((name) => isServer(Reflect.get(key, name)));
}

let create: CreateServerHandler | undefined;

/** `worker-atexit/http` is loaded. */
export function knowServers(known: CreateServerHandler): void {
  create = known;
}

/**
 * Loads what knows how to drain a server, for the first one. By the package's name: in a program that is bundled there is no
 * such file beside this one, and whoever bundles imports `worker-atexit/http`, or has what Node offers.
 */
function load(): void {
  try {
    process.getBuiltinModule('node:module').createRequire(import.meta.url)('worker-atexit/http');
  } catch {}
  create ??= (_, server) => (isServer(server) ? plainHandler(server) : undefined);
}

/** The handler of a server, if `key` is one or has one. */
export function serverHandler(key: object): Handler | undefined {
  const server = frameworkOf(key)?.server ?? key;
  if (!isServer(server)) return undefined;
  if (!create) load();
  return create?.(key, server);
}

/** What Node itself offers: it stops listening, and waits for every connection. */
function plainHandler(server: Server): Handler {
  return {
    name: nameOfServer(server),

    call(occasion) {
      occasion?.note(
        `${nameOfServer(server)}: worker-atexit/http was not found: import it in a program that is bundled`,
      );
      return new Promise<void>((resolve) => {
        server.close((error) => {
          if (error) server.getConnections((_, count) => void (count === 0 && resolve()));
          else resolve();
        });
        server.once('close', () => resolve());
      });
    },
  };
}
