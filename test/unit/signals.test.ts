import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AUTO_SIGNALS, defaults } from '../../src/options.ts';
import { createSignalRoute } from '../../src/routes/signals.ts';
import { createProcess, createThread } from './stand-ins.ts';

let program: ReturnType<typeof createProcess>;
/** What its clock shows: ms. */
let time: number;
beforeEach(() => {
  time = 5000;
  program = createProcess({ hrtime: () => [Math.floor(time / 1000), (time % 1000) * 1e6] });
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

it('a signal begins a shutdown, at whose end the process leaves with 128 and its number', async () => {
  const { thread, parts, finish } = install();
  raise('SIGTERM');
  const reason = { route: 'signal', signal: 'SIGTERM', exitCode: 143 };
  expect(parts.shutDown.mock.calls).toEqual([[{ reason }]]);
  expect(thread.ending).toEqual({ signal: 'SIGTERM' });
  expect(program.exitCode).toBe(143);
  expect(program.exit).not.toHaveBeenCalled();
  await finish();
  expect(program.exit).toHaveBeenCalledTimes(1);
});

it('takes over a thread that was about to end otherwise', () => {
  const { thread, parts } = install();
  thread.ending = {};
  raise('SIGINT');
  expect(parts.shutDown).toHaveBeenCalledTimes(1);
  expect(thread.ending).toEqual({ signal: 'SIGINT' });
});

describe('a listener of the program’s own', () => {
  it('decides, even if it goes by once and was there first', () => {
    program.once('SIGTERM', () => {});
    const { thread, parts } = install();
    raise('SIGTERM');
    expect(parts.shutDown).not.toHaveBeenCalled();
    expect(thread.ending).toBeUndefined();
    expect(program.exitCode).toBeUndefined();
  });

  it('does not decide where the signal is on the list', () => {
    program.on('SIGTERM', () => {});
    const { parts } = install(['SIGTERM']);
    raise('SIGTERM');
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
  ])('%s do not count', (_, four, three) => {
    const { parts } = install();
    for (const _ of [1, 2]) program.on('SIGTERM', () => {});
    setEmitters(four, three);
    raise('SIGTERM');
    expect(parts.shutDown).toHaveBeenCalledTimes(1);
  });

  it('do not hide another one', () => {
    const { parts } = install();
    for (const _ of [1, 2, 3]) program.on('SIGTERM', () => {});
    setEmitters({ count: 1 }, { count: 1 });
    raise('SIGTERM');
    expect(parts.shutDown).not.toHaveBeenCalled();
  });

  it.each([null, 5, 'count', {}, { count: '1' }])('are not counted by %j', (emitter) => {
    const { parts } = install();
    program.on('SIGTERM', () => {});
    setEmitters(emitter, emitter);
    raise('SIGTERM');
    expect(parts.shutDown).not.toHaveBeenCalled();
  });
});

describe('a signal that comes again', () => {
  it('within a quarter of a second is the same keystroke', () => {
    const { parts, log } = install();
    raise('SIGINT');
    time += 249;
    raise('SIGINT');
    expect(parts.shutDown).toHaveBeenCalledTimes(1);
    expect(program.exit).not.toHaveBeenCalled();
    expect(log).toEqual([]);
  });

  it('later cuts the shutdown short, which is said', () => {
    const { parts, log } = install();
    raise('SIGINT');
    time += 250;
    raise('SIGTERM');
    expect(parts.shutDown).toHaveBeenCalledTimes(1);
    expect(program.exit).toHaveBeenCalledTimes(1);
    expect(program.exitCode).toBe(130);
    expect(log).toEqual(['SIGTERM again: the shutdown is cut short, what is left to do is done synchronously']);
  });

  it('when the shutdown is over, in a process that lives on, begins another one', () => {
    const { thread, parts } = install();
    raise('SIGINT');
    thread.ending = undefined;
    raise('SIGINT');
    expect(parts.shutDown).toHaveBeenCalledTimes(2);
    expect(program.exit).not.toHaveBeenCalled();
  });

  it('is a first one where it was installed anew', () => {
    const { route, parts } = install();
    raise('SIGINT');
    route.uninstall();
    route.install();
    time += 1000;
    raise('SIGINT');
    expect(parts.shutDown).toHaveBeenCalledTimes(2);
  });
});
