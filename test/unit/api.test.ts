/** What the public functions do, on a main thread whose process only stands in for one. */
import { win32 } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createInstance as createFront } from '../../src/api/front.ts';
import type { Instance } from '../../src/api/instance.ts';
import * as rest from '../../src/rest.ts';
import type { Pool } from '../../src/thread/pools.ts';
import { VERSION } from '../../src/wire/reason.ts';
import { createProcess, isPending } from './stand-ins.ts';

const thread = { isMain: true };
const { getBuiltinModule: builtin } = process;
/** The test may run in a thread of its own. */
const threads = Object.create(builtin('node:worker_threads'), { isMainThread: { get: () => thread.isMain } });

const createInstance = (): Instance =>
  createFront(
    () => rest,
    () => {},
    () => {},
  );

let program: ReturnType<typeof createProcess>;
let stderr: string[];
let atexit: Instance;
let calls: string[];
const call = (name: string) => (): void => void calls.push(name);

beforeEach(() => {
  [stderr, calls] = [[], []];
  const { execArgv, env } = process;
  program = createProcess({
    ...{ execArgv, env, stderr: { write: (line: string) => stderr.push(line) } },
    getBuiltinModule: (name: string) => (name === 'node:worker_threads' ? threads : builtin(name)),
  });
  vi.stubGlobal('process', program);
  atexit = createInstance();
});
afterEach(async () => {
  await atexit.shutdown({});
  vi.unstubAllGlobals();
});

/** What Node's modules answer on Windows. */
function onWindows(): void {
  const { getBuiltinModule } = process;
  const windows = new Map<string, object>([
    ['node:path', win32],
    [
      'node:url',
      {
        pathToFileURL: (path: string) => pathToFileURL(path, { windows: true }),
        fileURLToPath: (url: string) => fileURLToPath(url, { windows: true }),
      },
    ],
  ]);
  Reflect.set(program, 'getBuiltinModule', (name: string) => windows.get(name) ?? getBuiltinModule(name));
}

const misuse = (message: string | RegExp, code = 'INVALID_ARGUMENT') =>
  expect.objectContaining({
    name: 'TypeError',
    code: `ERR_WORKER_ATEXIT_${code}`,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  });
/** What is listened to since the library was used. */
const isInstalled = () => program.listenerCount('beforeExit') === 1;

it('is of the protocol’s version', () => {
  expect(atexit.version).toBe(VERSION);
});

it('installs nothing until it is used', () => {
  expect(isInstalled()).toBe(false);
  expect(atexit.isShuttingDown()).toBe(false);
  expect(isInstalled()).toBe(false);
});

describe('a handler', () => {
  it('is called with its arguments, the newest first, after what is to be drained', async () => {
    const handler = (...args: string[]): void => void calls.push(args.join(' '));
    atexit.register(handler, ['one', '1']);
    atexit.register({ [Symbol.dispose]: call('two') }, []);
    expect(isInstalled()).toBe(true);
    atexit.onDrain(handler, ['drained']);
    await atexit.shutdown({});
    expect(calls).toEqual(['drained', 'two', 'one 1']);
  });

  it('is removed wherever it was registered', async () => {
    const handler = call('removed');
    atexit.register(handler, []);
    atexit.onDrain(handler, []);
    atexit.register(handler, []);
    atexit.unregister(handler);
    const resource = { [Symbol.dispose]: handler };
    atexit.register(resource, []);
    atexit.unregister(resource);
    await atexit.shutdown({});
    expect(calls).toEqual([]);
  });

  it.each([
    [undefined, 'undefined'],
    [{}, 'an object'],
    [5, '5'],
  ])('is not %s', (handler, text) => {
    const message = `handler must be a function, or an object with [Symbol.dispose] or [Symbol.asyncDispose]; it is ${text}`;
    expect(() => atexit.register(handler, [])).toThrow(misuse(message));
    expect(() => atexit.onDrain(handler, [])).toThrow(misuse(message));
    expect(isInstalled()).toBe(false);
  });

  it.each([
    ['text', '"text"'],
    [null, 'null'],
    [undefined, 'undefined'],
    [5, '5'],
  ])('that was never registered cannot be removed, if it is %s', (handler, text) => {
    expect(() => atexit.unregister(handler)).toThrow(misuse(`handler must be what was registered; it is ${text}`));
  });

  it('may be unknown where it is removed', () => {
    expect(atexit.unregister(() => {})).toBeUndefined();
    expect(atexit.unregister({})).toBeUndefined();
    expect(isInstalled()).toBe(false);
  });
});

