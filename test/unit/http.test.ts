/** Real servers and clients of all four kinds. A connection would be kept alive for longer than any test may take. */
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server, createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect as connectTo, createServer as createNetServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHandler } from '../../src/adapters/http/handler.ts';
import { isServer } from '../../src/adapters/http/kinds.ts';
import { rehearse } from '../../src/adapters/http/rehearsal.ts';
import type { Handler } from '../../src/handlers/handler.ts';
import type { ServerOptions } from '../../src/http.ts';
import { certificate } from '../certificate.ts';
import { isPending } from './stand-ins.ts';

const DAY = 86_400_000;
const agent = new Agent({ keepAlive: true });
const open = new Set<{ close(): unknown; closeAllConnections?(): void }>();
const clients = new Set<Socket>();
let notes: string[] = [];

beforeEach(() => {
  notes = [];
});

afterEach(() => {
  for (const client of clients) client.destroy();
  for (const server of open) {
    server.close();
    server.closeAllConnections?.();
  }
  clients.clear();
  open.clear();
});

type Listening = Server | ReturnType<typeof createNetServer> | ReturnType<typeof createHttp2Server>;

async function listen(server: Listening, options: ServerOptions = {}): Promise<{ handler: Handler; port: number }> {
  open.add(server);
  const handler = createHandler(server, server, { name: 'api', ...options });
  if (!handler) throw new Error('no server');
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { handler, port: (server.address() as AddressInfo).port };
}

const call = (handler: Handler, { sync = false, delay = DAY } = {}): unknown =>
  handler.call({ sync, delay, note: (line) => void notes.push(line) });

/** A client that speaks for itself. */
async function client(port: number): Promise<Socket> {
  const socket = connectTo({ port, host: '127.0.0.1', allowHalfOpen: true });
  clients.add(socket);
  await once(socket, 'connect');
  return socket;
}

/** A server with a request in flight, and what becomes of that. */
async function busy(options: ServerOptions = {}) {
  const server = createServer({ keepAliveTimeout: DAY });
  const { handler, port } = await listen(server, options);
  const asked = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  const answer = once(get({ port, agent, path: '/slow?a=1' }), 'response').then(
    ([message]) => message as IncomingMessage,
  );
  const [, response] = await asked;
  return { server, handler, port, response, answer };
}

const nextRequest = (server: Server) => once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;

