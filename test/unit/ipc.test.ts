import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaults } from '../../src/options.ts';
import { createIpcRoute } from '../../src/routes/ipc.ts';
import { createProcess, createThread } from './stand-ins.ts';

let child: ReturnType<typeof createProcess>;
beforeEach(() => {
  child = createProcess();
  vi.stubGlobal('process', child);
});
afterEach(() => {
  vi.unstubAllGlobals();
  ordered.mockReset();
});

const ordered = vi.fn();
const signals = { ordered };

const counts = () => [child.listenerCount('disconnect'), child.listenerCount('message')];

it('listens to the parent only when asked to, since that keeps a child alive', () => {
  const route = createIpcRoute(createThread().thread, signals);
  route.install();
  expect(counts()).toEqual([0, 0]);
  child.on('message', () => {});
  route.uninstall();
  expect(counts()).toEqual([0, 1]);
});

describe('a child that was asked to listen to its parent', () => {
  const settings = { ...defaults, ipc: true };

  it('does so until that is taken back', () => {
    const route = createIpcRoute(createThread({ settings }).thread, signals);
    route.install();
    expect(counts()).toEqual([1, 1]);
    route.uninstall();
    expect(counts()).toEqual([0, 0]);
  });

  it.each([
    ['disconnect', []],
    ['message', ['shutdown']],
  ])('shuts down at a %s, and then leaves with 0', async (route, args) => {
    const { thread, parts, finish } = createThread({ settings });
    createIpcRoute(thread, signals).install();
    child.emit(route, ...args);
    expect(parts.shutDown.mock.calls).toEqual([[{ reason: { route, exitCode: 0 } }]]);
    expect(thread.ending).toEqual({});
    expect(ordered).toHaveBeenCalledTimes(1);
    expect(child.exitCode).toBe(0);
    expect(child.exit).not.toHaveBeenCalled();
    await finish();
    expect(child.exit).toHaveBeenCalledTimes(1);
  });

  it.each(['shutdown now', { type: 'shutdown' }, undefined])('leaves other messages, such as %j, alone', (message) => {
    const { thread, parts } = createThread({ settings });
    createIpcRoute(thread, signals).install();
    child.emit('message', message);
    expect(parts.shutDown).not.toHaveBeenCalled();
    expect(child.exitCode).toBeUndefined();
  });

  it('leaves an exit code, and how the process is to end, as they were', () => {
    const ending = { signal: 'SIGTERM' };
    child.exitCode = 5;
    const { thread } = createThread({ settings, ending });
    createIpcRoute(thread, signals).install();
    child.emit('disconnect');
    expect(child.exitCode).toBe(5);
    expect(thread.ending).toBe(ending);
  });
});