describe('a worker', () => {
  const workers: Worker[] = [];
  afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.terminate())));
  function start(): Worker {
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
    workers.push(worker);
    return worker;
  }

  it.each([
    [{}, {}, 'worker must be a Worker of node:worker_threads; it is an object'],
    ['worker', {}, 'worker must be a Worker of node:worker_threads; it is "worker"'],
  ])('is a Worker, and not %j', (worker, options, message) => {
    expect(() => atexit.registerWorker(worker, options)).toThrow(misuse(message));
    expect(isInstalled()).toBe(false);
  });

  it.each<[object, string]>([
    [{ name: 5 }, 'options.name must be a string; it is 5'],
    [{ essential: 1 }, 'options.essential must be true or false; it is 1'],
    [{ essential: null }, 'options.essential must be true or false; it is null'],
    [{ onFailure: 'report' }, 'options.onFailure must be a function; it is "report"'],
    [{ onFailure: null }, 'options.onFailure must be a function; it is null'],
  ])('cannot be registered with %j', (options, message) => {
    const worker = start();
    expect(() => atexit.registerWorker(worker, options)).toThrow(misuse(message));
    expect(isInstalled()).toBe(false);
  });

  it('has known options only', () => {
    const options: object = { nam: '' };
    const worker = start();
    expect(() => atexit.registerWorker(worker, options)).toThrow(
      misuse('options has no option "nam"; it has name, timeout, essential, onFailure', 'UNKNOWN_OPTION'),
    );
  });

  it('is ended by its link, and reported by its name', async () => {
    const worker = start();
    const { threadId } = worker;
    const link = atexit.registerWorker(worker, { name: 'renderer', timeout: 500, essential: true, onFailure() {} });
    expect(isInstalled()).toBe(true);
    expect(await link.shutdown()).toMatchObject({ threadId, name: `renderer ${threadId}`, status: 'unlinked' });
    expect(worker.threadId).toBe(-1);
  });

  it('is ended where its link is disposed of', async () => {
    const worker = start();
    expect(await atexit.registerWorker(worker, {})[Symbol.asyncDispose]()).toBeUndefined();
    expect(worker.threadId).toBe(-1);
  });

  it('is forgotten where that is taken back', async () => {
    const worker = start();
    atexit.registerWorker(worker, {}).unregister();
    expect((await atexit.shutdown({})).workers).toEqual([]);
    expect(worker.threadId).not.toBe(-1);
  });

  it('of a pool has the pool’s name, and does not make the library used', async () => {
    const worker = start();
    const { threadId } = worker;
    atexit.addPoolWorker(worker, { name: 'pool', timeout: 500 }, () => true);
    expect(isInstalled()).toBe(false);
    expect((await atexit.shutdown({})).workers).toMatchObject([{ name: `pool ${threadId}`, status: 'unlinked' }]);
  });

  it('that has not linked itself has nothing to clean up', () => {
    expect(atexit.cleanUp(start())).toBeUndefined();
  });
});

