/** The module that a program is started with, on a process that only stands in for one. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Options, withOptions } from '../../src/options.ts';
import { createProcess } from './stand-ins.ts';

const thread = vi.hoisted(() => ({ isMain: true }));
vi.mock('node:worker_threads', async (load) => ({
  ...(await load<typeof import('node:worker_threads')>()),
  get isMainThread() {
    return thread.isMain;
  },
}));
const instance = vi.hoisted(() => ({ preset: vi.fn((_: Options) => {}) }));
vi.mock('../../src/adapters/adapter.ts', () => ({ instance: () => instance }));

let stderr: string[];
let env: Record<string, string>;
beforeEach(() => {
  vi.resetModules();
  instance.preset.mockReset();
  thread.isMain = true;
  [stderr, env] = [[], {}];
  vi.stubGlobal('process', createProcess({ env, stderr: { write: (line: string) => stderr.push(line) } }));
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const load = () => import('../../src/auto.ts');
/** What was set, but for the report. */
async function options(): Promise<Options> {
  await load();
  const { onReport, ...rest } = Object.assign({}, ...instance.preset.mock.calls.flat());
  expect(onReport).toBeTypeOf('function');
  return rest;
}

describe('an environment variable', () => {
  it.each<[string, string, Options]>([
    ['TIMEOUT', '5000', { timeout: 5000 }],
    ['SYNC_TIMEOUT', '0', { syncTimeout: 0 }],
    ['SIGNALS', 'auto', { signals: 'auto' }],
    ['SIGNALS', 'none', { signals: [] }],
    ['SIGNALS', 'SIGINT', { signals: ['SIGINT'] }],
    ['SIGNALS', 'SIGINT, SIGTERM ,SIGHUP', { signals: ['SIGINT', 'SIGTERM', 'SIGHUP'] }],
    ['CRASH', 'graceful', { crash: 'graceful' }],
    ['IPC', 'true', { ipc: true }],
    ['IPC', 'false', { ipc: false }],
    ['FAILURE_EXIT_CODE', '12', { failureExitCode: 12 }],
    ['WATCHDOG', 'true', { watchdog: true }],
    ['WATCHDOG', 'auto', { watchdog: 'auto' }],
  ])('WORKER_ATEXIT_%s=%s sets an option', async (name, text, expected) => {
    env[`WORKER_ATEXIT_${name}`] = text;
    expect(await options()).toEqual(expected);
  });

  it.each(['', undefined])('that is %j sets none', async (text) => {
    if (text !== undefined) env.WORKER_ATEXIT_TIMEOUT = text;
    expect(await options()).toEqual({});
  });

  it('is one of many', async () => {
    Object.assign(env, { WORKER_ATEXIT_TIMEOUT: '5', WORKER_ATEXIT_IPC: 'true', WORKER_ATEXIT: '5', TIMEOUT: '6' });
    expect(await options()).toEqual({ timeout: 5, ipc: true });
  });

  it.each([
    ['TIMEOUT', '5s', 'must be a number of milliseconds from 0 to 2147483647, some 24 days; it is "5s"'],
    ['TIMEOUT', 's5', 'must be a number of milliseconds from 0 to 2147483647, some 24 days; it is "s5"'],
    ['TIMEOUT', '-5', 'must be a number of milliseconds from 0 to 2147483647, some 24 days; it is "-5"'],
    ['TIMEOUT', 'none', 'must be a number of milliseconds from 0 to 2147483647, some 24 days; it is "none"'],
    ['SIGNALS', 'true', 'has "true", which is no signal of this system'],
  ])('WORKER_ATEXIT_%s=%s does not fit, and it is the variable that is named', async (name, text, message) => {
    const { defaults } = await import('../../src/options.ts');
    instance.preset.mockImplementation((set) => void withOptions(defaults, set));
    env[`WORKER_ATEXIT_${name}`] = text;
    await expect(load()).rejects.toThrow(
      expect.objectContaining({
        code: 'ERR_WORKER_ATEXIT_INVALID_ARGUMENT',
        message: `WORKER_ATEXIT_${name} ${message}`,
      }),
    );
  });
});

describe('the report', () => {
  async function report(ok: boolean): Promise<void> {
    await load();
    const { onReport } = Object.assign({}, ...instance.preset.mock.calls.flat());
    onReport({ ok, toString: () => 'the table' });
  }

  it('is on stderr where something was not clean', async () => {
    await report(false);
    expect(stderr).toEqual(['the table\n']);
  });

  it('is not where all was', async () => {
    await report(true);
    expect(stderr).toEqual([]);
  });
});

describe('in a worker', () => {
  beforeEach(() => {
    thread.isMain = false;
  });

  it('no option is set, and idle workers of a pool wait where they hear something', async () => {
    env.WORKER_ATEXIT_TIMEOUT = '5';
    await load();
    expect(instance.preset).not.toHaveBeenCalled();
    expect(process.env.PISCINA_DISABLE_ATOMICS).toBe('1');
    // Neither a child process nor a thread that shares the environment has it.
    expect(env).toEqual({ WORKER_ATEXIT_TIMEOUT: '5' });
    expect(Object.keys(process.env)).toEqual(['WORKER_ATEXIT_TIMEOUT']);
  });

  it('they wait where the program wants them to', async () => {
    env.PISCINA_DISABLE_ATOMICS = '0';
    await load();
    expect(process.env.PISCINA_DISABLE_ATOMICS).toBe('0');
  });
});

it.each(['Bun', 'Deno'])(
  '%s does not load it in workers, so that the main thread tells how to wait',
  async (runtime) => {
    vi.stubGlobal(runtime, {});
    await load();
    expect(env).toEqual({ PISCINA_DISABLE_ATOMICS: '1' });
  },
);

it('on the main thread no pool is told how to wait', async () => {
  await load();
  expect(env).toEqual({});
});
