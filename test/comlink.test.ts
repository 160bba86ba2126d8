import { Worker } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest';
import { onDrain, register } from 'worker-atexit';
import { expose, wrap } from 'worker-atexit/comlink';
import { linesOf, run, temporaryFolder } from './programs.ts';
import { exposeGc } from './runtime.ts';

async function play(...situation: readonly string[]) {
  const dir = temporaryFolder();
  const ended = await run('comlink.js', [dir, ...situation]);
  return { ...ended, log: linesOf(dir, 'log') };
}

it('leaves Comlink all that it can do', async () => {
  const { code, log, stderr } = await play('comlink');
  expect({ code, stderr, log }).toEqual({
    code: 0,
    stderr: '',
    log: [
      'method 1',
      'nested 42',
      'property first 7',
      'assigned second',
      'class 2',
      'returned proxy 11',
      'callback 2',
      'worker: called',
      'callback that a worker returns called',
      'transfer 8 0',
      'endpoint 2',
      'transfer handler true true',
      'private private',
      'awaited true',
      'error: RangeError undefined on purpose',
      'not cloned: DataCloneError 25 () => {} could not be cloned.',
      "no function: TypeError undefined Cannot read properties of undefined (reading 'there')",
      'bound 3',
      'released Proxy has been released and is not useable',
      'worker: handler',
    ],
  });
});

it('answers the calls on a proxy that is collected meanwhile, and releases it then', async () => {
  const dir = temporaryFolder();
  const { code, stderr } = await run('comlink.js', [dir, 'collected'], { nodeOptions: [exposeGc] });
  const log = linesOf(dir, 'log');
  const isWorkers = (line: string): boolean => line.startsWith('worker: ');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // Each thread's own: once the answer is there, both go on.
  expect(log.filter((line) => !isWorkers(line))).toEqual(['returned: called', 'ended']);
  expect(log.filter(isWorkers)).toEqual(['worker: called', 'worker: handler']);
});

describe('a worker that is gone', () => {
  const shutdown = 'it ended with exit code 1 in a shutdown (AbortError: this thread is shutting down (shutdown))';

  it.each([
    ['process.exit()', 'it ended with exit code 5'],
    ['crash', 'it ended by TypeError: a crash (TypeError: a crash)'],
    ['terminate()', 'it ended with exit code 1'],
    ['shutdown()', shutdown],
  ])('rejects the calls in flight and each one that follows: %s', async (end, how) => {
    const { code, log, stderr } = await play('gone', end);
    expect(code).toBe(0);
    // Its calls are waited for until half of the time is over, which is when a line says for whom.
    expect(stderr).toMatch(/^(worker-atexit: still shutting down: pool Comlink calls .*\n)?$/);
    const gone = `Error ERR_WORKER_ATEXIT_WORKER_GONE db 1 is gone: ${how}`;
    const calls = [
      'in flight',
      'on a proxy',
      'later',
      'property',
      'class',
      'endpoint',
      'proxy later',
      'with a callback',
    ].map((call) => `${call}: ${gone}`);
    expect(log.filter((line) => line !== 'worker: handler')).toEqual(
      end === 'shutdown()' ? calls : [...calls, 'other: lives'],
    );
    expect(log.filter((line) => line === 'worker: handler')).toHaveLength(2);
  });

  it('leaves a rejection that nobody handles to Node', async () => {
    const { log } = await play('unhandled');
    expect(log).toEqual(['worker: handler', 'unhandled Error: db 1 is gone: it ended with exit code 1']);
  });

  it('rejects calls on one that had ended before it was wrapped', async () => {
    const { log } = await play('gone before');
    expect(log).toEqual(['late: Error ERR_WORKER_ATEXIT_WORKER_GONE late is gone: it had ended before it was wrapped']);
  });

  it('delivers the answers that it had sent', async () => {
    const { code, log } = await play('last words');
    expect({ code, log: log.sort() }).toEqual({ code: 0, log: ['sum: 11', 'worker: handler'] });
  });
});

