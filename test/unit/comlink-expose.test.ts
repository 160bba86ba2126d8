/** The worker's side of Comlink, with the other side in the same thread, and the library as it is told to be. */
import { once } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { expose } from '../../src/adapters/comlink/expose.ts';
import { type Instance, publishInstance } from '../../src/api/instance.ts';
import { VERSION } from '../../src/wire/reason.ts';

vi.mock('../../src/index.ts', () => ({}));
const parent = vi.hoisted((): { port: unknown } => ({ port: null }));
vi.mock('node:worker_threads', async (load) => {
  const real = await load<typeof import('node:worker_threads')>();
  return {
    ...real,
    default: {
      ...real,
      get parentPort() {
        return parent.port;
      },
    },
  };
});

const instance = {
  register: vi.fn((_: () => unknown, __: unknown[]) => {}),
  unregister: vi.fn((_: unknown) => {}),
  isShuttingDown: vi.fn(() => false),
  log: vi.fn((_: string) => {}),
};
const ports: MessagePort[] = [];
beforeEach(() => {
  vi.clearAllMocks();
  publishInstance({ version: VERSION, ...instance } as unknown as Instance);
});
afterEach(async () => {
  parent.port = null;
  for (const port of ports.splice(0)) port.close();
  await settle();
});
afterAll(() => Reflect.deleteProperty(globalThis, Symbol.for('worker-atexit')));

const turn = () => new Promise((resolve) => setImmediate(resolve));
/** What was posted has arrived, and what it leads to is done. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await turn();
}

/** Two ends of a channel: that of the worker, and that of its parent. */
function createPorts(): { own: MessagePort; other: MessagePort } {
  const { port1: own, port2: other } = new MessageChannel();
  ports.push(own, other);
  return { own, other };
}
const endpoint = (port: MessagePort): Comlink.Endpoint => port as unknown as Comlink.Endpoint;

function exposed(api: object) {
  const { own, other } = createPorts();
  expose(api, endpoint(own));
  return { own, other, remote: Comlink.wrap<Record<string, (...args: unknown[]) => unknown>>(endpoint(other)) };
}
const release = (remote: object): void => Reflect.apply(Reflect.get(remote, Comlink.releaseProxy), undefined, []);
const handler = (): (() => unknown) => instance.register.mock.lastCall?.[0] ?? expect.unreachable();

class Cache {
  disposed = 0;
  get(key: string): string {
    return `value of ${key}`;
  }
  [Symbol.dispose](): unknown {
    return ++this.disposed;
  }
}

describe('what is exposed', () => {
  it('can be called', async () => {
    const { remote } = exposed(new Cache());
    expect(await remote.get?.('key')).toBe('value of key');
  });

  it('may be a function', async () => {
    const { own, other } = createPorts();
    expose((text: string) => `${text}!`, endpoint(own));
    expect(await Comlink.wrap<(text: string) => string>(endpoint(other))('called')).toBe('called!');
    expect(instance.register).not.toHaveBeenCalled();
  });

  it('is exposed to the parent unless told', async () => {
    const { own, other } = createPorts();
    parent.port = own;
    expose(new Cache());
    expect(await Comlink.wrap<Cache>(endpoint(other)).get('key')).toBe('value of key');
  });

  it.each([
    ['text', '"text"'],
    [null, 'null'],
    [undefined, 'undefined'],
  ])('is not %s', (api, text) => {
    const given = api as unknown as object;
    expect(() => expose(given, endpoint(createPorts().own))).toThrow(
      expect.objectContaining({
        code: 'ERR_WORKER_ATEXIT_INVALID_ARGUMENT',
        message: `api must be an object or a function; it is ${text}`,
      }),
    );
  });

  it('needs an endpoint on the main thread', () => {
    expect(() => expose({})).toThrow(
      expect.objectContaining({
        code: 'ERR_WORKER_ATEXIT_INVALID_ARGUMENT',
        message: 'endpoint must be given on the main thread, which has no parentPort',
      }),
    );
  });

  it.each([
    ['that has to be started', { start: vi.fn() }],
    ['that need not be started', {}],
  ])('is exposed on an endpoint %s', async (_, more: { start?: () => void }) => {
    const { own, other } = createPorts();
    expose(new Cache(), {
      postMessage: (message: unknown, transfer: []) => own.postMessage(message, transfer),
      addEventListener: (_: string, listener: (event: { data: unknown }) => void) =>
        void own.on('message', (data) => listener({ data })),
      removeEventListener() {},
      ...more,
    } as unknown as Comlink.Endpoint);
    expect(await Comlink.wrap<Cache>(endpoint(other)).get('key')).toBe('value of key');
    if (more.start) expect(more.start).toHaveBeenCalledTimes(1);
  });

  it('answers a request that cannot be read', async () => {
    const { other } = exposed(new Cache());
    other.postMessage({ id: 'a', type: 'APPLY', path: [], argumentList: 5 });
    const [answer] = await once(other, 'message');
    expect(answer).toMatchObject({ id: 'a', type: 'HANDLER', name: 'throw', value: { isError: true } });
  });
});

