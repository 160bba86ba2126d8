import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { now } from '../../src/clock.ts';
import { isInsideHandler } from '../../src/handlers/inside-handler.ts';
import { createRegistry, type Registry } from '../../src/handlers/registry.ts';
import type { HandlerReport } from '../../src/report/report.ts';
import { createDriver, type Driver } from '../../src/sequence/drivers.ts';
import { sequence } from '../../src/sequence/sequence.ts';
import type { Outcome, Parts } from '../../src/sequence/step.ts';
import { ownTime, workersTime } from '../../src/times.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** No worker was given up, so that none is in native code. */
const nobodyStuck = { look() {} };

const never = () => new Promise<never>(() => {});
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Scene extends Driver {
  readonly handlers: Registry;
  readonly drains: Registry;
  /** What came to pass, in order. */
  readonly log: string[];
  readonly outcome: Outcome;
}

/** A thread of which only the sequence is real. It has 8000 ms. */
function createScene(parts: Partial<Parts> = {}): Scene {
  const [handlers, drains, log]: [Registry, Registry, string[]] = [createRegistry(), createRegistry(), []];
  const outcome: Outcome = { stages: [], drained: [], pools: [], handlers: [] };
  const startedAt = now();
  const steps = sequence(
    {
      drains,
      handlers,
      deadline: (share) => startedAt + 8000 * share,
      delay: 0,
      note: (line) => void log.push(line),
      begin: () => void log.push('begin'),
      hasToDrain: () => true,
      isLeaf: () => false,
      refuse: () => void log.push('refuse'),
      idle(sync) {
        log.push(`idle${sync ? ' sync' : ''}`);
        return undefined;
      },
      workers: {
        ...nobodyStuck,
        start(sync) {
          log.push(`workers${sync ? ' sync' : ''}`);
          return undefined;
        },
        block: () => void log.push('block'),
        terminateSilent() {
          log.push('terminate');
          return false;
        },
      },
      handOver: () => void log.push('hand over'),
      flush(sync) {
        log.push(`flush${sync ? ' sync' : ''}`);
        return undefined;
      },
      onHandler: ({ name }, behind) => void log.push(`${name} before ${behind}`),
      onSettled() {},
      onFailure({ name, error, unfinished }, sync) {
        log.push(`${name} ${error ? error.message : unfinished ? 'unfinished' : 'clean'}${sync ? ' sync' : ''}`);
      },
      ...parts,
    },
    outcome,
  );
  const driver = createDriver(steps, {
    onError: (error) => log.push(`error ${error}`),
    onEnd: () => log.push('end'),
  });
  return { handlers, drains, log, outcome, ...driver };
}

/** What comes between the functions of the drain stage and the handlers, and what comes after these. */
const MIDDLE = ['refuse', 'idle', 'workers', 'terminate', 'hand over'];
const LAST = ['workers', 'terminate', 'hand over', 'flush', 'end'];
const MIDDLE_SYNC = ['refuse', 'idle sync', 'workers sync', 'block', 'terminate', 'hand over'];
const LAST_SYNC = ['workers sync', 'block', 'terminate', 'hand over', 'flush sync', 'end'];

const named = <F extends (...args: never[]) => unknown>(name: string, fn: F): F =>
  Object.defineProperty(fn, 'name', { value: name });
const names = (reports: readonly HandlerReport[]) => reports.map(({ name }) => name);

