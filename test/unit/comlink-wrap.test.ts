/** The parent's side of Comlink, with a worker that is a port of the same thread, and the library as it is told to be. */
import { EventEmitter } from 'node:events';
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { wrap } from '../../src/adapters/comlink/wrap.ts';
import { type Instance, publishInstance } from '../../src/api/instance.ts';
import { ShutdownError } from '../../src/report/errors.ts';
import type { Pool } from '../../src/thread/pools.ts';
import { type Route, VERSION } from '../../src/wire/reason.ts';
import { someWorker } from './stand-ins.ts';

vi.mock('../../src/index.ts', () => ({}));

const instance = { registerWorker: vi.fn(), addPool: vi.fn((_owner: object, _pool: Pool) => {}) };
/** A shutdown is over, and the thread lives on. */
const renew = (): void =>
  void publishInstance({ version: VERSION, signal: new AbortController().signal, ...instance } as unknown as Instance);

const ports: MessagePort[] = [];
beforeEach(() => {
  vi.clearAllMocks();
  renew();
});
afterEach(async () => {
  for (const port of ports.splice(0)) port.close();
  await settle();
});
afterAll(() => Reflect.deleteProperty(globalThis, Symbol.for('worker-atexit')));

async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
}

/** A worker, as far as its parent sees it. */
class FakeWorker extends EventEmitter {
  threadId = 5;
  readonly port: MessagePort;
  readonly posted: { readonly type: string; readonly id: string }[] = [];

  constructor(api: object) {
    super();
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    this.port = port1;
    port1.on('message', (message) => this.emit('message', message));
    Comlink.expose(api, port2 as unknown as Comlink.Endpoint);
  }

  postMessage(message: { type: string; id: string }, transfer: MessagePort[] = []): void {
    this.posted.push(message);
    this.port.postMessage(message, transfer);
  }