describe('a handler on the main thread', () => {
  const url = new URL('./modules/entrusted.cjs', import.meta.url);
  const entrusted = (): unknown => Reflect.get(globalThis, 'entrusted');
  afterEach(() => Reflect.deleteProperty(globalThis, 'entrusted'));

  it.each([
    ['a URL', url],
    ['the text of a URL', url.href],
    ['an absolute path', decodeURIComponent(url.pathname)],
  ])('is in a module that is named by %s', async (_, module) => {
    Reflect.set(globalThis, 'entrusted', []);
    atexit.registerOnMain(module, 'record', ['one', { two: 2 }]);
    expect(isInstalled()).toBe(true);
    const { handlers } = await atexit.shutdown({});
    expect(handlers).toMatchObject([{ name: 'record of entrusted.cjs' }]);
    expect(handlers[0]?.error).toBeUndefined();
    expect(entrusted()).toEqual([['one', { two: 2 }]]);
  });

  it('may have a path that no URL has', async () => {
    const path = '/a folder/#1/module.js';
    atexit.registerOnMain(path, 'record', []);
    const { handlers } = await atexit.shutdown({});
    // There is none, and it says which it has looked for.
    expect(String(handlers[0]?.error)).toContain(`'${path}'`);
  });

  it.each([
    ['C:\\app\\remove.mjs', 'file:///C:/app/remove.mjs'],
    ['C:/app/#1/remove.mjs', 'file:///C:/app/%231/remove.mjs'],
    ['\\\\server\\share\\remove.mjs', 'file://server/share/remove.mjs'],
    ['file:///C:/app/remove.mjs', 'file:///C:/app/remove.mjs'],
  ])('may have a path of Windows there: %s', async (path, url) => {
    onWindows();
    atexit.registerOnMain(path, 'remove', []);
    const { handlers } = await atexit.shutdown({});
    // There is none, and it says which it has looked for, by the one name or the other.
    const error = String(handlers[0]?.error);
    expect(
      [url, fileURLToPath(url, { windows: true })].some((name) => error.includes(name)),
      error,
    ).toBe(true);
  });

  it('is not in a path that is relative to a drive', () => {
    const relative = misuse(/^module must be a URL or an absolute path, .*; it is "C:remove\.mjs"$/);
    expect(() => atexit.registerOnMain('C:remove.mjs', 'remove', [])).toThrow(relative);
    onWindows();
    expect(() => atexit.registerOnMain('C:remove.mjs', 'remove', [])).toThrow(relative);
  });

  it('is not called where it was taken back', async () => {
    atexit.registerOnMain(url, 'record', []).unregister();
    expect((await atexit.shutdown({})).handlers).toEqual([]);
  });

  it.each([
    ['./relative.js', '"./relative.js"'],
    ['', '""'],
    [undefined, 'undefined'],
    [5, '5'],
  ])('is not in %j', (module, text) => {
    expect(() => atexit.registerOnMain(module, 'record', [])).toThrow(
      misuse(
        `module must be a URL or an absolute path, such as new URL('./module.js', import.meta.url); it is ${text}`,
      ),
    );
    expect(isInstalled()).toBe(false);
  });

  it('is exported under a name', () => {
    expect(() => atexit.registerOnMain(url, undefined, [])).toThrow(
      misuse('exportName must be a string; it is undefined'),
    );
  });

  it('has arguments that can be cloned', () => {
    expect(() => atexit.registerOnMain(url, 'record', [() => {}])).toThrow(
      misuse(/^args cannot be cloned for the main thread: .* could not be cloned\.$/),
    );
  });
});

describe('a finalizer', () => {
  it('is called at the end, with its arguments and under its name', async () => {
    function remove(...args: string[]): void {
      calls.push(args.join(' '));
    }
    const finalizer = atexit.finalize({}, remove, ['the', 'folder']);
    atexit.finalize(() => {}, call('two'), []);
    expect(finalizer.alive).toBe(true);
    expect(isInstalled()).toBe(true);
    const { handlers } = await atexit.shutdown({});
    expect(calls).toEqual(['two', 'the folder']);
    expect(handlers.map(({ name }) => name)).toEqual(['(anonymous)', 'remove']);
  });

  const object = {};
  const fn = (): void => {};
  it.each<[unknown, unknown, unknown[], string]>([
    [1, fn, [], 'object must be an object; it is 1'],
    [null, fn, [], 'object must be an object; it is null'],
    [object, 'x', [], 'fn must be a function; it is "x"'],
    [fn, fn, [], 'object must not be fn or one of its arguments: it would never be collected'],
    [object, fn, [1, object], 'object must not be fn or one of its arguments: it would never be collected'],
  ])('is none for (%s, %s, %j)', (target, called, args, message) => {
    expect(() => atexit.finalize(target, called, args)).toThrow(misuse(message));
    expect(isInstalled()).toBe(false);
  });
});