describe('the stages come one after the other', () => {
  it('on an asynchronous route', () => {
    const { drains, handlers, log, outcome, drive } = createScene();
    drains.add(function stop() {}, []);
    handlers.add(function close() {}, []);
    drive();
    expect(log).toEqual(['begin', 'stop before 0', ...MIDDLE, 'close before 0', ...LAST]);
    expect(names(outcome.drained)).toEqual(['stop']);
    expect(names(outcome.handlers)).toEqual(['close']);
  });

  it('on a synchronous route', () => {
    const { drains, handlers, log, takeOver } = createScene();
    drains.add(function stop() {}, []);
    handlers.add(function close() {}, []);
    takeOver();
    expect(log).toEqual(['begin', 'stop before 0', ...MIDDLE_SYNC, 'close before 0', ...LAST_SYNC]);
  });

  it('but for what there is nothing of', () => {
    const { handlers, log, outcome, drive } = createScene({ hasToDrain: () => false, isLeaf: () => true });
    handlers.add(function close() {}, []);
    drive();
    expect(log).toEqual(['begin', 'workers', 'close before 0', 'flush', 'end']);
    expect(outcome.stages.map(({ name }) => name)).toEqual(['drain', 'workers', 'handlers']);
  });

  it('and workers that were made meanwhile have their turn', () => {
    let isLeaf = true;
    const { handlers, log, drive } = createScene({ hasToDrain: () => false, isLeaf: () => isLeaf });
    handlers.add(function make() {
      isLeaf = false;
    }, []);
    drive();
    expect(log).toEqual(['begin', 'workers', 'make before 0', ...LAST]);
  });

  it('and have a report each, with how long they took', async () => {
    const { drains, handlers, outcome, drive } = createScene({
      idle: () => sleep(50),
      workers: { ...nobodyStuck, start: () => sleep(200), block() {}, terminateSilent: () => false },
      flush: () => sleep(1000),
    });
    drains.add(function stop() {
      return sleep(100);
    }, []);
    handlers.add(function close() {
      return sleep(30);
    }, []);
    drive();
    await vi.runAllTimersAsync();
    expect(outcome.stages).toEqual([
      {
        name: 'drain',
        durationMs: expect.closeTo(150),
        startedAt: expect.any(Number),
        handlers: [{ name: 'stop', durationMs: expect.closeTo(100), startedAt: expect.any(Number) }],
      },
      { name: 'workers', durationMs: expect.closeTo(200), startedAt: expect.any(Number) },
      { name: 'handlers', durationMs: expect.closeTo(30), startedAt: expect.any(Number) },
    ]);
    expect(outcome.handlers).toEqual([
      { name: 'close', durationMs: expect.closeTo(30), startedAt: expect.any(Number) },
    ]);
  });
});

