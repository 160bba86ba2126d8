/** What is told of a server, or of an application of a framework, without the file that knows how to drain one. */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import '../../src/http.ts';
import { createRegistry } from '../../src/handlers/registry.ts';
import { disposalOf } from '../../src/handlers/resource.ts';
import {
  frameworkOf,
  holderOf,
  isApplicationFunction,
  isApplicationObject,
  nameOfServer,
  serverHandler,
} from '../../src/handlers/servers.ts';

describe('the handler of a server', () => {
  it('is there for servers of node:net and what is made of them, and for nothing else', () => {
    expect(
      [createServer(), createNetServer(), { close() {}, listen() {} }, {}].map((key) => !!serverHandler(key)),
    ).toEqual([true, true, false, false]);
  });

  it('is made by what knows servers, once that is loaded', () => {
    const server = createServer();
    const registry = createRegistry();
    registry.add(server, [], disposalOf(server));
    expect(Object.hasOwn(server, 'emit')).toBe(true);
    registry.remove(server);
    expect(Object.hasOwn(server, 'emit')).toBe(false);
  });

  it('waits for every connection where that was not found', async () => {
    vi.resetModules();
    vi.stubGlobal('process', {
      ...process,
      getBuiltinModule: () => ({
        createRequire() {
          throw new Error('not found');
        },
      }),
    });
    const { serverHandler: plain } = await import('../../src/handlers/servers.ts');
    const server = createServer((_, response) => setTimeout(() => response.end('answered'), 50));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const answer = once(get({ port }), 'response') as Promise<[IncomingMessage]>;
    await once(server, 'request');
    const notes: string[] = [];
    const handler = plain(server);
    vi.unstubAllGlobals();
    await handler?.call({ sync: false, delay: 0, note: (line) => notes.push(line) });
    expect(await text((await answer)[0])).toBe('answered');
    expect(server.listening).toBe(false);
    expect(notes).toEqual([
      `server :${port}: worker-atexit/http was not found: import it in a program that is bundled`,
    ]);
    // Closed already.
    await handler?.call();
  });
});

it('a registry has the longest delay of its handlers', () => {
  const registry = createRegistry();
  expect(registry.delay).toBe(0);
  for (const delay of [20, 50, undefined, 30]) {
    registry.add({}, [], { name: 'server', call() {}, ...(delay !== undefined && { delay }) });
  }
  expect(registry.delay).toBe(50);
});

describe('a framework', () => {
  const functions = (...names: string[]) => Object.fromEntries(names.map((name) => [name, () => {}]));

  it('has its server, and is closed after that', () => {
    const server = createServer();
    let closed = 0;
    const fastify = { ...functions('inject', 'addHook', 'listen'), close: () => ++closed, server };
    const found = frameworkOf(fastify);
    expect(found?.server).toBe(server);
    found?.after.close();
    expect(closed).toBe(1);
    expect(frameworkOf({ ...fastify, server: {} })).toBeUndefined();
    expect(frameworkOf({ server })).toBeUndefined();
  });

  it('of functions is no handler', () => {
    const express = Object.assign(() => {}, functions('handle', 'use'));
    const anything = new Proxy(() => {}, { get: () => () => {} });
    const { proxy, revoke } = Proxy.revocable(() => {}, {});
    revoke();
    expect([express, () => {}, {}, anything, proxy].map(isApplicationFunction)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('of objects is known', () => {
    const koa = functions('listen', 'callback', 'use');
    const nest = functions('getHttpServer', 'close');
    const hono = functions('fetch', 'route', 'use');
    const polka = functions('listen', 'use');
    expect([koa, nest, hono, polka, {}, null, 'app'].map(isApplicationObject)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

it('is found in the object that holds it', () => {
  const server = createServer();
  const holders = [{ listener: server }, { server }, { server: undefined }, { listener() {} }, server, null, 'app'];
  expect(holders.map(holderOf)).toEqual(['listener', 'server', ...Array.from({ length: 5 })]);
});

it('is called by its port, or as it is named', () => {
  expect(nameOfServer({ address: () => ({ port: 80 }) })).toBe('server :80');
  expect(nameOfServer({ address: () => '/run/socket' })).toBe('server');
  expect(nameOfServer({ address: () => null }, 'api')).toBe('server api');
});