describe('a pool', () => {
  it('is asked at the shutdown, and forgotten', async () => {
    const pool: Pool = {
      name: 'resize',
      adopt: () => {},
      refuse: ({ route }) => route,
      idle: () => undefined,
      wake: () => 'woken',
      end: async () => call('ended')(),
    };
    const owner = {};
    expect(atexit.hasPool(owner)).toBe(false);
    atexit.addPool(owner, pool);
    expect(isInstalled()).toBe(true);
    expect(atexit.hasPool(owner)).toBe(true);
    const { notes } = await atexit.shutdown({});
    expect([...notes].sort()).toEqual(['shutdown', 'woken']);
    expect(calls).toEqual(['ended']);
    expect(atexit.hasPool(owner)).toBe(false);
  });
});

describe('a shutdown', () => {
  it('has a reason, and lets the process live on, as new', async () => {
    const { signal } = atexit;
    const signals: AbortSignal[] = [];
    atexit.onNewSignal((next) => signals.push(next));
    const cause = { because: 'of this' };
    const report = await atexit.shutdown({ reason: cause });
    expect(report).toMatchObject({ ok: true, route: 'shutdown', reason: { cause } });
    expect(signal.reason).toBe(report.reason);
    expect(signals).toEqual([atexit.signal]);
    expect(atexit.signal.aborted).toBe(false);
    expect(program.eventNames()).not.toContain('beforeExit');
    expect(program.exit).not.toHaveBeenCalled();
  });

  it('is the same one while it runs, and another one later', async () => {
    atexit.register(() => new Promise((resolve) => setImmediate(resolve)), []);
    const running = atexit.shutdown({});
    expect(atexit.isShuttingDown()).toBe(true);
    expect(atexit.shutdown({})).toBe(running);
    await running;
    expect(atexit.isShuttingDown()).toBe(false);
    const another = atexit.shutdown({});
    expect(another).not.toBe(running);
    expect(await another).not.toBe(await running);
  });

  it('is over when what was registered is ended', async () => {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const nothing = () => undefined;
    atexit.addPool({}, { name: 'slow', adopt() {}, refuse: nothing, idle: nothing, wake: nothing, end: () => ended });
    const over = atexit.shutdown({});
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(await isPending(over)).toBe(true);
    end();
    await over;
  });

  it('has a timeout of its own', async () => {
    atexit.register(() => new Promise(() => {}), []);
    const { ok, handlers } = await atexit.shutdown({ timeout: 50 });
    expect(ok).toBe(false);
    expect(handlers).toMatchObject([{ unfinished: true }]);
  });

  it.each<[object | undefined, string, string?]>([
    [undefined, 'options must be an object; it is undefined'],
    [{ timeout: -1 }, 'options.timeout must be a number of milliseconds from 0 to 2147483647, some 24 days; it is -1'],
    [{ tiemout: 5 }, 'options has no option "tiemout"; it has reason, timeout', 'UNKNOWN_OPTION'],
  ])('cannot be %j', (options, message, code) => {
    expect(() => atexit.shutdown(options ?? (undefined as unknown as object))).toThrow(misuse(message, code));
    expect(isInstalled()).toBe(false);
  });
});

