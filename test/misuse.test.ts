import { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { afterAll, describe, expect, it } from 'vitest';
import * as atexit from 'worker-atexit';
import { registerWorker as registerBullWorker } from 'worker-atexit/bullmq';
import { expose, wrap } from 'worker-atexit/comlink';
import { registerServer } from 'worker-atexit/http';
import { registerPool } from 'worker-atexit/piscina';
import { registerCluster, registerProcess } from 'worker-atexit/process';
import { toHtml, toText, toTrace } from 'worker-atexit/timeline';
import { registerPool as registerTinypool } from 'worker-atexit/tinypool';
import { registerPool as registerWorkerpool } from 'worker-atexit/workerpool';

// What a program in plain JavaScript may do, and types would refuse.
const calls = atexit as unknown as Record<string, (...args: unknown[]) => unknown>;
const pools = { registerPool } as unknown as Record<string, (...args: unknown[]) => unknown>;
const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
const pool = new Piscina({ maxThreads: 1 });
afterAll(() => Promise.all([worker.terminate(), pool.destroy()]));

const INVALID = 'ERR_WORKER_ATEXIT_INVALID_ARGUMENT';
const UNKNOWN = 'ERR_WORKER_ATEXIT_UNKNOWN_OPTION';

const misuses: [string, unknown[], string, RegExp][] = [
  ['register', [], INVALID, /^handler must be a function, or an object with \[Symbol.dispose\].*; it is undefined$/],
  ['register', [{}], INVALID, /^handler must be .*; it is an object$/],
  ['register', ['text'], INVALID, /^handler must be .*; it is "text"$/],
  ['register', [null], INVALID, /^handler must be .*; it is null$/],
  [
    'register',
    [Promise.resolve()],
    INVALID,
    /^handler must be .*; it is a Promise; pass the function itself, not what it returns$/,
  ],
  ['register', [Promise.resolve(), 'one'], INVALID, /; it is a Promise; pass the function itself/],
  [
    'register',
    [{ [Symbol.dispose]() {} }, 'one'],
    INVALID,
    /^args are what a function is called with, and handler is an object: leave them out$/,
  ],
  ['onDrain', [{ async [Symbol.asyncDispose]() {} }, 1], INVALID, /^args are .*: leave them out$/],
  ['register', [null, 'one'], INVALID, /^handler must be .*; it is null$/],
  ['onDrain', [42], INVALID, /^handler must be .*; it is 42$/],
  ['unregister', ['text'], INVALID, /^handler must be what was registered; it is "text"$/],
  ['registerWorker', [{}], INVALID, /^worker must be a Worker of node:worker_threads; it is an object$/],
  ['registerWorker', [worker, null], INVALID, /^options must be an object; it is null$/],
  [
    'registerWorker',
    [worker, { timeout: -1 }],
    INVALID,
    /^options.timeout must be a number of milliseconds.*; it is -1$/,
  ],
  ['registerWorker', [worker, { timeout: Number.NaN }], INVALID, /^options.timeout .*; it is NaN$/],
  ['registerWorker', [worker, { name: 7 }], INVALID, /^options.name must be a string; it is 7$/],
  [
    'registerWorker',
    [worker, { timout: 1 }],
    UNKNOWN,
    /^options has no option "timout"; it has name, timeout, essential, onFailure$/,
  ],
  ['registerWorker', [worker, { essential: 1 }], INVALID, /^options.essential must be true or false; it is 1$/],
  ['registerWorker', [worker, { onFailure: 'x' }], INVALID, /^options.onFailure must be a function; it is "x"$/],
  ['registerOnMain', ['./relative.js', 'x'], INVALID, /^module must be a URL or an absolute path, .*; it is ".\/rel/],
  ['registerOnMain', [undefined, 'x'], INVALID, /^module must be a URL or an absolute path, .*; it is undefined$/],
  ['registerOnMain', ['/module.js', undefined], INVALID, /^exportName must be a string; it is undefined$/],
  [
    'registerOnMain',
    ['/module.js', 'x', () => {}],
    INVALID,
    /^args cannot be cloned for the main thread: .* could not/,
  ],
  ['finalize', [1, () => {}], INVALID, /^object must be an object; it is 1$/],
  ['finalize', [{}, 'x'], INVALID, /^fn must be a function; it is "x"$/],
  ['finalize', [pool, () => {}, 1, pool], INVALID, /^object must not be fn or one of its arguments: it would never/],
  ['configure', [{ watchdog: 'yes' }], INVALID, /^options.watchdog must be 'auto', true or false; it is "yes"$/],
  ['registerPool', [{}], INVALID, /^pool must be a Piscina pool; it is an object without run$/],
  ['registerPool', [undefined], INVALID, /^pool must be a Piscina pool; it is undefined$/],
  ['registerPool', [pool, { timeout: Number.POSITIVE_INFINITY }], INVALID, /^options.timeout .*; it is Infinity$/],
  ['registerPool', [pool, { force: 1 }], INVALID, /^options.force must be true or false; it is 1$/],
  ['registerPool', [pool, { nam: '' }], UNKNOWN, /^options has no option "nam"; it has /],
  ['configure', [], INVALID, /^options must be an object; it is undefined$/],
  ['configure', [{ timeout: '1' }], INVALID, /^options.timeout must be a number of milliseconds.*; it is "1"$/],
  ['configure', [{ syncTimeout: -1 }], INVALID, /^options.syncTimeout /],
  [
    'configure',
    [{ signals: 'SIGTERM' }],
    INVALID,
    /^options.signals must be 'auto' or an array of signals; it is "SIGTERM"$/,
  ],
  [
    'configure',
    [{ signals: ['SIGNOTHING'] }],
    INVALID,
    /^options.signals has "SIGNOTHING", which is no signal of this system$/,
  ],
  ['configure', [{ signals: [15] }], INVALID, /^options.signals has 15, which is no signal of this system$/],
  [
    'configure',
    [{ signals: ['SIGKILL'] }],
    INVALID,
    /^options.signals has SIGKILL, which no process can catch: leave it out$/,
  ],
  ['configure', [{ crash: true }], INVALID, /^options.crash must be 'sync', 'graceful' or 'off'; it is true$/],
  ['configure', [{ ipc: 1 }], INVALID, /^options.ipc must be true or false; it is 1$/],
  [
    'configure',
    [{ failureExitCode: 256 }],
    INVALID,
    /^options.failureExitCode must be an integer from 0 to 255; it is 256$/,
  ],
  [
    'configure',
    [{ logger: {} }],
    INVALID,
    /^options.logger must be false or have a method error\(message\); it is an object$/,
  ],
  ['configure', [{ onReport: true }], INVALID, /^options.onReport must be a function; it is true$/],
  ['configure', [{ timeOut: 1 }], UNKNOWN, /^options has no option "timeOut"; it has timeout, syncTimeout, /],
  ['shutdown', [{ timeout: -1 }], INVALID, /^options.timeout .*; it is -1$/],
  ['shutdown', [{ why: 1 }], UNKNOWN, /^options has no option "why"; it has reason, timeout$/],
  ['exit', ['1'], INVALID, /^code must be an integer; it is "1"$/],
  ['exit', [1.5], INVALID, /^code must be an integer; it is 1.5$/],
];

it.each(misuses)('%s(%j) throws %s', (name, args, code, message) => {
  const call = name === 'registerPool' ? pools[name] : calls[name];
  let thrown: unknown;
  try {
    call?.(...args);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(TypeError);
  expect(thrown).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(firstFrame(thrown)).toMatch(/misuse\.test\.ts:\d+:\d+\)?$/);
});

/** Where an error says that it was thrown. */
const firstFrame = (error: unknown): string | undefined =>
  error instanceof Error ? error.stack?.split('\n').find((line) => /^\s*at /.test(line)) : undefined;

describe('a misuse behind another door is told at the caller’s line, too', () => {
  const nothing = {} as never;
  const wrong = { bogus: 1 } as never;
  it.each<[string, () => unknown]>([
    ['registerPool of Tinypool', () => registerTinypool(nothing)],
    ['registerPool of workerpool', () => registerWorkerpool(nothing)],
    ['registerServer', () => registerServer(nothing)],
    ['registerProcess', () => registerProcess(nothing)],
    ['registerCluster', () => registerCluster(wrong)],
    ['registerWorker of BullMQ', () => registerBullWorker(nothing)],
    ['wrap', () => wrap(nothing)],
    ['expose', () => expose(5 as never)],
    ['toTrace', () => toTrace(5 as never)],
    ['toHtml', () => toHtml(5 as never)],
    ['toText', () => toText(nothing, wrong)],
  ])('%s', (_, call) => {
    let thrown: unknown;
    try {
      call();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: expect.stringMatching(/^ERR_WORKER_ATEXIT_/) });
    expect(firstFrame(thrown)).toMatch(/misuse\.test\.ts:\d+:\d+\)?$/);
  });
});

it('changes nothing where an option is wrong', async () => {
  const lines: string[] = [];
  const logger = { error: (line: string) => lines.push(line) };
  atexit.configure({ logger });
  expect(() => calls.configure?.({ logger: false, timeout: -1 })).toThrow(TypeError);
  atexit.register(() => {
    throw new Error('still logged');
  });
  await atexit.shutdown();
  expect(lines).toEqual([expect.stringContaining('still logged')]);
});

it('leaves a pool as it is that is registered again', async () => {
  expect(registerPool(registerPool(pool, { name: 'one' }), { name: 'two' })).toBe(pool);
  await atexit.shutdown();
});
