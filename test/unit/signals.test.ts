import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AUTO_SIGNALS, defaults } from '../../src/options.ts';
import { createSignalRoute } from '../../src/routes/signals.ts';
import { createProcess, createThread } from './stand-ins.ts';

let program: ReturnType<typeof createProcess>;
beforeEach(() => {
  program = createProcess();
  vi.stubGlobal('process', program);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function install(signals: readonly NodeJS.Signals[] | 'auto' = 'auto') {
  const created = createThread({ settings: { ...defaults, signals } });
  const route = createSignalRoute(created.thread);
  route.install();
  return { ...created, route };
}
const raise = (signal: string) => program.emit(signal, signal);
/** When the loop has turned, and what a signal has begun is under way. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
/** Longer than it takes until a signal is a second one: ms. */
const LATER = 600;
const heard = () => program.eventNames();

describe('the signals that are listened to', () => {
  it('are those that ask a program to end', () => {
    install();
    expect(heard()).toEqual(AUTO_SIGNALS);
  });

  it('are those of the list, where there is one', () => {
    install(['SIGUSR2']);
    expect(heard()).toEqual(['SIGUSR2']);
  });

  it('are none where the list is empty', () => {
    install([]);
    expect(heard()).toEqual([]);
  });

  it('are listened to without a break where they stay when others come and go', () => {
    const { route, thread } = install();
    const off = vi.spyOn(program, 'off');
    Reflect.set(thread, 'settings', { ...defaults, signals: ['SIGINT', 'SIGUSR2'] });
    route.install();
    expect(off.mock.calls.map(([signal]) => signal)).toEqual(AUTO_SIGNALS.filter((signal) => signal !== 'SIGINT'));
    expect(heard()).toEqual(['SIGINT', 'SIGUSR2']);
    expect(program.listenerCount('SIGINT')).toBe(1);
  });

  it('are left to others again', () => {
    const { route } = install();
    const other = (): void => {};
    program.on('SIGINT', other);
    route.uninstall();
    expect(heard()).toEqual(['SIGINT']);
    expect(program.listeners('SIGINT')).toEqual([other]);
  });
});

it('a signal begins a shutdown once everybody has heard it, at whose end the process leaves with 128 and its number', async () => {
  const { thread, parts, finish } = install();
  raise('SIGTERM');
  expect(parts.shutDown).not.toHaveBeenCalled();
  await turn();
  const reason = { route: 'signal', signal: 'SIGTERM', exitCode: 143 };
  expect(parts.shutDown.mock.calls).toEqual([[{ reason }]]);
  expect(thread.ending).toEqual({ signal: 'SIGTERM', heardAt: expect.any(Number) });
  expect(program.exitCode).toBe(143);
  expect(program.exit).not.toHaveBeenCalled();
  await finish();
  expect(program.exit).toHaveBeenCalledTimes(1);
});

it('takes over a thread that was about to end otherwise', async () => {
  const { thread, parts } = install();
  thread.ending = {};
  raise('SIGINT');
  await turn();
  expect(parts.shutDown).toHaveBeenCalledTimes(1);
  expect(thread.ending).toEqual({ signal: 'SIGINT', heardAt: expect.any(Number) });
});

describe('a listener of the program’s own', () => {
  it('decides, even if it goes by once and was there first', async () => {
    program.once('SIGTERM', () => {});
    const { thread, parts } = install();
    raise('SIGTERM');
    await turn();
    expect(parts.shutDown).not.toHaveBeenCalled();
    expect(thread.ending).toBeUndefined();
    expect(program.exitCode).toBeUndefined();
  });

  it('does not decide where the signal is on the list', async () => {
    program.on('SIGTERM', () => {});
    const { parts } = install(['SIGTERM']);
    raise('SIGTERM');
    await turn();
    expect(parts.shutDown).toHaveBeenCalledTimes(1);
  });
});

describe('listeners of signal-exit, which wait for others, too,', () => {
  const EMITTER = Symbol.for('signal-exit emitter');
  afterEach(() => Reflect.deleteProperty(globalThis, EMITTER));
  const setEmitters = (four: unknown, three: unknown): void => {
    Reflect.set(globalThis, EMITTER, four);
    Reflect.set(program, '__signal_exit_emitter__', three);
  };

  it.each([
    ['of version 4', { count: 2 }, undefined],
    ['of version 3', undefined, { count: 2 }],
    ['of both', { count: 1 }, { count: 1 }],
  ])('%s do not count', async (_, four, three) => {
    const { parts } = install();
    for (const _ of [1, 2]) program.on('SIGTERM', () => {});
    setEmitters(four, three);
    raise('SIGTERM');
    await turn();
    expect(parts.shutDown).toHaveBeenCalledTimes(1);
  });

  it('do not hide another one', async () => {
    const { parts } = install();
    for (const _ of [1, 2, 3]) program.on('SIGTERM', () => {});
    setEmitters({ count: 1 }, { count: 1 });
    raise('SIGTERM');
    await turn();
    expect(parts.shutDown).not.toHaveBeenCalled();
  });

  it.each([null, 5, 'count', {}, { count: '1' }])('are not counted by %j', async (emitter) => {
    const { parts } = install();
    program.on('SIGTERM', () => {});
    setEmitters(emitter, emitter);
    raise('SIGTERM');
    await turn();
    expect(parts.shutDown).not.toHaveBeenCalled();
  });
});

describe('a signal that comes again', () => {
  it('by Ctrl+Break, on Windows, is a keyboard’s too', async () => {
    const { log } = install(['SIGBREAK']);
    raise('SIGBREAK');
    await sleep(LATER);
    raise('SIGBREAK');
    expect(program.exit).toHaveBeenCalled();
    expect(log).toEqual(['SIGBREAK again: the shutdown is cut short, what is left to do is done synchronously']);
  });

  it('at once is the same keystroke', async () => {
    const { parts, log } = install();
    raise('SIGINT');
    raise('SIGINT');
    await turn();
    raise('SIGINT');
    await turn();
    expect(parts.shutDown).toHaveBeenCalledTimes(1);
    expect(program.exit).not.toHaveBeenCalled();
    expect(log).toEqual([]);
  });

  it('later, from a keyboard, cuts the shutdown short, which is said', async () => {
    const { parts, log } = install();
    raise('SIGTERM');
    await sleep(LATER);
    raise('SIGINT');
    await turn();
    expect(parts.shutDown).toHaveBeenCalledTimes(1);
    expect(program.exit).toHaveBeenCalledTimes(1);
    expect(program.exitCode).toBe(143);
    expect(log).toEqual(['SIGINT again: the shutdown is cut short, what is left to do is done synchronously']);
  });

  it('later, from a supervisor, is ignored, which is said once', async () => {
    const { thread, parts, log } = install();
    raise('SIGTERM');
    await sleep(LATER);
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGTERM']) raise(signal);
    await turn();
    expect(parts.shutDown).toHaveBeenCalledTimes(1);
    expect(thread.ending).toEqual({ signal: 'SIGTERM', heardAt: expect.any(Number) });
    expect(program.exit).not.toHaveBeenCalled();
    expect(log).toEqual(['SIGTERM again: ignored, the shutdown goes on until its deadline']);
  });

  it('after the time in which the event loop did not turn is the same keystroke', async () => {
    const { log } = install();
    raise('SIGINT');
    await turn();
    for (let blocked = 0; blocked < 3; blocked++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LATER);
      await turn();
      raise('SIGINT');
    }
    expect(program.exit).not.toHaveBeenCalled();
    expect(log).toEqual([]);
  });

  it('is emitted as it may be, without its name', async () => {
    const { thread, parts } = install();
    program.emit('SIGINT');
    await turn();
    expect(parts.shutDown).toHaveBeenCalledWith({ reason: { route: 'signal', signal: 'SIGINT', exitCode: 130 } });
    expect(thread.ending).toEqual({ signal: 'SIGINT', heardAt: expect.any(Number) });
    await sleep(LATER);
    program.emit('SIGINT');
    expect(program.exit).toHaveBeenCalledTimes(1);
  });

  it('is an order that is heard again', async () => {
    const { route, thread, parts, log } = install();
    thread.ending = {};
    route.ordered();
    raise('SIGTERM');
    await sleep(LATER);
    raise('SIGTERM');
    await turn();
    expect(parts.shutDown).not.toHaveBeenCalled();
    expect(thread.ending).toEqual({});
    expect(program.exitCode).toBeUndefined();
    expect(log).toEqual(['SIGTERM again: ignored, the shutdown goes on until its deadline']);
    raise('SIGINT');
    expect(program.exit).toHaveBeenCalledTimes(1);
  });

  it('as an order is the same shutdown', async () => {
    const { route, thread, log } = install();
    raise('SIGINT');
    await turn();
    route.ordered();
    expect(thread.ending).toEqual({ signal: 'SIGINT', heardAt: expect.any(Number) });
    await sleep(LATER);
    raise('SIGINT');
    expect(program.exit).toHaveBeenCalledTimes(1);
    expect(log).toHaveLength(1);
  });

  it('when the shutdown is over, in a process that lives on, begins another one', async () => {
    const { thread, parts } = install();
    raise('SIGINT');
    await turn();
    thread.ending = undefined;
    raise('SIGINT');
    await turn();
    expect(parts.shutDown).toHaveBeenCalledTimes(2);
    expect(program.exit).not.toHaveBeenCalled();
  });

  it('is a first one where it was installed anew', async () => {
    const { route, parts } = install();
    raise('SIGINT');
    await sleep(LATER);
    route.uninstall();
    route.install();
    raise('SIGINT');
    await turn();
    expect(parts.shutDown).toHaveBeenCalledTimes(2);
  });
});
