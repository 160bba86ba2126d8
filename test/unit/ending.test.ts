import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exitProcess, raise } from '../../src/routes/ending.ts';
import { createProcess } from './stand-ins.ts';

const wait = vi.spyOn(Atomics, 'wait');
beforeEach(() => {
  wait.mockReturnValue('timed-out');
});
afterEach(() => {
  wait.mockReset();
  vi.unstubAllGlobals();
});

it('a process leaves with its own exit code', () => {
  const { exit } = stub();
  exitProcess();
  expect(exit.mock.calls).toEqual([[]]);
});

const stub = (more: object = {}) => {
  const stubbed = createProcess(more);
  vi.stubGlobal('process', stubbed);
  return stubbed;
};

describe('a signal that is raised', () => {
  it('ends the process as its default action does, when nobody listens to it any more', () => {
    const listeners: number[] = [];
    const stubbed = stub({ kill: vi.fn(() => listeners.push(stubbed.listenerCount('SIGTERM'))) });
    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT']) stubbed.on(signal, () => {});
    raise('SIGTERM');
    expect(stubbed.kill.mock.calls).toEqual([[4711, 'SIGTERM']]);
    expect(listeners).toEqual([0]);
    expect(stubbed.listenerCount('SIGINT')).toBe(1);
  });

  it('is given a second to do so', () => {
    stub();
    raise('SIGTERM');
    const [[cells, ...terms] = []] = wait.mock.calls;
    expect(terms).toEqual([0, 0, 1000]);
    expect(cells).toEqual(new Int32Array(1));
    expect(wait).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['for process 1, which ignores it', { pid: 1 }],
    ['on Windows, which has none', { platform: 'win32' }],
  ])('is none %s', (_, more) => {
    const stubbed = stub(more);
    stubbed.on('SIGTERM', () => {});
    raise('SIGTERM');
    expect(stubbed.kill).not.toHaveBeenCalled();
    expect(wait).not.toHaveBeenCalled();
    expect(stubbed.listenerCount('SIGTERM')).toBe(1);
  });
});
