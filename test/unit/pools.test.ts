import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { now } from '../../src/clock.ts';
import { ShutdownError } from '../../src/report/errors.ts';
import type { PoolReport } from '../../src/report/report.ts';
import { createPools, type Pool } from '../../src/thread/pools.ts';
import { someWorker } from './stand-ins.ts';

const refusal = new ShutdownError({ route: 'exit' });

function createPool(calls: string[], name: string, says: Partial<Pool> = {}): Pool {
  return {
    name,
    adopt: () => void calls.push(`adopt ${name}`),
    refuse(error) {
      calls.push(`refuse ${name} ${error === refusal}`);
      return undefined;
    },
    idle: () => undefined,
    wake() {
      calls.push(`wake ${name}`);
      return undefined;
    },
    end: async () => void calls.push(`end ${name}`),
    ...says,
  };
}

it('asks every pool, in the order in which they came', async () => {
  const pools = createPools();
  const calls: string[] = [];
  const owners = ['a', 'b'].map((name) => ({ name }));
  for (const owner of owners) pools.add(owner, createPool(calls, owner.name));
  expect(pools.size).toBe(2);
  expect(pools.hasAny()).toBe(true);
  pools.adopt(someWorker);
  expect(pools.refuse(refusal)).toEqual([]);
  expect(pools.wake()).toEqual([]);
  await pools.end(now() + 1000, () => {});
  expect(calls).toEqual(['adopt a', 'adopt b', 'refuse a true', 'refuse b true', 'wake a', 'wake b', 'end a', 'end b']);
});

it('has none to end while there are none, and keeps those that were ended', async () => {
  const pools = createPools();
  expect(pools.hasAny()).toBe(false);
  const owner = {};
  pools.add(owner, createPool([], 'a', { leave: () => ({ isUsed: () => false, register() {} }) }));
  await pools.end(now() + 1000, () => {});
  expect([pools.size, pools.hasAny()]).toEqual([0, true]);
});

it('has the notes of those that have one', () => {
  const pools = createPools();
  pools.add({}, createPool([], 'a', { refuse: () => 'not refused', wake: () => 'not woken' }));
  pools.add({}, createPool([], 'b'));
  expect(pools.refuse(refusal)).toEqual(['not refused']);
  expect(pools.wake()).toEqual(['not woken']);
});

it('notes what failed in one of them, and goes on', () => {
  const pools = createPools();
  const fail = (): never => {
    throw new Error('a load balancer failed');
  };
  pools.add({}, createPool([], 'a', { wake: fail }));
  pools.add({}, createPool([], 'b', { wake: () => 'woken' }));
  expect(pools.wake()).toEqual([expect.stringMatching(/^a pool failed: Error: a load balancer failed\n/), 'woken']);
});

it('wakes them once a shutdown', async () => {
  const pools = createPools();
  const calls: string[] = [];
  const owner = {};
  pools.add(owner, createPool(calls, 'a', { wake: () => 'woken' }));
  expect(pools.wake()).toEqual(['woken']);
  expect(pools.wake()).toEqual([]);
  await pools.end(now() + 1000, () => {});
  pools.add(owner, createPool(calls, 'a', { wake: () => 'woken again' }));
  expect(pools.wake()).toEqual(['woken again']);
});

it('wakes those that are being started, for as long as there are some in any of them', () => {
  const pools = createPools();
  const [first, second] = [
    [true, false, false],
    [true, true, false],
  ];
  expect(pools.wakeStarting()).toBe(false);
  pools.add({}, createPool([], 'that has none'));
  pools.add({}, createPool([], 'first', { wakeStarting: () => first.shift() === true }));
  pools.add({}, createPool([], 'second', { wakeStarting: () => second.shift() === true }));
  expect([pools.wakeStarting(), pools.wakeStarting(), pools.wakeStarting()]).toEqual([true, true, false]);
});