describe('handlers', () => {
  it('run last in first out, each awaited before the next', async () => {
    const { handlers, log, drive } = createScene();
    for (const name of ['a', 'b', 'c']) {
      handlers.add(
        named(name, async () => {
          await sleep(10);
          log.push(`${name} done`);
        }),
        [],
      );
    }
    drive();
    await vi.runAllTimersAsync();
    expect(log).toEqual([
      'begin',
      ...MIDDLE,
      ...['c before 2', 'c done', 'b before 1', 'b done', 'a before 0', 'a done'],
      ...LAST,
    ]);
  });

  it('that are added while one runs run next; one that is removed does not', async () => {
    const { handlers, outcome, drive } = createScene();
    const removed = function removed() {};
    handlers.add(function oldest() {}, []);
    handlers.add(removed, []);
    handlers.add(async function newest() {
      await sleep(10);
      handlers.remove(removed);
      handlers.add(function added() {
        handlers.add(function addedLast() {}, []);
      }, []);
    }, []);
    drive();
    await vi.runAllTimersAsync();
    expect(names(outcome.handlers)).toEqual(['newest', 'added', 'addedLast', 'oldest']);
  });

  it('that throw or reject are told of, and the rest still run', async () => {
    const { handlers, log, outcome, drive } = createScene();
    handlers.add(function last() {}, []);
    handlers.add(function rejects() {
      return Promise.reject(new Error('rejected'));
    }, []);
    handlers.add(function throws() {
      throw 'thrown';
    }, []);
    drive();
    await vi.runAllTimersAsync();
    expect(log).toEqual([
      'begin',
      ...MIDDLE,
      'throws before 2',
      'throws thrown, and not an Error: thrown',
      'rejects before 1',
      'rejects rejected',
      'last before 0',
      ...LAST,
    ]);
    expect(outcome.handlers.map(({ error }) => error?.message)).toEqual([
      'thrown, and not an Error: thrown',
      'rejected',
      undefined,
    ]);
    expect(outcome.stages.map(({ timedOut }) => timedOut)).toEqual([undefined, undefined, undefined]);
  });

  it('that are handed over while the workers end run with the others, and so do those that come late', () => {
    const scene = createScene({
      handOver() {
        scene.handlers.add(function handedOver() {}, []);
      },
    });
    scene.handlers.add(function close() {}, []);
    scene.drive();
    expect(names(scene.outcome.handlers)).toEqual(['handedOver', 'close', 'handedOver']);
  });

  it('that are added while it is waited for what was printed run last of all', async () => {
    const { handlers, log, drive } = createScene({
      flush: async () => {
        handlers.add(function late() {}, []);
      },
    });
    drive();
    await vi.runAllTimersAsync();
    expect(log.slice(-2)).toEqual(['late before 0', 'end']);
  });

  it('know that they are handlers', async () => {
    const { handlers, drains, drive } = createScene();
    const inside: boolean[] = [];
    const look = async (): Promise<void> => {
      inside.push(isInsideHandler());
      await sleep(10);
      inside.push(isInsideHandler());
    };
    drains.add(look, []);
    handlers.add(look, []);
    drive();
    await vi.runAllTimersAsync();
    expect(inside).toEqual([true, true, true, true]);
  });

  it('may return what is merely like a promise, or what throws when it is looked at', async () => {
    const { handlers, log, outcome, drive } = createScene();
    handlers.add(function thenable() {
      // biome-ignore lint/suspicious/noThenProperty: it is one on purpose
      return { then: (settle: () => void) => setTimeout(settle, 10) };
    }, []);
    handlers.add(function trap() {
      return Object.defineProperty({}, 'then', {
        get() {
          throw new Error('looked at');
        },
      });
    }, []);
    handlers.add(function later() {
      let looks = 0;
      return Object.defineProperty({}, 'then', {
        get() {
          if (looks++ > 0) throw new Error('looked at again');
          return () => {};
        },
      });
    }, []);
    handlers.add(function callable() {
      // biome-ignore lint/suspicious/noThenProperty: a function may be awaited as well
      return Object.assign(() => {}, { then: (settle: () => void) => setTimeout(settle, 10) });
    }, []);
    handlers.add(function notThenable() {
      // biome-ignore lint/suspicious/noThenProperty: it is none on purpose
      return { then: 5 };
    }, []);
    handlers.add(function nothing() {
      return null;
    }, []);
    drive();
    await vi.runAllTimersAsync();
    expect(
      outcome.handlers.map(({ name, durationMs, error }) => [name, Math.round(durationMs), error?.message]),
    ).toEqual([
      ['nothing', 0, undefined],
      ['notThenable', 0, undefined],
      ['callable', 10, undefined],
      ['later', 0, 'looked at again'],
      ['trap', 0, 'looked at'],
      ['thenable', 10, undefined],
    ]);
    expect(log.at(-1)).toBe('end');
  });
});

describe('a function that blocks for longer than its stage has', () => {
  const block = (ms: number) => named(`block${ms}`, () => void vi.advanceTimersByTime(ms));

  it.each([
    ['drain', [4100], [], [true, undefined, undefined]],
    ['drain', [3900], [], [undefined, undefined, undefined]],
    ['handlers', [], [8100], [undefined, undefined, true]],
    ['handlers', [], [7900], [undefined, undefined, undefined]],
    // The others have not used up anything.
    ['handlers', [], [10, 8100], [undefined, undefined, true]],
    ['drain, and so the rest of the time', [8100], [10], [true, undefined, undefined]],
  ])('is told of: %s, %j and %j ms', (_, drained, handled, timedOut) => {
    const { drains, handlers, outcome, drive } = createScene();
    for (const ms of drained) drains.add(block(ms), []);
    for (const ms of handled) handlers.add(block(ms), []);
    drive();
    expect(outcome.stages.map((stage) => stage.timedOut)).toEqual(timedOut);
  });
});

