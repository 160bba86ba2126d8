/** The public functions: each passes on what it is given to the one instance of the thread, whoever has made that. */
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Instance, publishInstance } from '../../src/api/instance.ts';
import { VERSION } from '../../src/wire/reason.ts';

const signal = new AbortController().signal;
const answer = { returned: true };
let renew = (_: AbortSignal): void => {};
const calls = {
  register: vi.fn(),
  onDrain: vi.fn(),
  unregister: vi.fn(),
  registerWorker: vi.fn(() => answer),
  registerOnMain: vi.fn(() => answer),
  finalize: vi.fn(() => answer),
  isShuttingDown: vi.fn(() => true),
  shutdown: vi.fn(() => answer),
  exit: vi.fn(() => answer),
  configure: vi.fn(),
};
publishInstance({
  version: VERSION,
  signal,
  onNewSignal(listener: typeof renew) {
    renew = listener;
  },
  ...calls,
} as unknown as Instance);
const atexit = await import('../../src/index.ts');

beforeEach(() => {
  vi.clearAllMocks();
});
afterAll(() => Reflect.deleteProperty(globalThis, Symbol.for('worker-atexit')));

const close = (..._: unknown[]): void => {};
const resource = { [Symbol.dispose]() {} };

describe.each(['register', 'onDrain'] as const)('%s', (name) => {
  it('passes on a function with its arguments, and returns it', () => {
    expect(atexit[name](close, 1, 'two')).toBe(close);
    expect(calls[name].mock.calls).toEqual([[close, [1, 'two']]]);
  });

  it('passes on a resource, and returns it', () => {
    expect(atexit[name](resource)).toBe(resource);
    expect(calls[name].mock.calls).toEqual([[resource, []]]);
  });
});

it('unregister passes on what is to be removed', () => {
  atexit.unregister(close);
  expect(calls.unregister.mock.calls).toEqual([[close]]);
});

describe('registerWorker', () => {
  const worker = {} as Parameters<typeof atexit.registerWorker>[0];

  it('passes on the terms, and returns the link', () => {
    expect(atexit.registerWorker(worker, { name: 'renderer' })).toBe(answer);
    expect(calls.registerWorker.mock.calls).toEqual([[worker, { name: 'renderer' }]]);
  });

  it('has no terms unless told', () => {
    atexit.registerWorker(worker);
    expect(calls.registerWorker.mock.calls).toEqual([[worker, {}]]);
  });
});

it('registerOnMain passes on module, export and arguments', () => {
  expect(atexit.registerOnMain('/module.js', 'remove', 1, 2)).toBe(answer);
  expect(calls.registerOnMain.mock.calls).toEqual([['/module.js', 'remove', [1, 2]]]);
});

it('finalize passes on object, function and arguments', () => {
  expect(atexit.finalize(resource, close, 1, 2)).toBe(answer);
  expect(calls.finalize.mock.calls).toEqual([[resource, close, [1, 2]]]);
});

it('isShuttingDown asks', () => {
  expect(atexit.isShuttingDown()).toBe(true);
});

describe('shutdown', () => {
  it('passes on how it is to go', () => {
    expect(atexit.shutdown({ timeout: 5 })).toBe(answer);
    expect(calls.shutdown.mock.calls).toEqual([[{ timeout: 5 }, atexit.shutdown]]);
  });

  it('goes as configured unless told', () => {
    atexit.shutdown();
    expect(calls.shutdown.mock.calls).toEqual([[{}, atexit.shutdown]]);
  });
});

it('exit passes on the exit code', () => {
  expect(atexit.exit(3)).toBe(answer);
  expect(calls.exit.mock.calls).toEqual([[3, atexit.exit]]);
});

it('configure passes on the options', () => {
  atexit.configure({ timeout: 5 });
  expect(calls.configure.mock.calls).toEqual([[{ timeout: 5 }]]);
});

it('shutdownSignal is the instance’s, and a new one when that has one', () => {
  expect(atexit.shutdownSignal).toBe(signal);
  const next = new AbortController().signal;
  renew(next);
  expect(atexit.shutdownSignal).toBe(next);
});
