import { once } from 'node:events';
import inspector from 'node:inspector';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTable, Header, type Table } from '../../src/table/cells.ts';
import { arm, disarm, startGuard } from '../../src/watchdog/watchdog.ts';
import { createProcess } from './stand-ins.ts';

/** A cell that nobody else uses, for a guard to say that it is there. */
const PRESENT = Header.doorbell;

const header = ({ cells }: Table, cell: number): number => Atomics.load(cells, cell);
const isArmed = (table: Table): boolean => header(table, Header.guardSeconds) !== 0;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

describe('the watchdog', () => {
  it('is armed for half a second after the deadline', () => {
    const table = createTable();
    arm(table, 12_345.75, false);
    expect([Header.guardSeconds, Header.guardMs, Header.guardQuiet].map((cell) => header(table, cell))).toEqual([
      12, 845, 0,
    ]);
  });

  it('carries over to the next second', () => {
    const table = createTable();
    arm(table, 12_600, true);
    expect([Header.guardSeconds, Header.guardMs, Header.guardQuiet].map((cell) => header(table, cell))).toEqual([
      13, 100, 1,
    ]);
  });

  it('is disarmed', () => {
    const table = createTable();
    arm(table, 12_345, false);
    disarm(table);
    expect(isArmed(table)).toBe(false);
  });
});

describe('while somebody may have stopped the main thread to look at it', () => {
  it.each(['--inspect', '--inspect-brk', '--inspect=9229', '--inspect-wait'])('by %s, it stays unarmed', (option) => {
    process.execArgv.push(option);
    try {
      const table = createTable();
      arm(table, 12_345, false);
      expect(isArmed(table)).toBe(false);
    } finally {
      process.execArgv.pop();
    }
  });

  it.each(['--inspect-port=5', '--inspect-publish-uid=http', '--no-inspect', 'inspect', '--title=--inspect'])(
    'and %s says nothing of that',
    (option) => {
      process.execArgv.push(option);
      try {
        const table = createTable();
        arm(table, 12_345, false);
        expect(isArmed(table)).toBe(true);
      } finally {
        process.execArgv.pop();
      }
    },
  );

  it('by an option in the environment, it stays unarmed', () => {
    vi.stubEnv('NODE_OPTIONS', '--enable-source-maps --inspect');
    const table = createTable();
    arm(table, 12_345, false);
    expect(isArmed(table)).toBe(false);
  });

  it.each([
    ['has not loaded it', []],
    ['does not tell what it has loaded', undefined],
  ])('the inspector is not loaded for that where the runtime %s', (_, moduleLoadList) => {
    const getBuiltinModule = vi.fn();
    vi.stubGlobal('process', createProcess({ execArgv: [], env: {}, moduleLoadList, getBuiltinModule }));
    const table = createTable();
    arm(table, 12_345, false);
    expect(isArmed(table)).toBe(true);
    expect(getBuiltinModule).not.toHaveBeenCalled();
  });

  it('by an inspector that the program has opened, it stays unarmed, until that is closed', () => {
    const url = vi.spyOn(inspector, 'url').mockReturnValue('ws://127.0.0.1:9229');
    const table = createTable();
    arm(table, 12_345, false);
    expect(isArmed(table)).toBe(false);
    url.mockReturnValue(undefined);
    arm(table, 12_345, false);
    expect(isArmed(table)).toBe(true);
    url.mockRestore();
  });
});

describe('a thread that stands guard', () => {
  it('is not started while nothing is armed', () => {
    expect(startGuard(createTable())).toBeUndefined();
  });

  it('gets the table, and is ended', async () => {
    vi.stubGlobal(
      'GUARD_SOURCE',
      `const cells = new Int32Array(require('node:worker_threads').workerData);
       Atomics.store(cells, ${PRESENT}, process.execArgv.length === 0 ? 1 : -1);
       Atomics.notify(cells, ${PRESENT});
       setInterval(() => {}, 1000);`,
    );
    const table = createTable();
    arm(table, 12_345, false);
    const made = once(process, 'worker');
    const relieve = startGuard(table);
    expect(relieve).toBeDefined();
    const [guard] = await made;
    await Atomics.waitAsync(table.cells, PRESENT, 0, 10_000).value;
    expect(header(table, PRESENT)).toBe(1);
    const gone = once(guard, 'exit');
    relieve?.();
    await gone;
  });

  it('may fail without a word', async () => {
    const table = createTable();
    vi.stubGlobal(
      'GUARD_SOURCE',
      `const cells = new Int32Array(require('node:worker_threads').workerData);
       process.once('exit', () => { Atomics.store(cells, ${PRESENT}, 1); Atomics.notify(cells, ${PRESENT}); });
       throw new Error('no');`,
    );
    arm(table, 12_345, false);
    startGuard(table);
    await Atomics.waitAsync(table.cells, PRESENT, 0, 10_000).value;
    expect(header(table, PRESENT)).toBe(1);
    // An error that nobody listens for would be this thread's.
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
});