describe('a function for the drain stage that is registered late', () => {
  it('is called in that stage while another one is pending', async () => {
    const { drains, outcome, log, drive } = createScene();
    drains.add(async function first() {
      await sleep(10);
      drains.add(async function second() {
        await sleep(10);
        log.push('second is through');
      }, []);
    }, []);
    drive();
    await vi.runAllTimersAsync();
    expect(names(outcome.drained)).toEqual(['first', 'second']);
    expect(log).toEqual(['begin', 'first before 0', 'second before 0', 'second is through', ...MIDDLE, ...LAST]);
  });

  it('has what is left of its time', async () => {
    const { drains, outcome, drive } = createScene();
    drains.add(async function first() {
      await sleep(10);
      drains.add(() => new Promise(() => {}), []);
    }, []);
    drive();
    await vi.runAllTimersAsync();
    expect(outcome.stages[0]).toMatchObject({ name: 'drain', timedOut: true });
    expect(Math.round(outcome.stages[0]?.durationMs ?? 0)).toBe(4000);
  });

  it('is called no more when its time is over, however often it registers itself', async () => {
    const { drains, outcome, log, drive } = createScene();
    drains.add(async function again() {
      vi.advanceTimersByTime(100);
      drains.add(again, []);
    }, []);
    drive();
    await vi.runAllTimersAsync();
    expect(log.at(-1)).toBe('end');
    expect(outcome.drained).toHaveLength(40);
    expect(outcome.handlers).toHaveLength(40);
  });

  it('is called once where there is no time at all', async () => {
    const { drains, outcome, drive } = createScene({ deadline: () => now() });
    drains.add(function stop() {}, []);
    drive();
    await vi.runAllTimersAsync();
    expect(names(outcome.drained)).toEqual(['stop']);
  });

  it('is called with the handlers where that is over, after them', () => {
    const { drains, handlers, outcome, log, drive } = createScene();
    handlers.add(function last() {}, []);
    handlers.add(function late() {
      drains.add(function stop() {}, []);
    }, []);
    drive();
    expect(names(outcome.handlers)).toEqual(['late', 'last', 'stop']);
    expect(log.filter((line) => line.includes('before'))).toEqual(['late before 1', 'last before 1', 'stop before 0']);
  });
});

describe('functions of the drain stage', () => {
  it('run concurrently, the newest first, and the pools refuse when they have settled', async () => {
    const { drains, log, drive } = createScene();
    for (const [name, ms] of [
      ['a', 10],
      ['b', 30],
      ['c', 20],
    ] as const) {
      drains.add(
        named(name, async () => {
          await sleep(ms);
          log.push(`${name} done`);
        }),
        [],
      );
    }
    drive();
    await vi.advanceTimersByTimeAsync(30);
    expect(log).toEqual([
      'begin',
      ...['c before 2', 'b before 1', 'a before 0', 'a done', 'c done', 'b done'],
      ...MIDDLE,
      ...LAST,
    ]);
  });

  it('that throw are told of, and the rest still run', async () => {
    const { drains, log, outcome, drive } = createScene();
    drains.add(function last() {}, []);
    drains.add(function throws() {
      throw new Error('no');
    }, []);
    drive();
    expect(log.slice(0, 5)).toEqual(['begin', 'throws before 1', 'throws no', 'last before 0', 'refuse']);
    expect(outcome.stages[0]?.handlers?.map(({ name, error }) => [name, error?.message])).toEqual([
      ['throws', 'no'],
      ['last', undefined],
    ]);
  });
});