describe('a shutdown', () => {
  const drained = [
    'worker: slow a remote function drains',
    'worker: a call on a proxy',
    'proxy: a call on a proxy',
    'worker: slow while draining',
    'while draining: while draining',
    'worker: slow early',
    'early: early',
    'worker: handler',
    'false db 1 acked',
    'a handler failed: ERR_WORKER_ATEXIT_SHUTDOWN',
  ];

  it('lets calls in flight finish, takes new ones while others drain, and refuses them later', async () => {
    const { code, log } = await play('drain', 'exit()');
    expect(code).toBe(3);
    expect(log.slice(0, 7).sort()).toEqual(drained.slice(0, 7).sort());
    expect(log.slice(7)).toEqual(drained.slice(7));
  });

  it('is forgotten in a process that lives on', async () => {
    const { code, log } = await play('drain', 'shutdown()');
    expect(code).toBe(3);
    expect(log.slice(7)).toEqual([
      ...drained.slice(7),
      expect.stringMatching(/^after: Error ERR_WORKER_ATEXIT_WORKER_GONE db 1 is gone: /),
      'again: again',
      'worker: handler',
      'true again 2 acked',
    ]);
  });

  it('gives up on a call that is never answered, and lets the worker clean up', async () => {
    const { code, log } = await play('never answered');
    expect({ code, log }).toEqual({ code: 3, log: ['worker: handler', 'false db 1 acked'] });
  });

  it('rejects the call in which a worker is stuck that it terminates', async () => {
    const { code, log } = await play('blocked');
    expect({ code, log: log.sort() }).toEqual({
      code: 3,
      log: [expect.stringMatching(/^blocked: Error ERR_WORKER_ATEXIT_WORKER_GONE db 1 is/), 'false db 1 timed-out'],
    });
  });

  it('does not wait for calls where nothing was to keep the process', async () => {
    const { code, log } = await play('nothing keeps the process alive');
    expect({ code, log }).toEqual({ code: 0, log: ['worker: handler', 'after no time'] });
  });
});

describe('what is exposed is disposed of exactly once', () => {
  const ways = [
    ['async', 'asyncDispose'],
    ['sync', 'dispose'],
    ['finalizer', 'finalizer'],
  ] as const;

  it.each(
    ways.flatMap(([disposer, disposed]) =>
      ['exit()', 'process.exit()', 'SIGTERM', 'terminate()', 'release', 'release and exit()'].map((route) => ({
        disposer,
        route,
        disposed,
      })),
    ),
  )('$disposer, $route', async ({ disposer, route, disposed }) => {
    const { code, signal, log, stderr } = await play('dispose', `${disposer}, ${route}`);
    expect({ end: signal ?? code, stderr }).toEqual({ end: route === 'SIGTERM' ? 'SIGTERM' : 3, stderr: '' });
    expect(log).toEqual([`worker: ${disposed}`, expect.stringMatching(/^true( db 1 (acked|unlinked))?/)]);
  });

  it('when the last of its proxies is released', async () => {
    const { code, log } = await play('dispose', 'finalizer, clones released');
    expect({ code, log }).toEqual({ code: 3, log: ['clone: still here', 'worker: finalizer', 'true '] });
  });

  it('when the port of the last one is closed', async () => {
    const { code, log } = await play('dispose', 'async, a clone that is closed');
    expect({ code, log }).toEqual({ code: 3, log: ['closes', 'worker: asyncDispose', 'true '] });
  });

  it('also where that fails on release, which is told, and the worker lives', async () => {
    const { code, stderr } = await play('dispose', 'fails, release');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^worker-atexit: handler Api\[Symbol.dispose\] failed: RangeError: the disposer fails\n/);
  });

  it('also where that fails, which is reported', async () => {
    const { code, log, stderr } = await play('dispose', 'fails, exit()');
    expect({ code, log }).toEqual({ code: 3, log: ['false db 1 failed'] });
    expect(stderr).toMatch(
      /^worker-atexit: db 1: handler Api\[Symbol.dispose\] failed: RangeError: the disposer fails\n/,
    );
  });
});