  end(code: number): void {
    this.threadId = -1;
    this.emit('exit', code);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what a worker has to offer differs from test to test.
type Anything = any;
const asWorker = (worker: FakeWorker): Worker => worker as unknown as Worker;
function wrapped(api: object, options?: object) {
  const worker = new FakeWorker(api);
  const remote = wrap<Anything>(asWorker(worker), options);
  const [, pool] = instance.addPool.mock.lastCall ?? expect.unreachable();
  return { worker, pool, remote };
}
const never = (): Promise<never> => new Promise(() => {});
const release = (remote: object): void => Reflect.apply(Reflect.get(remote, Comlink.releaseProxy), undefined, []);
const refusal = (route: Route = 'exit') => new ShutdownError({ route });

/** Why a call was rejected. It is looked at now, and may come later. */
const reason = (call: PromiseLike<unknown>): Promise<Anything> =>
  Promise.resolve(call).then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );
const GONE = 'ERR_WORKER_ATEXIT_WORKER_GONE';

describe('a worker that is wrapped', () => {
  it('can be called', async () => {
    const { remote } = wrapped({ add: (a: number, b: number) => a + b, five: 5 });
    expect(await remote.add(1, 2)).toBe(3);
    expect(await remote.five).toBe(5);
  });

  it('is registered, with its options, and all in one pool', () => {
    const one = wrapped({}, { name: 'renderer', timeout: 5 });
    const two = wrapped({});
    expect(instance.registerWorker.mock.calls).toEqual([
      [one.worker, { name: 'renderer', timeout: 5 }],
      [two.worker, {}],
    ]);
    expect(two.pool).toBe(one.pool);
    expect(instance.addPool.mock.calls.map(([owner]) => owner === one.pool)).toEqual([true, true]);
  });

  it('has nothing to adopt, to wake or to end: it is a registered worker', async () => {
    const { pool } = wrapped({});
    expect([pool.adopt(someWorker), pool.wake(), await pool.end()]).toEqual([undefined, undefined, undefined]);
  });

  it('may be talked to by others, whose answers are theirs', async () => {
    const { worker, remote, pool } = wrapped({ wait: never });
    const waiting = reason(remote.wait());
    for (const message of [null, 'text', { id: 5 }, { id: 'other', value: 1 }]) worker.emit('message', message);
    expect(pool.idle()).toBeDefined();
    worker.end(0);
    expect(await waiting).toMatchObject({ code: GONE });
  });

  it('answers each call once', async () => {
    const { worker, remote } = wrapped({ get: () => 1 });
    const call = remote.get();
    worker.emit('message', { id: worker.posted[0]?.id, type: 'RAW', value: 'first' });
    expect(await call).toBe('first');
  });
});

describe('the calls in flight', () => {
  it('are waited for at the drain stage', async () => {
    const finish: (() => void)[] = [];
    const { remote, pool } = wrapped({ wait: () => new Promise<void>((resolve) => finish.push(resolve)) });
    expect(pool.idle()).toBeUndefined();
    const calls = [remote.wait(), remote.wait()];
    let isIdle = false;
    pool.idle()?.then(() => {
      isIdle = true;
    });
    for (const call of calls) {
      await settle();
      expect(isIdle).toBe(false);
      finish.shift()?.();
      await call;
    }
    await settle();
    expect(isIdle).toBe(true);
    expect(pool.idle()).toBeUndefined();
  });

  it('are not waited for where the event loop has run empty', async () => {
    const { worker, remote, pool } = wrapped({ wait: never });
    const waiting = reason(remote.wait());
    expect(pool.idle()).toBeDefined();
    pool.refuse(refusal('beforeExit'));
    expect(pool.idle()).toBeUndefined();
    pool.refuse(refusal());
    expect(pool.idle()).toBeDefined();
    worker.end(0);
    await waiting;
  });
});

describe('once the pools refuse', () => {
  it('a call is rejected with the ShutdownError, and not posted', async () => {
    const { worker, remote, pool } = wrapped({ get: () => 1 });
    const error = refusal();
    expect(pool.refuse(error)).toBeUndefined();
    expect(await reason(remote.get())).toBe(error);
    expect(worker.posted).toEqual([]);
    expect(pool.idle()).toBeUndefined();
  });

  it('an assignment, whose promise nobody can get hold of, is not', async () => {
    const { worker, remote, pool } = wrapped({ value: 1 });
    pool.refuse(refusal());
    remote.value = 2;
    await settle();
    expect(worker.posted).toEqual([]);
  });

  it('calls go on in a thread that lives on', async () => {
    const { remote, pool } = wrapped({ get: () => 1 });
    pool.refuse(refusal());
    renew();
    expect(await remote.get()).toBe(1);
  });

  it('what was to be handed out is taken back', async () => {
    const { remote, pool } = wrapped({ use: never });
    pool.refuse(refusal());
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    const close = vi.spyOn(Object.getPrototypeOf(port1), 'close');
    await reason(
      remote.use(
        Comlink.proxy(() => {}),
        Comlink.transfer(port2, [port2]),
      ),
    );
    const [callback, ...others] = close.mock.contexts;
    close.mockRestore();
    // The callback's, and not the program's own.
    expect(callback).toBeDefined();
    expect(callback === port2).toBe(false);
    expect(others).toHaveLength(0);
  });
});

describe('once the worker is gone', () => {
  it.each([
    [{ name: 'renderer' }, 'renderer 5'],
    [undefined, 'worker 5'],
  ])('its calls are rejected, those in flight and those that follow', async (options, name) => {
    const { worker, remote, pool } = wrapped({ wait: never }, options);
    const inFlight = reason(remote.wait());
    const idle = pool.idle();
    worker.end(3);
    await idle;
    for (const error of [await inFlight, await reason(remote.wait())]) {
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({ code: GONE, message: `${name} is gone: it ended with exit code 3` });
      expect('cause' in error).toBe(false);
    }
    expect(pool.idle()).toBeUndefined();
  });

  it('each has an error of its own', async () => {
    const { worker, remote } = wrapped({ wait: never });
    const calls = [reason(remote.wait()), reason(remote.wait())];
    worker.end(0);
    const [one, two] = await Promise.all(calls);
    expect(one).not.toBe(two);
  });

  it.each([
    [new RangeError('too far'), 'RangeError: too far'],
    ['text', 'Error: thrown, and not an Error: text'],
  ])('by an error, that is the cause, and stays its owner’s', async (crash, text) => {
    const { worker, remote } = wrapped({ wait: never });
    const call = reason(remote.wait());
    const owner = vi.fn();
    worker.on('error', owner);
    worker.emit('error', crash);
    worker.end(1);
    expect(await call).toMatchObject({ message: `worker 5 is gone: it ended by ${text}`, cause: crash });
    expect(owner.mock.calls).toEqual([[crash]]);
  });

  it('in a shutdown, that is the cause', async () => {
    const { worker, remote, pool } = wrapped({ wait: never });
    const call = reason(remote.wait());
    const cause = refusal();
    pool.refuse(cause);
    worker.end(0);
    const error = await call;
    expect(error.message).toBe('worker 5 is gone: it ended with exit code 0 in a shutdown');
    expect(error.cause).toBe(cause);
    // It is what a later call is told as well.
    expect(await reason(remote.wait())).toMatchObject({ code: GONE, cause });
  });

  it('before it was wrapped, every call is rejected', async () => {
    const worker = new FakeWorker({ get: () => 1 });
    worker.threadId = -1;
    const remote = wrap<Anything>(asWorker(worker), { name: 'renderer' });
    expect(await reason(remote.get())).toMatchObject({
      code: GONE,
      message: 'renderer is gone: it had ended before it was wrapped',
    });
    expect(worker.posted).toEqual([]);
  });

  it('those of other workers go on', async () => {
    const [one, two] = [wrapped({ wait: never }), wrapped({ get: () => 1 })];
    const call = two.remote.get();
    one.worker.end(0);
    expect(await call).toBe(1);
  });
});

describe('a proxy that a worker has handed out', () => {
  const api = () => ({
    create: () => Comlink.proxy({ wait: never, get: (key: string) => `value of ${key}` }),
  });

  it('can be called', async () => {
    const { remote } = wrapped(api());
    const proxy = await remote.create();
    expect(await proxy.get('key')).toBe('value of key');
  });

  it('is rejected with its worker, and so is what follows', async () => {
    const { worker, remote, pool } = wrapped(api());
    const proxy = await remote.create();
    const call = reason(proxy.wait());
    expect(pool.idle()).toBeDefined();
    worker.end(0);
    expect(await call).toMatchObject({ code: GONE });
    expect(await reason(proxy.get('key'))).toMatchObject({ code: GONE });
  });

  it('can be called in a shutdown: it may be a handler', async () => {
    const { remote, pool } = wrapped(api());
    const proxy = await remote.create();
    pool.refuse(refusal());
    expect(await proxy.get('key')).toBe('value of key');
  });

  it('has its last words heard', async () => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    const { worker, remote } = wrapped({});
    const call = remote.create();
    worker.emit('message', { id: worker.posted[0]?.id, type: 'HANDLER', name: 'proxy', value: port2 });
    const proxy = await call;
    const asked = new Promise<{ id: string }>((resolve) => port1.once('message', resolve));
    const [answered, open] = [proxy.get('key'), reason(proxy.get('other'))];
    const { id } = await asked;
    // Not delivered yet when the worker is seen to go.
    port1.postMessage({ id, type: 'RAW', value: 'last words' });
    worker.end(0);
    expect(await answered).toBe('last words');
    expect(await open).toMatchObject({ code: GONE });
  });

  it('is one only if a port is handed out', async () => {
    const { worker, remote } = wrapped({});
    const call = remote.create();
    const { id } = worker.posted[0] ?? expect.unreachable();
    worker.emit('message', { id, type: 'HANDLER', name: 'throw', value: { isError: false, value: 'thrown' } });
    expect(await reason(call)).toBe('thrown');
  });

  it('may hand out others, which are watched as well', async () => {
    const { worker, remote } = wrapped({ create: () => Comlink.proxy(api()) });
    const inner = await (await remote.create()).create();
    expect(await inner.get('key')).toBe('value of key');
    worker.end(0);
    expect(await reason(inner.get('key'))).toMatchObject({ code: GONE });
  });
});

