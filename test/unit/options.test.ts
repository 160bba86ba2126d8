import { afterEach, describe, expect, it, vi } from 'vitest';
import { AUTO_SIGNALS, defaults, type Options, withOptions } from '../../src/options.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.resetModules();
});

const logger = { error() {} };
const onReport = (): void => {};

it('has the defaults that the documents name', () => {
  expect(defaults).toEqual({
    timeout: 8000,
    syncTimeout: 1000,
    signals: 'auto',
    crash: 'sync',
    ipc: false,
    failureExitCode: 1,
    watchdog: 'auto',
    exit: 'sync',
    supervisor: 'auto',
    logger: { error: expect.any(Function) },
    onReport: undefined,
  });
});

it('logs lines to stderr, by way of the stream', () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  if (defaults.logger) defaults.logger.error('a worker was lost');
  expect(write.mock.calls).toEqual([['a worker was lost\n']]);
});

it('listens to the signals that ask a program to end', () => {
  expect(AUTO_SIGNALS).toEqual(['SIGINT', 'SIGTERM', 'SIGHUP']);
});

it('listens to SIGBREAK as well on Windows', async () => {
  vi.stubGlobal('process', { ...process, platform: 'win32' });
  const windows = await import('../../src/options.ts');
  expect(windows.AUTO_SIGNALS).toEqual(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK']);
});

it('changes what is said, and nothing else', () => {
  expect(withOptions(defaults, {})).toEqual(defaults);
  const changed = withOptions(defaults, { timeout: 5, ipc: true });
  expect(changed).toEqual({ ...defaults, timeout: 5, ipc: true });
  expect(withOptions(changed, { ipc: false })).toEqual({ ...defaults, timeout: 5 });
});

it('leaves what is undefined as it was', () => {
  const changed = withOptions(defaults, { onReport });
  const undefinedOnes = Object.fromEntries(Object.keys(defaults).map((option) => [option, undefined]));
  expect(withOptions(changed, undefinedOnes)).toEqual(changed);
});

it.each<[Options]>([
  [{ timeout: 0, syncTimeout: 0 }],
  [{ signals: 'auto' }],
  [{ signals: [] }],
  [{ signals: ['SIGUSR2', 'SIGINT'] }],
  [{ crash: 'sync' }],
  [{ crash: 'graceful' }],
  [{ crash: 'off' }],
  [{ ipc: true }],
  [{ failureExitCode: 0 }],
  [{ failureExitCode: 255 }],
  [{ watchdog: 'auto' }],
  [{ exit: 'graceful' }],
  [{ exit: 'sync' }],
  [{ supervisor: 'none' }],
  [{ watchdog: true }],
  [{ watchdog: false }],
  [{ logger: false }],
  [{ logger }],
  [{ onReport }],
])('accepts %j', (options) => {
  expect(withOptions(defaults, options)).toEqual({ ...defaults, ...options });
});

describe('throws, and says what was expected:', () => {
  const ms = 'must be a number of milliseconds from 0 to 2147483647, some 24 days; it is';
  it.each<[object, string]>([
    [{ timeout: -1 }, `options.timeout ${ms} -1`],
    [{ syncTimeout: Number.POSITIVE_INFINITY }, `options.syncTimeout ${ms} Infinity`],
    [{ signals: 'SIGINT' }, 'options.signals must be \'auto\' or an array of signals; it is "SIGINT"'],
    [{ signals: ['SIGINT', 'SIGFOO'] }, 'options.signals has "SIGFOO", which is no signal of this system'],
    [{ signals: [2] }, 'options.signals has 2, which is no signal of this system'],
    [{ signals: ['SIGKILL'] }, 'options.signals has SIGKILL, which no process can catch: leave it out'],
    [{ signals: ['SIGSTOP'] }, 'options.signals has SIGSTOP, which no process can catch: leave it out'],
    [{ crash: 'hard' }, "options.crash must be 'sync', 'graceful' or 'off'; it is \"hard\""],
    [{ ipc: 1 }, 'options.ipc must be true or false; it is 1'],
    [{ failureExitCode: -1 }, 'options.failureExitCode must be an integer from 0 to 255; it is -1'],
    [{ failureExitCode: 256 }, 'options.failureExitCode must be an integer from 0 to 255; it is 256'],
    [{ failureExitCode: 1.5 }, 'options.failureExitCode must be an integer from 0 to 255; it is 1.5'],
    [{ exit: 'async' }, "options.exit must be 'sync' or 'graceful'; it is \"async\""],
    [{ supervisor: 'pm2' }, "options.supervisor must be 'auto' or 'none'; it is \"pm2\""],
    [{ watchdog: 'on' }, 'options.watchdog must be \'auto\', true or false; it is "on"'],
    [{ logger: true }, 'options.logger must be false or have a method error(message); it is true'],
    [{ logger: null }, 'options.logger must be false or have a method error(message); it is null'],
    [{ logger: { error: 5 } }, 'options.logger must be false or have a method error(message); it is an object'],
    [{ logger: () => {} }, 'options.logger must be false or have a method error(message); it is function logger'],
    [{ onReport: 5 }, 'options.onReport must be a function; it is 5'],
    [{ onReport: null }, 'options.onReport must be a function; it is null'],
  ])('%j', (options, message) => {
    expect(() => withOptions(defaults, options)).toThrow(
      expect.objectContaining({ message, code: 'ERR_WORKER_ATEXIT_INVALID_ARGUMENT' }),
    );
  });

  it('an option that there is not', () => {
    const options: object = { tiemout: 5 };
    expect(() => withOptions(defaults, options)).toThrow(
      expect.objectContaining({
        message: `options has no option "tiemout"; it has ${Object.keys(defaults).join(', ')}`,
        code: 'ERR_WORKER_ATEXIT_UNKNOWN_OPTION',
      }),
    );
  });
});