describe('time', () => {
  it('the drain stage may use half of it, and what it has not finished is told', async () => {
    const { drains, log, outcome, drive } = createScene();
    drains.add(function hangs() {
      return never();
    }, []);
    drains.add(function finishes() {
      return sleep(10);
    }, []);
    drive();
    await vi.advanceTimersByTimeAsync(3999);
    expect(log).not.toContain('refuse');
    await vi.advanceTimersByTimeAsync(1);
    expect(log).toEqual(['begin', 'finishes before 1', 'hangs before 0', 'hangs unfinished', ...MIDDLE, ...LAST]);
    expect(outcome.stages[0]).toMatchObject({ name: 'drain', timedOut: true });
    expect(outcome.drained.map(({ unfinished }) => unfinished)).toEqual([undefined, true]);
    expect(outcome.stages[1]).not.toHaveProperty('timedOut');
    expect(outcome.stages[2]).not.toHaveProperty('timedOut');
  });

  it('pools, too, have half of it to become idle', async () => {
    const { log, outcome, drive } = createScene({ idle: never });
    drive();
    await vi.advanceTimersByTimeAsync(3999);
    expect(log).toEqual(['begin', 'refuse']);
    await vi.advanceTimersByTimeAsync(1);
    expect(log.at(-1)).toBe('end');
    expect(outcome.stages.map(({ timedOut }) => timedOut)).toEqual([true, undefined, undefined]);
  });

  it('workers may use it to three quarters, and those that are silent then are terminated', async () => {
    const log: string[] = [];
    const { outcome, drive } = createScene({
      workers: {
        ...nobodyStuck,
        start: () => (log.push('start') === 1 ? never() : undefined),
        block() {},
        terminateSilent: () => log.push('terminate') === 2,
      },
    });
    drive();
    await vi.advanceTimersByTimeAsync(5999);
    expect(log).toEqual(['start']);
    await vi.advanceTimersByTimeAsync(1);
    expect(log).toEqual(['start', 'terminate', 'start', 'terminate']);
    expect(outcome.stages.map(({ timedOut }) => timedOut)).toEqual([undefined, true, undefined]);
  });

  it('workers that joined late, and what is to be written, have all of it', async () => {
    let starts = 0;
    const { log, drive } = createScene({
      workers: {
        ...nobodyStuck,
        ...nobodyStuck,
        start: () => (++starts === 2 ? never() : undefined),
        block() {},
        terminateSilent: () => false,
      },
      flush: never,
    });
    drive();
    await vi.advanceTimersByTimeAsync(7999);
    expect(starts).toBe(2);
    expect(log.at(-1)).toBe('hand over');
    await vi.advanceTimersByTimeAsync(2);
    expect(log.at(-1)).toBe('end');
  });

  it('a handler may use what is left, less 100 ms for each one behind it', async () => {
    const { handlers, log, outcome, drive } = createScene();
    for (const name of ['c', 'b', 'a'])
      handlers.add(
        named(name, () => never()),
        [],
      );
    drive();
    await vi.advanceTimersByTimeAsync(7799);
    expect(log.at(-1)).toBe('a before 2');
    await vi.advanceTimersByTimeAsync(1);
    expect(log.slice(-2)).toEqual(['a unfinished', 'b before 1']);
    await vi.advanceTimersByTimeAsync(99);
    expect(log.at(-1)).toBe('b before 1');
    await vi.advanceTimersByTimeAsync(1);
    expect(log.slice(-2)).toEqual(['b unfinished', 'c before 0']);
    await vi.advanceTimersByTimeAsync(99);
    expect(log.at(-1)).toBe('c before 0');
    await vi.advanceTimersByTimeAsync(1);
    expect(log.at(-1)).toBe('end');
    expect(outcome.stages.map(({ timedOut }) => timedOut)).toEqual([undefined, undefined, true]);
    expect(outcome.handlers.map(({ durationMs, unfinished }) => [Math.round(durationMs), unfinished])).toEqual([
      [7800, true],
      [100, true],
      [100, true],
    ]);
  });

  it('a handler has an even share where 100 ms each would be more', async () => {
    const { handlers, outcome, drive } = createScene();
    for (let n = 0; n < 160; n++) handlers.add(never, []);
    drive();
    await vi.advanceTimersByTimeAsync(8001);
    expect(outcome.handlers).toHaveLength(160);
    for (const { durationMs } of outcome.handlers) expect(durationMs).toBeCloseTo(50, -1);
  });

  it('it may come nearer while something is waited for', async () => {
    let end = now() + 8000;
    const { handlers, log, drive } = createScene({ deadline: () => end });
    handlers.add(function close() {
      return never();
    }, []);
    drive();
    end = now() + 300;
    await vi.advanceTimersByTimeAsync(500);
    expect(log).toContain('close unfinished');
    expect(log.at(-1)).toBe('end');
  });

  it('what comes of a handler later is not told any more', async () => {
    const { handlers, log, outcome, drive } = createScene();
    handlers.add(async function late() {
      await sleep(9000);
      throw new Error('late');
    }, []);
    drive();
    await vi.runAllTimersAsync();
    expect(log.filter((line) => line.startsWith('late'))).toEqual(['late before 0', 'late unfinished']);
    expect(outcome.handlers).toEqual([
      { name: 'late', durationMs: expect.closeTo(8000), startedAt: expect.any(Number), unfinished: true },
    ]);
  });
});