describe('what is handed out to a worker', () => {
  it('can be called there', async () => {
    const { remote } = wrapped({ use: (callback: (text: string) => unknown) => callback('called') });
    expect(await remote.use(Comlink.proxy((text: string) => `${text} back`))).toBe('called back');
  });

  it('gets proxies from there that are rejected with that worker', async () => {
    const { worker, remote } = wrapped({
      use: (callback: (...args: unknown[]) => unknown) => callback(Comlink.proxy({ get: () => 1, wait: never }), 'two'),
    });
    let given: Anything;
    let second: unknown;
    await remote.use(
      Comlink.proxy((first: unknown, other: unknown) => {
        [given, second] = [() => first, other];
      }),
    );
    expect(second).toBe('two');
    expect(await given().get()).toBe(1);
    const call = reason(given().wait());
    worker.end(0);
    expect(await call).toMatchObject({ code: GONE });
  });

  it('hands out what is known to be that worker’s, too', async () => {
    const { worker, remote } = wrapped({
      use: async (callback: () => Promise<(proxy: unknown) => Promise<void>>) =>
        (await callback())(Comlink.proxy({ wait: never })),
    });
    let given: Anything;
    await remote.use(
      Comlink.proxy(() =>
        Comlink.proxy((proxy: unknown) => {
          given = () => proxy;
        }),
      ),
    );
    const call = reason(given().wait());
    worker.end(0);
    expect(await call).toMatchObject({ code: GONE });
  });

  it('may have anything for its arguments', async () => {
    const { remote } = wrapped({ use: (object: Record<string, unknown>) => object.value });
    expect(await remote.use(Comlink.proxy({ value: 5 }))).toBe(5);
  });

  it('lets its port go when it is released there', async () => {
    const { remote } = wrapped({
      use: async (callback: (() => unknown) & { [Comlink.releaseProxy](): void }) => {
        await callback();
        callback[Comlink.releaseProxy]();
      },
    });
    const close = vi.spyOn(Object.getPrototypeOf(new MessageChannel().port1), 'close');
    await remote.use(Comlink.proxy(() => 1));
    await settle();
    expect(close.mock.calls.length).toBeGreaterThan(0);
    close.mockRestore();
  });
});