describe("a worker's callback as a handler", () => {
  it('runs in the worker, which has cleaned up by then', async () => {
    const { code, log } = await play('callbacks', 'exit()');
    expect({ code, log }).toEqual({
      code: 3,
      log: ['worker: handler', 'worker: handed over', 'worker: returned', 'true db 1 acked'],
    });
  });

  it('fails at once where the worker is gone', async () => {
    const { code, log } = await play('callbacks', 'gone');
    const failed = 'a handler failed: ERR_WORKER_ATEXIT_WORKER_GONE';
    expect({ code, log }).toEqual({ code: 3, log: ['worker: handler', 'false ', failed, failed] });
  });

  it('is called and not waited for on a synchronous route', async () => {
    const { code, log, stderr } = await play('callbacks', 'process.exit()');
    expect(code).toBe(3);
    // Whether a callback gets through before the process is gone is a matter of luck.
    const certain = log.filter((line) => !/handed over|returned/.test(line));
    expect(certain).toEqual(['worker: handler', 'false db 1 acked']);
    expect(stderr.match(/was left unfinished/g)).toHaveLength(2);
  });
});

it('answers a request that cannot be read with an error, and drops what is none', async () => {
  const { code, log, stderr } = await play('bad messages');
  expect({ code, log, stderr }).toEqual({
    code: 0,
    log: ['a "TypeError"', 'b "TypeError"', 'c "TypeError"', 'd "TypeError"', 'own 1', 'worker: handler'],
    stderr: '',
  });
});

it('rejects a call whose answer cannot be read', async () => {
  const { code, log, stderr } = await play('bad answers');
  expect({ code, log, stderr }).toEqual({ code: 0, log: ['rejected TypeError'], stderr: '' });
});

describe('misuse', () => {
  const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
  afterAll(() => worker.terminate());
  // What a program in plain JavaScript may do, and types would refuse.
  const calls = { wrap, expose } as unknown as Record<string, (...args: unknown[]) => unknown>;

  it.each([
    ['wrap', [], 'INVALID_ARGUMENT', /^worker must be a Worker of node:worker_threads; it is undefined$/],
    ['wrap', [{}], 'INVALID_ARGUMENT', /^worker must be a Worker .*; it is an object$/],
    ['wrap', [worker, null], 'INVALID_ARGUMENT', /^options must be an object; it is null$/],
    ['wrap', [worker, { name: 7 }], 'INVALID_ARGUMENT', /^options.name must be a string; it is 7$/],
    ['wrap', [worker, { timeout: -1 }], 'INVALID_ARGUMENT', /^options.timeout .*; it is -1$/],
    ['wrap', [worker, { nam: '' }], 'UNKNOWN_OPTION', /^options has no option "nam"; it has name, timeout/],
    ['expose', ['text'], 'INVALID_ARGUMENT', /^api must be an object or a function; it is "text"$/],
    ['expose', [null], 'INVALID_ARGUMENT', /^api must be an object or a function; it is null$/],
    ['expose', [{}, null], 'INVALID_ARGUMENT', /^endpoint must be given on the main thread, which has no parentPort$/],
  ])('%s(%j) throws %s', (name, args, code, message) => {
    let thrown: unknown;
    try {
      calls[name]?.(...args);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(TypeError);
    expect(thrown).toMatchObject({
      code: `ERR_WORKER_ATEXIT_${code}`,
      message: expect.stringMatching(message),
    });
  });
});

it('takes no proxy for a Worker, and asks nothing of it', () => {
  let asked = 0;
  const remote = Comlink.wrap({
    postMessage: () => void asked++,
    addEventListener: () => {},
    removeEventListener: () => {},
  });
  expect(() => Reflect.apply(wrap, undefined, [remote])).toThrow(/^worker must be a Worker .*; it is .*function/);
  expect(asked).toBe(0);
});

it("keeps Comlink's types", () => {
  interface Api {
    add(one: number, other: number): number;
    readonly property: string;
    readonly Counter: new (count: number) => { next(): number };
  }
  const typed = (worker: Worker) => {
    const remote = wrap<Api>(worker, { name: 'typed', timeout: 100 });
    expectTypeOf(remote).toEqualTypeOf<Comlink.Remote<Api>>();
    expectTypeOf(remote.add(1, 2)).toEqualTypeOf<Promise<number>>();
    expectTypeOf(remote.property).toEqualTypeOf<Promise<string>>();
    expectTypeOf(new remote.Counter(1)).toExtend<Promise<Comlink.Remote<{ next(): number }>>>();
    // @ts-expect-error
    remote.add('1');
    onDrain(remote.add, 1, 2);
    register(() => remote.add(1, 2));
  };
  expectTypeOf(typed).returns.toEqualTypeOf<void>();
});