describe('a shutdown that is cut short goes on synchronously', () => {
  it('in the drain stage', async () => {
    const { drains, handlers, log, outcome, drive, takeOver } = createScene();
    drains.add(function hangs() {
      return never();
    }, []);
    drains.add(async function finishes() {}, []);
    handlers.add(function close() {}, []);
    drive();
    await vi.advanceTimersByTimeAsync(10);
    takeOver();
    expect(log).toEqual([
      'begin',
      'finishes before 1',
      'hangs before 0',
      'hangs unfinished sync',
      ...MIDDLE_SYNC,
      'close before 0',
      ...LAST_SYNC,
    ]);
    expect(outcome.stages.map(({ timedOut }) => timedOut)).toEqual([undefined, undefined, undefined]);
  });

  it('while the pools finish', () => {
    const { log, outcome, drive, takeOver } = createScene({ idle: () => never() });
    drive();
    takeOver();
    expect(log).toEqual(['begin', 'refuse', 'workers sync', 'block', 'terminate', 'hand over', ...LAST_SYNC]);
    expect(outcome.stages[0]).not.toHaveProperty('timedOut');
  });

  it('while workers are waited for', () => {
    const calls: string[] = [];
    const { drive, takeOver } = createScene({
      workers: {
        ...nobodyStuck,
        start(sync) {
          calls.push(`start ${sync}`);
          return sync ? undefined : never();
        },
        block: () => void calls.push('block'),
        terminateSilent: () => calls.push('terminate') === 0,
      },
    });
    drive();
    takeOver();
    expect(calls).toEqual(['start false', 'block', 'terminate', 'start true', 'block', 'terminate']);
  });

  it('while a handler is waited for, which is not called again', async () => {
    const { handlers, log, outcome, drive, takeOver } = createScene();
    for (const name of ['b', 'a'])
      handlers.add(
        named(name, () => never()),
        [],
      );
    drive();
    await vi.advanceTimersByTimeAsync(10);
    takeOver();
    expect(log).toEqual([
      'begin',
      ...MIDDLE,
      'a before 1',
      'a unfinished sync',
      'b before 0',
      'b unfinished sync',
      ...LAST_SYNC,
    ]);
    expect(outcome.stages.map(({ timedOut }) => timedOut)).toEqual([undefined, undefined, undefined]);
    expect(outcome.handlers.map(({ unfinished }) => unfinished)).toEqual([true, true]);
  });

  it('from within a handler', () => {
    const scene = createScene();
    scene.handlers.add(function rest() {}, []);
    scene.handlers.add(function exits() {
      scene.takeOver();
    }, []);
    scene.drive();
    expect(scene.log).toEqual(['begin', ...MIDDLE, 'exits before 1', 'rest before 0', ...LAST_SYNC]);
    expect(scene.outcome.handlers.map(({ unfinished }) => unfinished)).toEqual([undefined, undefined]);
  });

  it('from within a function of the drain stage', () => {
    const scene = createScene();
    scene.drains.add(function rest() {
      return never();
    }, []);
    scene.drains.add(function exits() {
      scene.takeOver();
      return never();
    }, []);
    scene.drive();
    expect(scene.log).toEqual([
      'begin',
      'exits before 1',
      'rest before 0',
      'rest unfinished sync',
      ...MIDDLE_SYNC,
      ...LAST_SYNC,
    ]);
  });
});