describe('a proxy that is released', () => {
  it('is waited for no longer', async () => {
    const { worker, remote, pool } = wrapped({ wait: never });
    const other = wrapped({ wait: never });
    remote.wait();
    const left = reason(other.remote.wait());
    let isIdle = false;
    pool.idle()?.then(() => {
      isIdle = true;
    });
    release(remote);
    await settle();
    expect(worker.posted.at(-1)?.type).toBe('RELEASE');
    // The other worker's call is still in flight.
    expect(isIdle).toBe(false);
    other.worker.end(0);
    await left;
    await settle();
    expect(isIdle).toBe(true);
  });

  it('tells its worker also in a shutdown', async () => {
    const { worker, remote, pool } = wrapped({});
    pool.refuse(refusal());
    release(remote);
    await settle();
    expect(worker.posted.map(({ type }) => type)).toEqual(['RELEASE']);
  });
});

describe('a program that has a way of its own to hand out objects', () => {
  it('keeps it', () => {
    const before = Comlink.transferHandlers.get('proxy') ?? expect.unreachable();
    const own = { ...before };
    Comlink.transferHandlers.set('proxy', own);
    wrapped({});
    expect(Comlink.transferHandlers.get('proxy')).toBe(own);
    Comlink.transferHandlers.set('proxy', before);
  });
});
