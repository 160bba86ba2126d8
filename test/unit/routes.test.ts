import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaults } from '../../src/options.ts';
import { createRoutes } from '../../src/routes/routes.ts';
import { createProcess, createThread } from './stand-ins.ts';

let program: ReturnType<typeof createProcess>;
beforeEach(() => {
  program = createProcess();
  vi.stubGlobal('process', program);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function install({ settings = {}, ...more }: { settings?: object; [part: string]: unknown } = {}) {
  const created = createThread({ settings: { ...defaults, ...settings }, ...more });
  const routes = createRoutes(created.thread);
  routes.install();
  return { ...created, routes };
}

const EVERYWHERE = ['beforeExit', 'exit', 'uncaughtExceptionMonitor'];

describe('what is listened to', () => {
  it('is the end of the thread, and on the main thread signals', () => {
    install();
    expect(program.eventNames()).toEqual([...EVERYWHERE, 'SIGINT', 'SIGTERM', 'SIGHUP']);
  });

  it('is less in a worker, which gets no signals, and has no parent process', () => {
    install({ isMain: false, settings: { crash: 'graceful', ipc: true } });
    expect(program.eventNames()).toEqual(EVERYWHERE);
  });

  it('is more where that was asked for', () => {
    install({ settings: { crash: 'graceful', ipc: true, signals: ['SIGUSR2'] } });
    expect(program.eventNames()).toEqual([...EVERYWHERE, 'uncaughtException', 'SIGUSR2', 'disconnect', 'message']);
  });

  it('is nothing when that is taken back', () => {
    const { reallyExit } = program;
    const { routes } = install({ settings: { crash: 'graceful', ipc: true } });
    expect(program.reallyExit).not.toBe(reallyExit);
    routes.uninstall();
    expect(program.eventNames()).toEqual([]);
    expect(program.reallyExit).toBe(reallyExit);
  });

  it('is what the new settings ask for when they have changed, and no listener twice', () => {
    const { routes, thread } = install();
    for (const settings of [{ crash: 'graceful', ipc: true, signals: [] }, {}] as const) {
      Object.assign(thread, { settings: { ...defaults, ...settings } });
      routes.reinstall();
      routes.reinstall();
      const optional =
        'ipc' in settings ? ['uncaughtException', 'disconnect', 'message'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];
      expect(program.eventNames()).toEqual([...EVERYWHERE, ...optional]);
      for (const event of program.eventNames()) expect(program.listenerCount(event)).toBe(1);
    }
  });

  it('is all of it when the settings change after that was taken back', () => {
    const { routes } = install();
    routes.uninstall();
    routes.reinstall();
    expect(program.eventNames()).toEqual([...EVERYWHERE, 'SIGINT', 'SIGTERM', 'SIGHUP']);
  });

  it('comes before what others listen to', () => {
    const other = (): void => {};
    for (const event of ['beforeExit', 'exit']) program.on(event, other);
    install();
    for (const event of ['beforeExit', 'exit']) expect(program.listeners(event).indexOf(other)).toBe(1);
  });

  it('may be the exit alone, once', () => {
    const routes = createRoutes(createThread().thread);
    const other = (): void => {};
    program.on('exit', other);
    routes.watch();
    routes.watch();
    expect(program.eventNames()).toEqual(['exit']);
    expect(program.listeners('exit').indexOf(other)).toBe(1);
    routes.install();
    expect(program.listenerCount('exit')).toBe(2);
  });
});

describe('when the event loop runs empty', () => {
  it('the shutdown begins, and the process ends by itself', async () => {
    const { thread, parts, finish } = install();
    program.emit('beforeExit', 0);
    expect(parts.shutDown.mock.calls).toEqual([[{ reason: { route: 'beforeExit', exitCode: 0 } }]]);
    expect(thread.ending).toEqual({});
    await finish();
    expect(thread.ending).toBeUndefined();
    expect(program.exit).not.toHaveBeenCalled();
  });

  it('the exit code is what the program has set', () => {
    const { parts } = install();
    program.exitCode = 3;
    program.emit('beforeExit', 3);
    expect(parts.shutDown).toHaveBeenCalledWith({ reason: { route: 'beforeExit', exitCode: 3 } });
  });

  it.each([
    ['a stage that used up its time', { handlers: [], stages: [{}, { timedOut: true }] }],
    ['a handler that did not finish', { handlers: [{}, { unfinished: true }], stages: [{}] }],
  ])('%s does not hold the process any longer', async (_, report) => {
    const { finish } = install();
    program.emit('beforeExit', 0);
    await finish(report);
    expect(program.exit).toHaveBeenCalledTimes(1);
  });

  it('a signal that came meanwhile is obeyed', async () => {
    const { thread, finish } = install();
    program.emit('beforeExit', 0);
    thread.ending = { signal: 'SIGTERM' };
    await finish();
    expect(program.exit).toHaveBeenCalledTimes(1);
  });

  it('a program that has forgotten its ending meanwhile goes on', async () => {
    const { thread, finish } = install();
    program.emit('beforeExit', 0);
    thread.ending = undefined;
    await finish();
    expect(program.exit).not.toHaveBeenCalled();
  });

  it.each([
    ['during a shutdown', { state: 'ending' }],
    ['after one', { state: 'ended' }],
    ['where nothing was used', { isUsed: () => false }],
  ])('nothing is done %s', (_, more) => {
    const { thread, parts } = install(more);
    program.emit('beforeExit', 0);
    expect(parts.shutDown).not.toHaveBeenCalled();
    expect(thread.ending).toBeUndefined();
  });
});

describe('when the event loop runs empty, and another listener may have given it new work', () => {
  /** Runs `act` as Node does between two phases of the event loop. */
  const inPhase = (act: () => unknown) =>
    new Promise<void>((resolve) => {
      setImmediate(() => {
        act();
        resolve();
      });
    });
  const turn = () => inPhase(() => {});
  /** The looks that the ticks after an event lead to are over. */
  const looked = () =>
    new Promise<void>((resolve) => {
      process.nextTick(queueMicrotask, () => process.nextTick(queueMicrotask, resolve));
    });
  const runEmpty = async () => {
    program.emit('beforeExit', 0);
    await looked();
  };
  let parts: ReturnType<typeof createThread>['parts'];
  beforeEach(() => {
    ({ parts } = install());
    program.on('beforeExit', () => {});
  });
  // A look that is under way ends with its test.
  afterEach(async () => {
    await turn();
    await turn();
  });

  it('that is looked for when all listeners have run, and once more', async () => {
    let looks = 0;
    program.getActiveResourcesInfo = () => {
      looks++;
      return [];
    };
    program.emit('beforeExit', 0);
    expect(looks).toBe(0);
    await looked();
    expect(looks).toBe(1);
    expect(parts.shutDown).not.toHaveBeenCalled();
    await inPhase(() => program.emit('beforeExit', 0));
    await looked();
    expect(parts.shutDown.mock.calls).toEqual([[{ reason: { route: 'beforeExit', exitCode: 0 } }]]);
  });

  it('the standard streams are no work', async () => {
    program.getActiveResourcesInfo = () => ['PipeWrap', 'TTYWrap'];
    await runEmpty();
    await inPhase(() => program.emit('beforeExit', 0));
    await looked();
    expect(parts.shutDown).toHaveBeenCalledTimes(1);
  });

  it('the event loop is made to turn once more', async () => {
    const immediates = vi.spyOn(globalThis, 'setImmediate');
    await runEmpty();
    expect(immediates).toHaveBeenCalledTimes(1);
    expect(immediates.mock.results[0]?.value.hasRef()).toBe(true);
    await turn();
    // The second one only tells whether the loop has turned for another reason.
    expect(immediates.mock.results.at(-1)?.value.hasRef()).toBe(false);
    immediates.mockRestore();
  });

  it('work makes it wait', async () => {
    program.getActiveResourcesInfo = () => ['PipeWrap', 'Timeout'];
    await runEmpty();
    await inPhase(() => program.emit('beforeExit', 0));
    await looked();
    expect(parts.shutDown).not.toHaveBeenCalled();
  });

  it('a loop that has turned since is looked at afresh', async () => {
    await runEmpty();
    await turn();
    await turn();
    await runEmpty();
    expect(parts.shutDown).not.toHaveBeenCalled();
  });

  it('the others hear nothing of the look, and are there again after it', async () => {
    const heard: string[] = [];
    program.on('beforeExit', () => heard.push('on'));
    program.once('beforeExit', () => heard.push('once'));
    const [before, ...others] = program.rawListeners('beforeExit');
    await runEmpty();
    expect(program.rawListeners('beforeExit')).toEqual([before]);
    program.on('beforeExit', () => heard.push('since'));
    await inPhase(() => program.emit('beforeExit', 0));
    expect(heard).toEqual(['on', 'once', 'since']);
    expect(program.rawListeners('beforeExit').slice(0, others.length)).toEqual([before, ...others].slice(0, -1));
    expect(parts.shutDown).toHaveBeenCalledTimes(1);
  });

  it('the others are there again as soon as the loop has turned', async () => {
    const before = program.rawListeners('beforeExit');
    await runEmpty();
    expect(program.listenerCount('beforeExit')).toBe(1);
    await turn();
    await turn();
    expect(program.rawListeners('beforeExit')).toEqual(before);
  });

  it('work that is always listed and never there is believed a thousand times', async () => {
    program.getActiveResourcesInfo = () => ['Timeout'];
    for (let round = 0; round < 1000; round++) await runEmpty();
    expect(parts.shutDown).not.toHaveBeenCalled();
    await runEmpty();
    expect(parts.shutDown).toHaveBeenCalledTimes(1);
  });

  it('those times are counted afresh when the loop has turned', async () => {
    program.getActiveResourcesInfo = () => ['Timeout'];
    for (const _ of ['before', 'after']) {
      for (let round = 0; round < 600; round++) await runEmpty();
      await turn();
      await turn();
    }
    expect(parts.shutDown).not.toHaveBeenCalled();
  });
});

describe('process.exit()', () => {
  const reason = { route: 'process.exit', exitCode: 3 };

  it('does all of the shutdown now', () => {
    const { thread, parts } = install();
    program.emit('exit', 3);
    expect(parts.use).toHaveBeenCalledTimes(1);
    expect(parts.shutDownNow.mock.calls).toEqual([[{ reason, cause: undefined }]]);
    expect(thread.isExiting).toBe(true);
    expect(thread.ending).toEqual({});
  });

  it('tells a code that was given as text as a number', () => {
    const { parts } = install();
    program.emit('exit', '3');
    expect(parts.shutDownNow.mock.calls).toEqual([[{ reason, cause: undefined }]]);
  });

  it('takes the signal listeners away first, so that a signal ends what blocks', () => {
    const { parts } = install();
    let listeners = -1;
    parts.shutDownNow.mockImplementation(() => {
      listeners = program.listenerCount('SIGINT');
    });
    program.emit('exit', 3);
    expect(listeners).toBe(0);
  });

  it('cuts short a shutdown that runs, and does not change how the process ends', () => {
    const ending = { signal: 'SIGTERM' };
    const { thread, parts } = install({ state: 'ending', isUsed: () => false, ending });
    program.emit('exit', 3);
    expect(parts.shutDownNow).toHaveBeenCalledTimes(1);
    expect(thread.ending).toBe(ending);
  });

  it.each([
    ['where nothing was used', { isUsed: () => false }, 0],
    ['after a shutdown, but for what was registered since', { state: 'ended' }, 1],
  ])('does nothing %s', (_, more, uses) => {
    const { thread, parts } = install(more);
    program.emit('exit', 3);
    expect(parts.shutDownNow).not.toHaveBeenCalled();
    expect(parts.use).toHaveBeenCalledTimes(uses);
    expect(thread.isExiting).toBe(true);
  });
});

describe('process.reallyExit', () => {
  it('is where what is left is done, before the process is gone', () => {
    const gone = program.reallyExit;
    const { thread, parts } = install({ shutDownNow: vi.fn(() => expect(gone).not.toHaveBeenCalled()) });
    program.reallyExit(5);
    expect(parts.shutDownNow.mock.calls).toEqual([[{ reason: { route: 'process.exit', exitCode: 5 } }]]);
    expect(thread.isExiting).toBe(true);
    expect(gone.mock.calls).toEqual([[5]]);
    expect(gone.mock.contexts).toEqual([program]);
  });

  it.each([
    ['7', 7],
    [undefined, undefined],
  ])('tells the code %j as %j', (code, exitCode) => {
    const { parts } = install();
    Reflect.apply(program.reallyExit, program, [code]);
    expect(parts.shutDownNow.mock.calls).toEqual([[{ reason: { route: 'process.exit', exitCode } }]]);
  });

  it('has nothing left to do after the shutdown', () => {
    const gone = program.reallyExit;
    const { parts } = install({ state: 'ended' });
    program.reallyExit(5);
    expect(parts.shutDownNow).not.toHaveBeenCalled();
    expect(gone.mock.calls).toEqual([[5]]);
  });

  it('does it once: what calls it meanwhile goes on to the end', () => {
    const gone = program.reallyExit;
    const { parts } = install();
    program.reallyExit(5);
    program.reallyExit(6);
    expect(parts.shutDownNow).toHaveBeenCalledTimes(1);
    expect(gone.mock.calls).toEqual([[5], [6]]);
  });

  it.each([
    [0, undefined, 0],
    [undefined, undefined, 0],
    [0, 7, 7],
    [undefined, 7, 7],
    [5, 7, 5],
  ])('with %s, and %s in process.exitCode, ends with %d', (code, exitCode, expected) => {
    const gone = program.reallyExit;
    install();
    program.exitCode = exitCode;
    program.reallyExit(code);
    expect(gone.mock.calls).toEqual([[expected]]);
  });

  describe('while a signal ends the process', () => {
    const wait = vi.spyOn(Atomics, 'wait');
    beforeEach(() => {
      wait.mockReturnValue('timed-out');
    });
    afterEach(() => {
      wait.mockReset();
    });

    it('raises it, and exits where that has no effect', () => {
      const gone = program.reallyExit;
      program.kill.mockImplementation(() => expect(gone).not.toHaveBeenCalled());
      install({ state: 'ended', ending: { signal: 'SIGTERM' } });
      program.reallyExit(143);
      expect(program.kill.mock.calls).toEqual([[4711, 'SIGTERM']]);
      expect(gone.mock.calls).toEqual([[143]]);
    });

    it('raises it where the code is text', () => {
      install({ state: 'ended', ending: { signal: 'SIGTERM' } });
      Reflect.apply(program.reallyExit, program, ['143']);
      expect(program.kill.mock.calls).toEqual([[4711, 'SIGTERM']]);
    });

    it('does not raise it where a handler has set another exit code', () => {
      install({ state: 'ended', ending: { signal: 'SIGTERM' } });
      program.reallyExit(144);
      expect(program.kill).not.toHaveBeenCalled();
    });

    it('raises none where there is none', () => {
      install({ state: 'ended', ending: {} });
      program.reallyExit(128);
      expect(program.kill).not.toHaveBeenCalled();
    });
  });

  it('is wrapped again at the exit where somebody has taken the wrapper away', () => {
    const gone = program.reallyExit;
    const { parts } = install({ isUsed: () => false });
    const wrapper = program.reallyExit;
    program.emit('exit', 0);
    expect(program.reallyExit).toBe(wrapper);
    program.reallyExit = gone;
    program.emit('exit', 0);
    expect(program.reallyExit).not.toBe(gone);
    parts.isUsed = () => true;
    program.reallyExit(5);
    expect(parts.shutDownNow).toHaveBeenCalledTimes(1);
  });

  it('is not wrapped at an exit of which only the workers are to be told', () => {
    const gone = program.reallyExit;
    createRoutes(createThread().thread).watch();
    program.emit('exit', 0);
    expect(program.reallyExit).toBe(gone);
  });

  it('stays as it is where somebody has wrapped it since, and passes calls on', () => {
    const gone = program.reallyExit;
    const { routes, parts } = install();
    const wrapper = program.reallyExit;
    const others = vi.fn((code?: number) => wrapper(code));
    program.reallyExit = others;
    routes.uninstall();
    expect(program.reallyExit).toBe(others);
    program.reallyExit(5);
    expect(parts.shutDownNow).not.toHaveBeenCalled();
    expect(gone.mock.calls).toEqual([[5]]);
  });
});

describe('an essential worker that has died', () => {
  const cause = new Error('renderer 1 is lost');

  it('ends the process, with the exit code for failures', async () => {
    const { thread, parts, routes, finish } = install({ settings: { failureExitCode: 9 } });
    routes.endBy(cause);
    expect(parts.shutDown.mock.calls).toEqual([[{ reason: { route: 'worker', exitCode: 9 }, cause }]]);
    expect(thread.ending).toEqual({});
    expect(program.exitCode).toBe(9);
    expect(program.exit).not.toHaveBeenCalled();
    await finish();
    expect(program.exit).toHaveBeenCalledTimes(1);
  });

  it('leaves the exit code of a program that has one', () => {
    const { parts, routes } = install();
    program.exitCode = 5;
    routes.endBy(cause);
    expect(parts.shutDown).toHaveBeenCalledWith({ reason: { route: 'worker', exitCode: 5 }, cause });
  });

  it('changes nothing about a shutdown that runs', () => {
    const { thread, parts, routes } = install({ state: 'ending' });
    routes.endBy(cause);
    expect(parts.shutDown).not.toHaveBeenCalled();
    expect(thread.ending).toBeUndefined();
    expect(program.exitCode).toBeUndefined();
  });
});

describe('an uncaught error', () => {
  const error = new Error('uncaught');
  const routeOf = ({ shutDownNow }: ReturnType<typeof createThread>['parts']) => shutDownNow.mock.calls[0]?.[0];

  it.each(['uncaughtException', 'unhandledRejection'])('of the kind %s is what the exit is about', (route) => {
    const { parts } = install();
    program.emit('uncaughtExceptionMonitor', error, route);
    expect(parts.shutDownNow).not.toHaveBeenCalled();
    program.emit('exit', 1);
    expect(routeOf(parts)).toEqual({ reason: { route, exitCode: 1 }, cause: error });
  });

  it('is no concern of ours where the program listens to it', () => {
    program.on('uncaughtException', () => {});
    const { parts } = install();
    program.emit('uncaughtExceptionMonitor', error, 'uncaughtException');
    program.emit('exit', 1);
    expect(routeOf(parts)).toEqual({ reason: { route: 'process.exit', exitCode: 1 }, cause: undefined });
  });

  it('is no concern of ours where the program captures it', () => {
    program.hasUncaughtExceptionCaptureCallback = () => true;
    const { parts } = install();
    program.emit('uncaughtExceptionMonitor', error, 'uncaughtException');
    program.emit('exit', 1);
    expect(routeOf(parts)).toMatchObject({ reason: { route: 'process.exit' } });
  });

  it('is no route where that is turned off', () => {
    const { parts } = install({ settings: { crash: 'off' } });
    program.emit('uncaughtExceptionMonitor', error, 'uncaughtException');
    program.emit('exit', 1);
    expect(parts.shutDownNow).not.toHaveBeenCalled();
    program.reallyExit(1);
    expect(parts.shutDownNow).not.toHaveBeenCalled();
  });

  it('that is turned off leaves process.exit() as it is', () => {
    const { parts } = install({ settings: { crash: 'off' } });
    program.emit('exit', 1);
    expect(parts.shutDownNow).toHaveBeenCalledTimes(1);
  });

  it('is the last that is heard of the thread in Deno', () => {
    vi.stubGlobal('Deno', {});
    const { parts } = install();
    program.emit('uncaughtExceptionMonitor', error, 'uncaughtException');
    expect(routeOf(parts)).toEqual({ reason: { route: 'uncaughtException', exitCode: 1 }, cause: error });
  });

  describe('that is to end the program gracefully', () => {
    const graceful = { settings: { crash: 'graceful' } };
    /** What would be thrown at the next tick. */
    const ticks: (() => void)[] = [];
    beforeEach(() => {
      ticks.length = 0;
      Object.assign(program, { nextTick: (tick: () => void) => ticks.push(tick) });
    });

    it('runs the whole sequence, and is then thrown again, for Node’s own report', async () => {
      const { thread, parts, finish } = install(graceful);
      program.emit('uncaughtException', error, 'unhandledRejection');
      const reason = { route: 'unhandledRejection', exitCode: 1 };
      expect(parts.shutDown.mock.calls).toEqual([[{ reason, cause: error }]]);
      expect(thread.ending).toEqual({});
      expect(ticks).toEqual([]);
      await finish();
      expect(program.listenerCount('uncaughtException')).toBe(0);
      expect(ticks).toHaveLength(1);
      expect(ticks[0]).toThrow(error);
    });

    it('is thrown again at once during a shutdown', () => {
      const { parts } = install({ ...graceful, state: 'ending' });
      program.emit('uncaughtException', error, 'uncaughtException');
      expect(parts.shutDown).not.toHaveBeenCalled();
      expect(program.listenerCount('uncaughtException')).toBe(0);
      expect(ticks[0]).toThrow(error);
    });

    it('is left to the program where that listens, too', () => {
      const { parts } = install(graceful);
      program.on('uncaughtException', () => {});
      program.emit('uncaughtException', error, 'uncaughtException');
      expect(parts.shutDown).not.toHaveBeenCalled();
      expect(program.listenerCount('uncaughtException')).toBe(2);
      expect(ticks).toEqual([]);
    });
  });
});
