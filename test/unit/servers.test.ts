/** Real servers and clients. A connection would be kept alive for longer than any test may take. */
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createNetServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createRegistry } from '../../src/handlers/registry.ts';
import { isServer } from '../../src/handlers/servers.ts';
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
async function busyServer(): Promise<{ server: Server; response: ServerResponse; answer: Promise<IncomingMessage> }> {
  const server = createServer({ keepAliveTimeout: DAY });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  const answer = once(get({ port, agent }), 'response').then(([message]) => message as IncomingMessage);
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
    expect(await text(await answer)).toBe('answered');
  });

  it('writes a long answer to the end, however slow its reader', async () => {
    const { server, response, answer } = await busyServer();
    const length = 8_000_000;
    const disposed = dispose(server) as Promise<void>;
    response.end(Buffer.alloc(length, 'a'));
    const message = await answer;
    message.on('data', () => {
      message.pause();
      setTimeout(() => message.resume(), 1);
    });
    let read = 0;
    for await (const chunk of message) read += chunk.length;
    expect(read).toBe(length);
    await disposed;
  });

  it('closes the connection of one who goes on asking', async () => {
    const { server, response, answer } = await busyServer();
    const asking = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    const { port } = server.address() as AddressInfo;
    const again = connect(port, '127.0.0.1');
    await once(again, 'connect');
    const disposed = dispose(server) as Promise<void>;
    again.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const [, late] = await asking;
    late.end('late');
    expect(await text(again)).toMatch(/\r\nconnection: close\r\n/i);
    response.end();
    await text(await answer);
    await disposed;
  });

  it('is as it was when it is closed', async () => {
    const { server, response } = await busyServer();
    const before = { keepAliveTimeout: server.keepAliveTimeout, buffer: Reflect.get(server, 'keepAliveTimeoutBuffer') };
    const disposed = dispose(server) as Promise<void>;
    expect(server.keepAliveTimeout).toBe(1);
    response.end();
    await disposed;
    expect({
      keepAliveTimeout: server.keepAliveTimeout,
      buffer: Reflect.get(server, 'keepAliveTimeoutBuffer'),
    }).toEqual(before);
    expect(server.listenerCount('request')).toBe(0);
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
    expect(await text(await answer)).toBe('answered');
  });

  it('may fail to be closed', async () => {
    const server = Object.assign(createServer({ keepAliveTimeout: DAY }), {
      [Symbol.asyncDispose]: () => Promise.reject(new RangeError('no')),
    });
    await expect(dispose(server)).rejects.toThrow('no');
    expect(server.keepAliveTimeout).toBe(DAY);
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
