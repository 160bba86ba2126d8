/** Real servers and clients. A connection would be kept alive for longer than any test may take. */
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRegistry } from '../../src/registry.ts';
import { isServer } from '../../src/servers.ts';
import { isPending } from './stand-ins.ts';

const DAY = 86_400_000;
const agent = new Agent({ keepAlive: true });
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A server with a request in flight, and what becomes of that. */
async function busyServer(): Promise<{ server: Server; response: ServerResponse; answer: Promise<string> }> {
  const server = createServer({ keepAliveTimeout: DAY });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  const answer = once(get({ port, agent }), 'response').then(([message]) => text(message));
  const [, response] = await asked;
  return { server, response, answer };
}

/** As the library disposes of it. */
function dispose(resource: object): unknown {
  const registry = createRegistry();
  registry.add(resource, []);
  return registry.take()?.call();
}

describe('a server', () => {
  it('is closed once the requests in flight are answered, although their connections are kept alive', async () => {
    const { server, response, answer } = await busyServer();
    const disposed = dispose(server) as Promise<void>;
    expect(server.listening).toBe(false);
    expect(await isPending(disposed)).toBe(true);
    response.end('answered');
    await disposed;
    expect(await answer).toBe('answered');
  });

  it('may be closed already', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    await once(server.close(), 'close');
    expect(await dispose(server)).toBeUndefined();
    expect(await dispose(createServer())).toBeUndefined();
  });

  it('may be closing, and is waited for', async () => {
    const { server, response, answer } = await busyServer();
    server.close();
    const disposed = dispose(server) as Promise<void>;
    await new Promise(setImmediate);
    expect(await isPending(disposed)).toBe(true);
    response.end('answered');
    await disposed;
    expect(await answer).toBe('answered');
  });

  it('may fail to be closed', async () => {
    const server = Object.assign(createServer(), {
      [Symbol.asyncDispose]: () => Promise.reject(new RangeError('no')),
    });
    const looks = vi.spyOn(server, 'closeIdleConnections');
    await expect(dispose(server)).rejects.toThrow('no');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(looks).not.toHaveBeenCalled();
  });

  it('is one of node:http', () => {
    expect([createServer(), createNetServer(), { closeIdleConnections() {} }, {}].map(isServer)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