describe('what can be disposed of', () => {
  const both = {
    [Symbol.dispose]: (): string => 'dispose',
    [Comlink.finalizer]: (): string => 'finalizer',
  };
  it.each([
    ['asynchronously, if it can be', { ...both, [Symbol.asyncDispose]: () => 'asyncDispose' }, 'Symbol.asyncDispose'],
    ['synchronously', both, 'Symbol.dispose'],
    ['as Comlink has it', { [Comlink.finalizer]: (): string => 'finalizer' }, 'finalizer'],
  ])('is, %s, by a handler of this thread', (_, api, way) => {
    exposed(api);
    expect(instance.register.mock.calls).toEqual([[expect.any(Function), []]]);
    expect(handler().name).toBe(`Object[${way}]`);
    expect(handler()()).toBe(way.replace('Symbol.', ''));
  });

  it.each([
    ['the name of its class', new Cache(), 'Cache[Symbol.dispose]'],
    ['a name, where it has no class', Object.assign(Object.create(null), both), 'api[Symbol.dispose]'],
    [
      'a name, where its class has none',
      new (class {
        [Symbol.dispose]() {}
      })(),
      'api[Symbol.dispose]',
    ],
    ['the name of its class, if it is a function', Object.assign(() => {}, both), 'Function[Symbol.dispose]'],
  ])('has %s', (_, api, name) => {
    exposed(api);
    expect(handler().name).toBe(name);
  });

  it.each([{}, { [Symbol.dispose]: 5 }])('is not %j', (api) => {
    exposed(api);
    expect(instance.register).not.toHaveBeenCalled();
  });

  it('is disposed of once, as its own method', () => {
    const cache = new Cache();
    exposed(cache);
    expect([handler()(), handler()()]).toEqual([1, 1]);
    expect(cache.disposed).toBe(1);
  });

  it('is not disposed of again where that has failed', () => {
    const dispose = vi.fn((..._: unknown[]) => {
      throw new Error('no');
    });
    exposed({ [Symbol.dispose]: dispose });
    expect(handler()).toThrow('no');
    expect(handler()()).toBeUndefined();
    expect(dispose.mock.calls).toEqual([[]]);
  });
});