it('is idle once every one of them is, and says how long each took', async () => {
  const reports: PoolReport[] = [];
  const pools = createPools();
  expect(pools.idle(reports)).toBeUndefined();
  pools.add({}, createPool([], 'a'));
  expect(pools.idle(reports)).toBeUndefined();
  let finish = (): void => {};
  const busy = new Promise<void>((resolve) => {
    finish = resolve;
  });
  pools.add({}, createPool([], 'b', { idle: () => busy }));
  pools.add({}, createPool([], 'c', { idle: async () => {} }));
  let isIdle = false;
  const idle = pools.idle(reports)?.then(() => {
    isIdle = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isIdle).toBe(false);
  const about = { startedAt: expect.any(Number), durationMs: expect.any(Number) };
  expect(reports).toEqual([
    { name: 'b', ...about, durationMs: 0, unfinished: true },
    { name: 'c', ...about },
  ]);
  finish();
  await idle;
  expect(isIdle).toBe(true);
  expect(reports).toEqual([
    { name: 'b', ...about },
    { name: 'c', ...about },
  ]);
});

it('has one for each of the program’s own objects, and none once they were ended', async () => {
  const pools = createPools();
  const [calls, owner]: [string[], object] = [[], {}];
  pools.add(owner, createPool(calls, 'before'));
  pools.add(owner, createPool(calls, 'after'));
  expect(pools.size).toBe(1);
  expect(pools.has(owner)).toBe(true);
  expect(pools.has({})).toBe(false);
  await pools.end(now() + 1000, () => {});
  expect(calls).toEqual(['end after']);
  expect(pools.size).toBe(0);
  expect(pools.has(owner)).toBe(false);
  await pools.end(now() + 1000, () => {});
  expect(calls).toEqual(['end after']);
});

it('ends every pool, even if one cannot be ended, and says so', async () => {
  const pools = createPools();
  const calls: string[] = [];
  const fail = (): never => {
    throw new Error('cannot be ended');
  };
  pools.add({}, createPool(calls, 'a', { end: fail }));
  pools.add({}, createPool(calls, 'b'));
  await expect(pools.end(now() + 1000, () => {})).rejects.toThrow('cannot be ended');
  expect(calls).toEqual(['end b']);
});

it('registers a pool again once it has new workers', async () => {
  const pools = createPools();
  const calls: string[] = [];
  const owner = {};
  let isUsed = false;
  const again = (): void => pools.add(owner, createPool(calls, 'again'));
  pools.add(owner, createPool(calls, 'a', { leave: () => ({ isUsed: () => isUsed, register: again }) }));
  await pools.end(now() + 1000, () => {});
  pools.adopt(someWorker);
  expect(pools.has(owner)).toBe(false);
  isUsed = true;
  pools.adopt(someWorker);
  expect(pools.has(owner)).toBe(true);
  expect(calls).toEqual(['end a', 'adopt again']);
  pools.adopt(someWorker);
  expect(pools.size).toBe(1);
});

it('registers a pool again that was used while it was ended, and not one that the program has registered itself', async () => {
  const pools = createPools();
  const calls: string[] = [];
  const [one, other] = [{}, {}];
  const used = (owner: object) => ({
    leave: () => ({ isUsed: () => owner === one, register: () => pools.add(owner, createPool(calls, 'again')) }),
  });
  pools.add(one, createPool(calls, 'one', used(one)));
  pools.add(
    other,
    createPool(calls, 'other', { leave: () => ({ isUsed: () => true, register: () => calls.push('no') }) }),
  );
  pools.add(
    other,
    createPool(calls, 'other', { leave: () => ({ isUsed: () => false, register: () => calls.push('no') }) }),
  );
  await pools.end(now() + 1000, () => {});
  expect([pools.has(one), pools.has(other)]).toEqual([true, false]);
  pools.add(other, createPool(calls, 'other'));
  pools.adopt(someWorker);
  expect(calls.filter((call) => call === 'no')).toEqual([]);
});

it('waits for no pool longer than it may, and tells of it', async () => {
  const pools = createPools();
  const lines: string[] = [];
  const left = vi.fn();
  pools.add({}, createPool([], 'a', { end: () => new Promise(() => {}), leave: left }));
  await pools.end(now(), (line) => void lines.push(line));
  expect(lines).toEqual(['pool a has not ended, and is waited for no longer']);
  expect(left).toHaveBeenCalledTimes(1);
});

it('forgets a pool that the program has dropped', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const pools = createPools();
  const calls: string[] = [];
  const addDropped = (): void => pools.add({ dropped: true }, createPool(calls, 'dropped'));
  const kept = {};
  addDropped();
  pools.add(kept, createPool(calls, 'kept'));
  await expect
    .poll(() => {
      collect();
      calls.length = 0;
      pools.adopt(someWorker);
      return [...calls, pools.size];
    })
    .toEqual(['adopt kept', 1]);
  expect(pools.has(kept)).toBe(true);
});