describe('inside a handler', () => {
  const message = (name: string) =>
    `${name}() inside a handler would wait for itself; process.exit(code) sets the exit code`;

  it.each(['shutdown', 'exit'] as const)('%s() rejects at once', async (name) => {
    atexit.register(async () => {
      await undefined;
      await (name === 'exit' ? atexit.exit() : atexit.shutdown({}));
    }, []);
    const { handlers } = await atexit.shutdown({});
    expect(handlers[0]?.error).toEqual(misuse(message(name), 'INSIDE_HANDLER'));
  });

  it('one that nobody waits for goes unnoticed', async () => {
    atexit.register(() => void atexit.shutdown({}), []);
    expect(await atexit.shutdown({})).toMatchObject({ ok: true });
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('that is called before the shutdown, shutdown() is not refused', async () => {
    const handler = () => atexit.shutdown({});
    atexit.register(handler, []);
    atexit.unregister(handler);
    expect(await handler()).toMatchObject({ ok: true });
  });
});

describe('an exit', () => {
  /** It never settles. */
  async function left(): Promise<void> {
    await vi.waitFor(() => expect(program.exit).toHaveBeenCalledTimes(1));
  }

  it.each([
    [0, 0],
    [3, 3],
    [undefined, 7],
  ])('with %s runs the sequence, and leaves', async (code, exitCode) => {
    program.exitCode = 7;
    let reason: unknown;
    atexit.register(() => {
      reason = atexit.signal.reason;
      expect(program.exit).not.toHaveBeenCalled();
    }, []);
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    atexit.exit(code).then(settle, settle);
    await left();
    expect(reason).toMatchObject({ route: 'exit', exitCode });
    expect(program.exitCode).toBe(exitCode);
    expect(settled).toBe(false);
  });

  it('leaves with 0 where nobody has said otherwise', async () => {
    const { signal } = atexit;
    atexit.exit();
    await left();
    expect(signal.reason).toMatchObject({ route: 'exit', exitCode: 0 });
    expect(program.exitCode).toBeUndefined();
  });

  it('does not change how a process ends that a signal has told to', async () => {
    atexit.register(() => {}, []);
    program.emit('SIGTERM', 'SIGTERM');
    atexit.exit(3);
    await vi.waitFor(() => expect(program.exit).toHaveBeenCalledTimes(2));
    const kill = vi.spyOn(Atomics, 'wait').mockReturnValue('timed-out');
    program.exitCode = 143;
    program.reallyExit(143);
    expect(program.kill.mock.calls).toEqual([[4711, 'SIGTERM']]);
    kill.mockRestore();
  });

  it.each([1.5, Number.NaN, '3', null])('is not with %s', (code) => {
    const given = code as number;
    const text = typeof code === 'string' ? '"3"' : String(code);
    expect(() => atexit.exit(given)).toThrow(misuse(`code must be an integer; it is ${text}`));
    expect(isInstalled()).toBe(false);
  });
});

describe('the configuration', () => {
  const logger = { error: (message: string): void => void calls.push(message) };
  const fail = (): never => {
    throw new Error('no');
  };

  it('holds from now on', async () => {
    atexit.configure({ logger, signals: ['SIGUSR2'] });
    expect(isInstalled()).toBe(true);
    expect(program.eventNames()).toContain('SIGUSR2');
    expect(program.eventNames()).not.toContain('SIGINT');
    atexit.configure({ signals: 'auto' });
    expect(program.eventNames()).not.toContain('SIGUSR2');
    expect(program.eventNames()).toContain('SIGINT');
    atexit.register(fail, []);
    await atexit.shutdown({});
    atexit.log('of an adapter');
    expect(calls).toEqual([expect.stringContaining('handler fail failed'), 'worker-atexit: of an adapter']);
    expect(stderr).toEqual([]);
  });

  it('is as it was where it is wrong', () => {
    const options: object = { timeout: -1 };
    expect(() => atexit.configure(options)).toThrow(misuse(/^options.timeout must be/));
    expect(isInstalled()).toBe(false);
  });

  it('is the main thread’s', () => {
    thread.isMain = false;
    const ofWorker = createInstance();
    thread.isMain = true;
    expect(() => ofWorker.configure({})).toThrow(
      misuse('configure() is for the main thread: its settings hold for the whole process', 'MAIN_THREAD_ONLY'),
    );
    expect(isInstalled()).toBe(false);
  });

  it('may come before any use, and is none', async () => {
    atexit.preset({ logger, signals: [] });
    expect(isInstalled()).toBe(false);
    atexit.register(fail, []);
    expect(program.eventNames()).not.toContain('SIGINT');
    await atexit.shutdown({});
    expect(calls).toEqual([expect.stringContaining('handler fail failed')]);
  });

  it('that comes before any use may come after it as well', () => {
    atexit.register(() => {}, []);
    atexit.preset({ signals: ['SIGUSR2'] });
    expect(program.eventNames()).toContain('SIGUSR2');
  });
});
