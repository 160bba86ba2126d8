import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTable, Header, ROOT, type Table } from '../../src/table/cells.ts';
import { showProgress } from '../../src/table/progress.ts';
import { LONGEST } from '../../src/times.ts';
import { awaitDuty } from '../../workers/duty.ts';
import { standGuard } from '../../workers/guard.ts';
import { createProcess } from './stand-ins.ts';

/** What the guard's clock shows at the beginning: ms. */
const NOW = 5250;

/** What its clock shows: it goes with the timers. */
const hrtime = (): [number, number] => {
  const ms = NOW + Date.now();
  return [Math.floor(ms / 1000), (ms % 1000) * 1e6];
};

/** What the system tells of the main thread; undefined where it tells nothing. */
let usage: (() => { stat: string; schedstat: string }) | undefined;

const fs = process.getBuiltinModule('node:fs');
const written = vi.spyOn(fs, 'writeSync');
const log = (): string[] => written.mock.calls.map(([descriptor, bytes]) => `${descriptor}: ${bytes}`);
let program: ReturnType<typeof createProcess>;
let table: Table;
beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  usage = undefined;
  written.mockImplementation((_, bytes) => Buffer.byteLength(bytes));
  setProcess();
  table = createTable();
});
afterEach(() => {
  vi.useRealTimers();
  written.mockReset();
  vi.unstubAllGlobals();
});

function setProcess(more: object = {}): void {
  program = createProcess({ hrtime, getBuiltinModule, ...more });
  vi.stubGlobal('process', program);
}

function getBuiltinModule() {
  return {
    writeSync: written,
    readFileSync(file: string) {
      const files = usage?.();
      if (!files) throw new Error('no such file');
      return file.endsWith('/4711/stat') ? files.stat : files.schedstat;
    },
  };
}

function arm(until: number, quiet = 0): void {
  Atomics.store(table.cells, Header.guardSeconds, Math.floor(until / 1000));
  Atomics.store(table.cells, Header.guardMs, until % 1000);
  Atomics.store(table.cells, Header.guardQuiet, quiet);
}
const killed = () => program.kill.mock.calls;