describe('once its proxy is released', () => {
  it('it is disposed of, and its handler is none any more when that is done', async () => {
    let finish = (): void => {};
    const disposed = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const dispose = vi.fn(() => disposed);
    const { remote } = exposed({ [Symbol.asyncDispose]: dispose });
    release(remote);
    await settle();
    expect(dispose).toHaveBeenCalledTimes(1);
    expect(instance.unregister).not.toHaveBeenCalled();
    finish();
    await settle();
    expect(instance.unregister.mock.calls).toEqual([[handler()]]);
  });

  it.each([
    [false, [[expect.stringMatching(/^handler Object\[Symbol.asyncDispose\] failed: RangeError: no\n/)]]],
    // It is one of the handlers then.
    [true, []],
  ])('and that fails, it is told, unless in a shutdown: %s', async (isShuttingDown, told) => {
    instance.isShuttingDown.mockReturnValueOnce(isShuttingDown);
    const { remote } = exposed({ [Symbol.asyncDispose]: () => Promise.reject(new RangeError('no')) });
    release(remote);
    await settle();
    expect(instance.log.mock.calls).toEqual(told);
    expect(instance.unregister.mock.calls).toEqual([[handler()]]);
  });

  it('nothing happens where it cannot be disposed of', async () => {
    const { remote } = exposed({});
    release(remote);
    await settle();
    expect(instance.unregister).not.toHaveBeenCalled();
  });

  it('its port is closed', async () => {
    const { remote, other } = exposed(new Cache());
    const closed = once(other, 'close');
    release(remote);
    await closed;
  });

  it('the port to the parent is not: it is the thread’s', async () => {
    const { own, other } = createPorts();
    parent.port = own;
    const cache = new Cache();
    expose(cache);
    release(Comlink.wrap<Cache>(endpoint(other)));
    await settle();
    expect(cache.disposed).toBe(1);
    const heard = once(own, 'message');
    other.postMessage('still open');
    expect(await heard).toEqual(['still open']);
  });

  it('the other side is told', async () => {
    const { other } = exposed(new Cache());
    other.postMessage({ id: 'a', type: 'RELEASE' });
    expect(await once(other, 'message')).toEqual([{ id: 'a', type: 'RAW', value: undefined }]);
  });

  it('nothing is heard on its endpoint any more', async () => {
    const { own, other } = createPorts();
    parent.port = own;
    const cache = new Cache();
    expose(cache);
    other.postMessage({ id: 'a', type: 'RELEASE' });
    await once(other, 'message');
    other.postMessage({ id: 'b', type: 'GET', path: ['disposed'] });
    let answered = false;
    other.once('message', () => {
      answered = true;
    });
    await settle();
    expect(answered).toBe(false);
  });
});

describe('what is exposed on more than one endpoint', () => {
  it('has one handler, and is disposed of when the last proxy is released', async () => {
    const cache = new Cache();
    const [one, two] = [exposed(cache), exposed(cache)];
    expect(instance.register).toHaveBeenCalledTimes(1);
    release(one.remote);
    await settle();
    expect(cache.disposed).toBe(0);
    release(two.remote);
    await settle();
    expect(cache.disposed).toBe(1);
  });

  it('counts an endpoint once, whether it is released or closed', async () => {
    const cache = new Cache();
    const [one, two] = [exposed(cache), exposed(cache)];
    release(one.remote);
    await settle();
    one.own.close();
    await settle();
    expect(cache.disposed).toBe(0);
    two.other.close();
    await settle();
    expect(cache.disposed).toBe(1);
  });

  it('counts those that were made for others', async () => {
    const cache = new Cache();
    const { remote } = exposed(cache);
    const create: () => Promise<MessagePort> = Reflect.get(remote, Comlink.createEndpoint);
    const port = await create();
    ports.push(port);
    const another = Comlink.wrap<Cache>(endpoint(port));
    expect(await another.get('key')).toBe('value of key');
    release(remote);
    await settle();
    expect(cache.disposed).toBe(0);
    expect(await another.get('key')).toBe('value of key');
    release(another);
    await settle();
    expect(cache.disposed).toBe(1);
  });

  it('is disposed of as soon as the holder of its proxy is gone', async () => {
    const cache = new Cache();
    const { other } = exposed(cache);
    other.close();
    await settle();
    expect(cache.disposed).toBe(1);
    expect(instance.unregister).toHaveBeenCalledTimes(1);
  });
});