describe('on a synchronous route an asynchronous handler', () => {
  it('is finished if its promise has settled', () => {
    const { handlers, log, outcome, takeOver } = createScene();
    handlers.add(async function settles() {}, []);
    takeOver();
    expect(log).not.toContain('settles unfinished sync');
    expect(outcome.handlers).toEqual([{ name: 'settles', durationMs: 0, startedAt: expect.any(Number) }]);
  });

  it('has failed if its promise is rejected', () => {
    const { handlers, outcome, takeOver } = createScene();
    handlers.add(async function rejects() {
      throw new RangeError('too far');
    }, []);
    takeOver();
    expect(outcome.handlers[0]).not.toHaveProperty('unfinished');
    expect(outcome.handlers[0]?.error?.message).toContain('RangeError: too far');
  });

  it.each([
    ['a promise that is pending', never],
    // biome-ignore lint/suspicious/noThenProperty: it is one on purpose
    ['what is like a promise, and cannot be looked into', () => ({ then() {} })],
    ['a promise that says otherwise of itself', () => Object.assign(never(), { [inspect.custom]: () => 'settled' })],
  ])('is unfinished with %s', (_, fn) => {
    const { handlers, outcome, takeOver } = createScene();
    handlers.add(fn, []);
    takeOver();
    expect(outcome.handlers).toEqual([
      { name: expect.any(String), durationMs: 0, startedAt: expect.any(Number), unfinished: true },
    ]);
  });

  it.each([
    // biome-ignore lint/suspicious/noThenProperty: it is none on purpose
    ['what has merely a property then', () => ({ then: 5 })],
    ['nothing', () => undefined],
  ])('is finished with %s', (_, fn) => {
    const { handlers, outcome, takeOver } = createScene();
    handlers.add(fn, []);
    takeOver();
    expect(outcome.handlers).toEqual([{ name: expect.any(String), durationMs: 0, startedAt: expect.any(Number) }]);
  });

  it('has failed once, if what is told of that ends the process', async () => {
    const scene = createScene({
      onSettled() {},
      onFailure({ name }) {
        scene.log.push(`${name} failed`);
        scene.takeOver();
      },
    });
    scene.handlers.add(function rejects() {
      // biome-ignore lint/suspicious/noThenProperty: it is one on purpose
      return { then: (_: unknown, reject: (error: Error) => void) => setTimeout(reject, 10, new Error('no')) };
    }, []);
    scene.drive();
    await vi.runAllTimersAsync();
    expect(scene.log.filter((line) => line === 'rejects failed')).toHaveLength(1);
    expect(scene.outcome.handlers).toEqual([
      { name: 'rejects', durationMs: expect.closeTo(10), startedAt: expect.any(Number), error: new Error('no') },
    ]);
    expect(scene.log.at(-1)).toBe('end');
  });

  it('whose value looks like a state is finished all the same', () => {
    const { handlers, outcome, takeOver } = createScene();
    handlers.add(async function says() {
      return '{ <pending> { <rejected>';
    }, []);
    takeOver();
    expect(outcome.handlers).toEqual([{ name: 'says', durationMs: 0, startedAt: expect.any(Number) }]);
  });
});

it('a step that fails as such takes no time from its stage, and does not stop the others', async () => {
  const { drains, log, outcome, drive } = createScene({
    workers: {
      ...nobodyStuck,
      start: () => undefined,
      block() {},
      terminateSilent() {
        throw new Error('no');
      },
    },
  });
  drains.add(function hangs() {
    return never();
  }, []);
  drive();
  await vi.runAllTimersAsync();
  expect(log.filter((line) => line.startsWith('error'))).toEqual(['error Error: no', 'error Error: no']);
  expect(outcome.stages.map(({ timedOut }) => timedOut)).toEqual([true, undefined, undefined]);
  expect(log.at(-1)).toBe('end');
});

it('each handler is told of when nothing more becomes of it, with its stage', () => {
  const told: unknown[] = [];
  const { handlers, drains, drive } = createScene({ onSettled: (stage, report) => told.push({ ...report, stage }) });
  drains.add(function stop() {}, []);
  handlers.add(function close() {
    throw new Error('no');
  }, []);
  drive();
  expect(told).toEqual([
    { name: 'stop', durationMs: 0, startedAt: expect.any(Number), stage: 'drain' },
    { name: 'close', durationMs: 0, startedAt: expect.any(Number), stage: 'handlers', error: new Error('no') },
  ]);
});

it.each([
  [500, 450],
  [1000, 900],
  [8000, 7900],
])('of the %i ms that its order leaves a worker, it has %i for itself', (ordered, own) => {
  expect(ownTime(ordered)).toBe(own);
});

it('a worker leaves three quarters of its time to its own workers', () => {
  expect(workersTime(1000)).toBe(750);
});