describe('who stands guard', () => {
  it('ends the process when the time is up, and not before', () => {
    arm(7500);
    standGuard(table, true);
    vi.advanceTimersByTime(2249);
    expect(killed()).toEqual([]);
    expect(log()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(killed()).toEqual([[4711, 'SIGKILL']]);
    expect(log()).toEqual([
      '2: worker-atexit: the main thread has not ended by its deadline: ' +
        'no handler of it has started, or all are done; the process is killed\n',
    ]);
    expect(Atomics.load(table.cells, Header.guardSeconds)).toBe(0);
  });

  it('names the handler that blocks', () => {
    arm(7500);
    showProgress(table, ROOT, 2, 3, 'flush');
    standGuard(table, true);
    vi.runAllTimers();
    expect(log()).toEqual([
      '2: worker-atexit: the main thread has not ended by its deadline: ' +
        'handler flush blocks it (1 of 3 done); the process is killed\n',
    ]);
  });

  it('says nothing where nothing is to be said', () => {
    arm(7500, 1);
    standGuard(table, true);
    vi.runAllTimers();
    expect(log()).toEqual([]);
    expect(killed()).toEqual([[4711, 'SIGKILL']]);
  });

  it('reports, and no more, where the process is number 1', () => {
    setProcess({ pid: 1 });
    arm(7500);
    standGuard(table, true);
    vi.runAllTimers();
    expect(killed()).toEqual([]);
    expect(log()).toEqual([expect.stringMatching(/; process 1 cannot be ended from inside\n$/)]);
  });

  it('waits a little for a pipe that is full', () => {
    written.mockImplementationOnce(() => {
      throw Object.assign(new Error('full'), { code: 'EAGAIN' });
    });
    arm(7500);
    standGuard(table, true);
    vi.runAllTimers();
    expect(log()).toHaveLength(2);
    expect(killed()).toHaveLength(1);
  });

  it('has nothing to do where nothing is armed', () => {
    const endGuard = standGuard(table, true);
    expect(vi.getTimerCount()).toBe(0);
    endGuard();
  });

  it('is ended', () => {
    arm(7500);
    standGuard(table, true)();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves it to whoever was first', () => {
    arm(7500);
    standGuard(table, true);
    standGuard(table, true);
    vi.runAllTimers();
    expect(killed()).toHaveLength(1);
    expect(log()).toHaveLength(1);
  });

  describe('on a busy machine', () => {
    const stat = (state: string): string => `4711 (no) de) ${state} ${'0 '.repeat(40)}`;

    it('waits for as long as the main thread waits for a processor', () => {
      usage = () => ({ stat: stat('R'), schedstat: '5000000 7000000 3' });
      arm(7500);
      standGuard(table, true);
      vi.advanceTimersByTime(60_000);
      expect(killed()).toEqual([]);
      // It has got one, and is asleep: it was told of the time that it waited.
      usage = () => ({ stat: stat('S'), schedstat: '5000000 60000000000 4' });
      vi.advanceTimersByTime(400);
      expect(killed()).toEqual([]);
      vi.advanceTimersByTime(100);
      expect(killed()).toHaveLength(1);
    });

    it('ends one that has the processor', () => {
      usage = () => ({ stat: stat('R'), schedstat: `${Date.now() * 1e6} 0 3` });
      arm(7500);
      standGuard(table, true);
      vi.advanceTimersByTime(2249);
      expect(killed()).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(killed()).toHaveLength(1);
    });

    it('goes by the time alone where the guard cannot be loaded', () => {
      usage = () => ({ stat: stat('R'), schedstat: '5000000 7000000 3' });
      arm(7500);
      awaitDuty(table, () => {
        throw new Error('there is no such file');
      });
      vi.advanceTimersByTime(2249);
      expect(killed()).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(killed()).toHaveLength(1);
    });

    it('loads a guard as late as that is of use, and none once the main thread has ended its shutdown', () => {
      const ended = vi.fn();
      const stand = vi.fn(() => ended);
      arm(7500);
      const end = awaitDuty(table, stand);
      vi.advanceTimersByTime(1749);
      expect(stand).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(stand).toHaveBeenCalledWith(table);
      end();
      expect(ended).toHaveBeenCalledTimes(1);
      arm(9500);
      awaitDuty(table, stand);
      arm(0);
      vi.runAllTimers();
      expect(stand).toHaveBeenCalledTimes(1);
    });

    it('ends one that has half of it, later', () => {
      usage = () => ({ stat: stat('R'), schedstat: `${Date.now() * 5e5} ${Date.now() * 5e5} 3` });
      arm(7500);
      standGuard(table, true);
      vi.advanceTimersByTime(2250);
      expect(killed()).toEqual([]);
      vi.advanceTimersByTime(300);
      expect(killed()).toHaveLength(1);
    });
  });

  it('leaves another shutdown alone, which has another time', () => {
    arm(7500);
    standGuard(table, true);
    arm(9500);
    vi.runAllTimers();
    expect(killed()).toEqual([]);
    expect(Atomics.load(table.cells, Header.guardSeconds)).toBe(9);
  });

  it('looks at once where the time is up already', () => {
    arm(5000);
    const timers = vi.spyOn(globalThis, 'setTimeout');
    standGuard(table, true);
    expect(timers.mock.calls[0]?.[1]).toBe(0);
  });

  it('waits for as long as a timer can', () => {
    arm(1e12);
    const timers = vi.spyOn(globalThis, 'setTimeout');
    standGuard(table, true);
    expect(timers.mock.calls[0]?.[1]).toBe(LONGEST);
  });

  it.each([true, false])('keeps its thread alive where it is there for nothing else: %s', (keepsAlive) => {
    arm(7500);
    const timers = vi.spyOn(globalThis, 'setTimeout');
    standGuard(table, keepsAlive);
    expect(timers.mock.results[0]?.value.hasRef()).toBe(keepsAlive);
  });
});