describe('a server', () => {
  it('is closed once the requests in flight are answered, although their connections are kept alive', async () => {
    const { server, handler, response, answer } = await busy();
    const drained = call(handler) as Promise<void>;
    await expect.poll(() => server.listening).toBe(false);
    expect(await isPending(drained)).toBe(true);
    response.end('answered');
    await drained;
    const message = await answer;
    expect(message.headers.connection).toBe('close');
    expect(await text(message)).toBe('answered');
    expect(notes).toEqual(['server api: 1 request finished']);
  });

  it('writes a long answer to the end, however slow its reader', async () => {
    const { handler, response, answer } = await busy();
    const length = 10_000_000;
    const drained = call(handler) as Promise<void>;
    response.end(Buffer.alloc(length, 'a'));
    const message = await answer;
    message.on('data', () => {
      message.pause();
      setTimeout(() => message.resume(), 1);
    });
    let read = 0;
    for await (const chunk of message) read += chunk.length;
    expect(read).toBe(length);
    await drained;
  });

  it('lets an answer whose head is written go on, and closes its connection then', async () => {
    const { handler, response, answer } = await busy();
    response.write('first ');
    const message = await answer;
    const drained = call(handler) as Promise<void>;
    await sleep(20);
    response.end('second');
    expect(await text(message)).toBe('first second');
    await drained;
  });

  it('goes on serving for its delay, and says in each answer that the connection ends', async () => {
    const { server, handler, port, response, answer } = await busy({ delay: 300 });
    const drained = call(handler) as Promise<void>;
    response.end('first');
    expect((await answer).headers.connection).toBe('close');
    expect(await text(await answer)).toBe('first');
    for (let n = 0; n < 3; n++) {
      const asked = nextRequest(server);
      const again = once(get({ port, agent }), 'response') as Promise<[IncomingMessage]>;
      (await asked)[1].end(String(n));
      const [message] = await again;
      expect(message.headers.connection).toBe('close');
      expect(await text(message)).toBe(String(n));
    }
    expect(server.listening).toBe(true);
    await drained;
    expect(server.listening).toBe(false);
    expect(notes).toEqual(['server api: 4 requests finished']);
  });

  it('has no longer delay than it is allowed', async () => {
    const { handler, response, answer } = await busy({ delay: DAY });
    response.end();
    await text(await answer);
    await call(handler, { delay: 10 });
  });

  it('leaves the word that the program says of its connection', async () => {
    const { handler, response, answer } = await busy();
    response.setHeader('connection', 'keep-alive');
    const drained = call(handler) as Promise<void>;
    response.end('kept');
    expect((await answer).headers.connection).toBe('keep-alive');
    expect(await text(await answer)).toBe('kept');
    await drained;
  });

  it('closes the connection of one who goes on asking', async () => {
    const { server, handler, port, response, answer } = await busy();
    const asking = nextRequest(server);
    const again = await client(port);
    const drained = call(handler) as Promise<void>;
    again.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const [, late] = await asking;
    late.end('late');
    expect(await text(again)).toMatch(/\r\nconnection: close\r\n/i);
    response.end();
    await text(await answer);
    await drained;
  });

  it('answers all of a pipeline, and says in the last answer that the connection ends', async () => {
    const server = createServer({ keepAliveTimeout: DAY });
    const { handler, port } = await listen(server);
    const responses: ServerResponse[] = [];
    server.on('request', (_, response) => responses.push(response));
    const socket = await client(port);
    const received = text(socket);
    const request = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n';
    socket.write(request);
    await expect.poll(() => responses.length).toBe(1);
    const drained = call(handler) as Promise<void>;
    socket.write(request.repeat(2));
    await expect.poll(() => responses.length).toBe(3);
    for (const [n, response] of responses.entries()) response.end(`answer ${n};`);
    const answers = await received;
    expect(answers.match(/answer \d;/g)).toEqual(['answer 0;', 'answer 1;', 'answer 2;']);
    expect(answers.match(/connection: close/gi)).toHaveLength(1);
    await drained;
  });

  it('lets connections go that have sent nothing', async () => {
    const server = createServer();
    const { handler, port } = await listen(server);
    const silent = await Promise.all(Array.from({ length: 100 }, () => client(port)));
    const closed = silent.map((socket) => {
      socket.resume().on('end', () => socket.end());
      // Some are still to be accepted when the server stops listening, and are reset.
      socket.on('error', () => {});
      return new Promise((resolve) => socket.once('close', resolve));
    });
    await call(handler);
    await Promise.all(closed);
    expect(notes).toEqual([]);
  });

  it('reads a request that comes on a connection that has only just been made', async () => {
    const server = createServer((_, response) => response.end('served'));
    const { handler, port } = await listen(server);
    const socket = await client(port);
    const drained = call(handler) as Promise<void>;
    await expect.poll(() => server.listening, { interval: 1 }).toBe(false);
    socket.end('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    expect(await text(socket)).toContain('served');
    await drained;
  });

  it('waits for the rest of half a request, and cuts it in the end without a word', async () => {
    const server = createServer({ keepAliveTimeout: DAY });
    const { handler, port } = await listen(server);
    const halves = await Promise.all(Array.from({ length: 100 }, () => client(port)));
    for (const socket of halves) socket.on('error', () => {}).write('GET / HTTP/1.1\r\nho');
    await sleep(50);
    const drained = call(handler) as Promise<void>;
    await sleep(200);
    expect(await isPending(drained)).toBe(true);
    expect(handler.cut?.()).toBeUndefined();
    await drained;
    expect(notes).toEqual([]);
  });

  it('says what was in flight when its time was up', async () => {
    const { handler, answer } = await busy();
    answer.catch(() => {});
    const drained = call(handler) as Promise<void>;
    await sleep(20);
    expect(handler.cut?.()?.message).toMatch(/^server api: 1 connection cut: GET \/slow\?a=1 for [\d.]+ ms$/);
    await drained;
    await expect(answer).rejects.toThrow('socket hang up');
    expect(notes).toEqual(['server api: 1 connection cut']);
  });

  it('names five of many', async () => {
    const server = createServer();
    const { handler, port } = await listen(server);
    let asked = 0;
    server.on('request', () => asked++);
    for (let n = 0; n < 7; n++) get({ port, path: `/${n}` }).on('error', () => {});
    await expect.poll(() => asked).toBe(7);
    const drained = call(handler) as Promise<void>;
    await sleep(20);
    expect(handler.cut?.()?.message).toMatch(
      /7 connections cut: (GET \/\d for [\d.]+ ms, ){4}GET \/\d for [\d.]+ ms and 2 more$/,
    );
    await drained;
  });

  it('has a time limit of its own', async () => {
    const { handler, answer } = await busy({ timeout: 30 });
    answer.catch(() => {});
    await expect(call(handler)).rejects.toThrow(/^server api: 1 connection cut: GET/);
    expect(handler.cut?.()?.message).toContain('cut');
  });

  it('cuts its delay short when its time is up', async () => {
    const { handler, answer } = await busy({ delay: DAY });
    answer.catch(() => {});
    const drained = call(handler) as Promise<void>;
    await sleep(20);
    expect(handler.cut?.()?.message).toContain('1 connection cut');
    await drained;
  });

  it('is done with at once where nothing can be waited for and no request is in flight', async () => {
    const { handler, response, answer } = await busy({ delay: DAY });
    response.end();
    await text(await answer);
    await sleep(20);
    expect(call(handler, { sync: true })).toBeUndefined();
  });

  it('says what is lost where nothing can be waited for', async () => {
    const { server, handler, answer } = await busy();
    answer.catch(() => {});
    expect(call(handler, { sync: true })).toBeInstanceOf(Promise);
    expect(server.listening).toBe(false);
    expect(handler.cut?.()?.message).toContain('GET /slow?a=1');
  });

  it('is as it was when it is closed', async () => {
    const { server, handler, response } = await busy();
    const read = () => ({
      keepAliveTimeout: server.keepAliveTimeout,
      buffer: Reflect.get(server, 'keepAliveTimeoutBuffer'),
      listeners: server.eventNames().map((name) => [name, server.listenerCount(name)]),
    });
    const before = read();
    expect(Object.hasOwn(server, 'emit')).toBe(true);
    const drained = call(handler) as Promise<void>;
    await expect.poll(() => server.keepAliveTimeout).toBe(1);
    response.end();
    await drained;
    expect(read()).toEqual(before);
    expect(Object.hasOwn(server, 'emit')).toBe(false);
    // It may listen again.
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  it('is as it was when it is unregistered', async () => {
    const { server, handler, response } = await busy({ ready: '/ready' });
    response.end();
    handler.forget?.();
    expect(Object.hasOwn(server, 'emit')).toBe(false);
  });

  it('leaves an emit that somebody has wrapped meanwhile', async () => {
    const server = createServer();
    const { handler } = await listen(server);
    const next: unknown = server.emit;
    let events = 0;
    const emit = (...args: unknown[]): unknown => {
      events++;
      return typeof next === 'function' ? Reflect.apply(next, server, args) : false;
    };
    Object.defineProperty(server, 'emit', { value: emit });
    await call(handler);
    expect(Object.hasOwn(server, 'emit')).toBe(true);
    server.emit('custom');
    expect(events).toBeGreaterThan(1);
  });

  it('may not be listening, or closed already', async () => {
    const closed = createServer();
    const { handler } = await listen(closed);
    await once(closed.close(), 'close');
    await call(handler);
    const never = createHandler(createServer(), createServer());
    await never?.call();
  });

  it('may be closing, and is waited for', async () => {
    const { server, handler, response, answer } = await busy();
    server.close();
    const drained = call(handler) as Promise<void>;
    await sleep(20);
    expect(await isPending(drained)).toBe(true);
    response.end('answered');
    await drained;
    expect(await text(await answer)).toBe('answered');
  });

  it('may be registered after its first connections', async () => {
    const server = createServer({ keepAliveTimeout: DAY });
    open.add(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const asked = nextRequest(server);
    const answer = once(get({ port, agent }), 'response') as Promise<[IncomingMessage]>;
    const [, response] = await asked;
    const handler = createHandler(server, server);
    const drained = handler?.call() as Promise<void>;
    await sleep(20);
    response.end('late');
    expect(await text((await answer)[0])).toBe('late');
    await drained;
  });

  it('sees what comes with Expect: 100-continue', async () => {
    const server = createServer({ keepAliveTimeout: DAY });
    const { handler, port } = await listen(server);
    const asked = once(server, 'checkContinue') as Promise<[IncomingMessage, ServerResponse]>;
    const socket = await client(port);
    socket.write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n');
    const [, response] = await asked;
    const drained = call(handler) as Promise<void>;
    await sleep(20);
    response.writeContinue();
    socket.write('hi');
    response.end('thanks');
    expect(await text(socket)).toMatch(/connection: close[\s\S]*thanks/i);
    await drained;
  });

  it('leaves an upgraded connection to the program, and destroys it in the end', async () => {
    const server = createServer();
    const { handler, port } = await listen(server);
    const upgraded = once(server, 'upgrade') as Promise<[IncomingMessage, Socket]>;
    const socket = await client(port);
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    (await upgraded)[1].write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    await once(socket, 'data');
    const drained = call(handler) as Promise<void>;
    await sleep(200);
    expect(await isPending(drained)).toBe(true);
    const closed = once(
      socket.on('error', () => {}),
      'close',
    );
    socket.resume().on('end', () => socket.end());
    expect(handler.cut?.()?.message).toMatch(/1 connection cut: upgraded, open for [\d.]+ ms/);
    await closed;
    await drained;
  });

  it('lets an upgraded connection end by itself', async () => {
    const server = createServer();
    const { handler, port } = await listen(server);
    const upgraded = once(server, 'upgrade') as Promise<[IncomingMessage, Socket]>;
    const socket = await client(port);
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    const [, taken] = await upgraded;
    const drained = call(handler) as Promise<void>;
    await sleep(50);
    taken.end('HTTP/1.1 101 Switching Protocols\r\n\r\nbye');
    socket.resume().end();
    await drained;
    expect(notes).toEqual([]);
  });

  it('is not held by a client that half-closes', async () => {
    const { server, handler, port, response, answer } = await busy();
    const asked = nextRequest(server);
    const socket = await client(port);
    socket.end('GET /half HTTP/1.1\r\nhost: localhost\r\n\r\n');
    socket.resume();
    await asked;
    const drained = call(handler) as Promise<void>;
    response.end();
    await text(await answer);
    await drained;
  });
});

describe('readiness', () => {
  const ask = async (port: number, path: string, method = 'GET') => {
    const [message] = (await once(get({ port, path, method, agent }), 'response')) as [IncomingMessage];
    return { status: message.statusCode, body: await text(message) };
  };

  it('is a path, answered without the routes of the program', async () => {
    const server = createServer((request, response) => response.end(`routed ${request.method}`));
    const { handler, port } = await listen(server, { ready: '/ready', delay: 300 });
    expect(await ask(port, '/ready')).toEqual({ status: 200, body: 'ready\n' });
    expect(await ask(port, '/ready?verbose')).toEqual({ status: 200, body: 'ready\n' });
    expect(await ask(port, '/ready', 'HEAD')).toEqual({ status: 200, body: '' });
    expect((await ask(port, '/readyness')).body).toBe('routed GET');
    expect((await ask(port, '/ready', 'OPTIONS')).body).toBe('routed OPTIONS');
    const drained = call(handler) as Promise<void>;
    expect(await ask(port, '/ready')).toEqual({ status: 503, body: 'shutting down\n' });
    expect(await ask(port, '/')).toEqual({ status: 200, body: 'routed GET' });
    await drained;
    expect(notes).toEqual(['server api: 1 request finished']);
  });

  it('is a path although other listeners came first, or take all listeners away', async () => {
    const server = createServer((_, response) => response.end('first'));
    const { port } = await listen(server, { ready: '/ready' });
    server.removeAllListeners('request');
    server.on('request', (_, response) => response.end('second'));
    expect((await ask(port, '/ready')).body).toBe('ready\n');
    expect((await ask(port, '/')).body).toBe('second');
  });

  it('is a function that is called when the shutdown begins', async () => {
    const told: boolean[] = [];
    const { handler } = await listen(createServer(), { ready: (isReady) => told.push(isReady) });
    await call(handler);
    expect(told).toEqual([false]);
  });

  it.each([
    () => {
      throw new Error('no');
    },
    () => Promise.reject(new Error('no')),
  ])('may be a function that fails', async (ready) => {
    const { handler } = await listen(createServer(), { ready });
    await call(handler);
  });
});

describe('TLS', () => {
  it('https: answers what is in flight, lets go who has only shaken hands', async () => {
    const server = createHttpsServer({ ...certificate(), keepAliveTimeout: DAY });
    const { handler, port } = await listen(server);
    const asked = nextRequest(server);
    const connect = async () => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
      clients.add(socket);
      await once(socket, 'secureConnect');
      return socket;
    };
    const silent = await connect();
    const raw = await client(port);
    const socket = await connect();
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const [, response] = await asked;
    const gone = Promise.all([silent, raw].map((one) => once(one.on('error', () => {}).resume(), 'end')));
    const drained = call(handler) as Promise<void>;
    await gone;
    expect(await isPending(drained)).toBe(true);
    response.end('secret');
    expect(await text(socket)).toMatch(/connection: close[\s\S]*secret/i);
    raw.destroy();
    await drained;
    expect(notes).toEqual(['server api: 1 request finished']);
  });
});

describe.each([
  { kind: 'HTTP/2', create: () => createHttp2Server(), scheme: 'http' },
  {
    kind: 'HTTP/2 over TLS',
    create: () => createSecureServer({ ...certificate(), allowHTTP1: true }),
    scheme: 'https',
  },
])('$kind', ({ create, scheme }) => {
  const connect = async (port: number) => {
    const session = connectHttp2(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
    session.on('error', () => {});
    await once(session, 'connect');
    return session;
  };

  it('tells each session, answers what is in flight, and closes', async () => {
    const server = create();
    const { handler, port } = await listen(server, { ready: '/ready', delay: 1000 });
    let sessions = 0;
    server.on('session', () => sessions++);
    const [busySession, idleSession] = [await connect(port), await connect(port)];
    await expect.poll(() => sessions).toBe(2);
    const asked = once(server, 'stream');
    const request = busySession.request({ ':path': '/slow' });
    const [stream] = await asked;
    const told = [busySession, idleSession].map((session) => once(session, 'goaway'));
    const drained = call(handler) as Promise<void>;
    await Promise.all(told);
    const late = await connect(port);
    const probe = late.request({ ':path': '/ready' });
    const [headers] = await once(probe, 'response');
    expect(headers[':status']).toBe(503);
    expect(await text(probe)).toBe('shutting down\n');
    await expect.poll(() => server.listening).toBe(false);
    expect(await isPending(drained)).toBe(true);
    stream.respond({ ':status': 200 });
    stream.end('answered');
    expect(await text(request)).toBe('answered');
    await drained;
    expect(notes).toEqual(['server api: 1 request finished']);
  });

  it('is not held by an idle session', async () => {
    const server = create();
    const { handler, port } = await listen(server);
    const session = await connect(port);
    const probe = session.request({ ':path': '/' });
    probe.on('error', () => {});
    server.on('stream', (stream) => stream.respond({ ':status': 204 }, { endStream: true }));
    await once(probe.resume(), 'close');
    const closed = once(session, 'close');
    await call(handler);
    await closed;
  });

  it('answers by its listeners of requests as well', async () => {
    const server = create();
    const { handler, port } = await listen(server, { ready: '/ready' });
    server.on('request', (_request: unknown, response: { end(body: string): void }) => response.end('compatible'));
    const session = await connect(port);
    expect(await text(session.request({ ':path': '/' }))).toBe('compatible');
    expect(await text(session.request({ ':path': '/ready' }))).toBe('ready\n');
    await call(handler);
  });

  it('says what was in flight', async () => {
    const server = create();
    const { handler, port } = await listen(server);
    const session = await connect(port);
    const asked = once(server, 'stream');
    session.request({ ':path': '/events' }).on('error', () => {});
    await asked;
    const drained = call(handler) as Promise<void>;
    await sleep(50);
    expect(handler.cut?.()?.message).toMatch(/1 connection cut: GET \/events for [\d.]+ ms/);
    await drained;
  });
});

describe('a server of node:net', () => {
  it('is not held by a client that has its answer and is quiet, nor by one that has said nothing', async () => {
    const server = createNetServer((socket) => socket.on('data', (data) => socket.write(data)));
    const { handler, port } = await listen(server);
    const [quiet, silent] = [await client(port), await client(port)];
    for (const socket of [quiet, silent]) socket.on('end', () => socket.end()).on('error', () => {});
    silent.resume();
    quiet.write('hello');
    await once(quiet, 'data');
    await call(handler);
    expect(notes).toEqual([]);
  });

  it('waits for an answer that is owed, also to a second question', async () => {
    const taken: Socket[] = [];
    const server = createNetServer((socket) => {
      taken.push(socket);
      socket.on('data', (data) => {
        if (String(data) === 'quick') socket.write('done');
      });
    });
    const { handler, port } = await listen(server);
    const socket = await client(port);
    socket.write('quick');
    await once(socket, 'data');
    socket.write('slow');
    await sleep(50);
    const received = text(socket);
    const drained = call(handler) as Promise<void>;
    await sleep(600);
    expect(await isPending(drained)).toBe(true);
    taken[0]?.write('at last');
    expect(await received).toBe('at last');
    socket.end();
    await drained;
  });

  it('cuts who never gets an answer, and names it', async () => {
    const server = createNetServer((socket) => socket.resume());
    const { handler, port } = await listen(server);
    const socket = await client(port);
    socket.on('error', () => {}).write('are you there');
    await sleep(30);
    const drained = call(handler) as Promise<void>;
    await sleep(50);
    expect(handler.cut?.()?.message).toMatch(/1 connection cut: 127\.0\.0\.1, connected for [\d.]+ ms/);
    await drained;
  });
});

it('knows a server by what it can do', () => {
  expect(
    [createServer(), createNetServer(), createHttp2Server(), { listen() {}, close() {} }, null].map(isServer),
  ).toEqual([true, true, true, false, false]);
});

it('calls one that nobody has named by its port', async () => {
  const server = createServer();
  const handler = createHandler(server, server);
  expect(handler?.name).toBe('server');
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  expect(handler?.name).toBe(`server :${port}`);
  await handler?.call();
  expect(handler?.name).toBe(`server :${port}`);
});

it('a rehearsal goes all the way, and leaves no timer behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  // Those of other tests are over by themselves.
  while (timers() > 0) await new Promise(setImmediate);
  const isOver = rehearse();
  const turned = new Promise((resolve) =>
    setImmediate(() => setImmediate(() => setImmediate(() => resolve('turned')))),
  );
  expect(await Promise.race([isOver, turned])).toBeUndefined();
  expect(timers()).toBe(0);
});
