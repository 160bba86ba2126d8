import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { afterFairly, createFairClock } from '../../src/fair-clock.ts';
import { createProcess } from './stand-ins.ts';

/** Of each thread: its state, and for how many ms it had a processor and waited for one. */
let threads: Record<string, [state: string, ran: number, waited: number]>;
let keepsFigures: boolean;
let time: number;

const getBuiltinModule = () => ({
  readdirSync: () => Object.keys(threads),
  readlinkSync: () => '4711/task/1',
  readFileSync(file: string) {
    const [, id = '', name] = file.match(/task\/(\d+)\/(\w+)$/) ?? [];
    const thread = threads[id];
    if (!thread || (name === 'schedstat' && !keepsFigures)) throw new Error('no such file');
    const [state, ran, waited] = thread;
    if (name === 'schedstat') return `${ran * 1e6} ${waited * 1e6} 7\n`;
    return `${id} (a) name) ${state}${' 0'.repeat(10)} ${Math.floor(ran / 10)} 0 0 0\n`;
  },
});

beforeEach(() => {
  threads = { 1: ['R', 0, 0], 2: ['S', 0, 0] };
  keepsFigures = true;
  time = 1000;
  const hrtime = () => [0, time * 1e6];
  vi.stubGlobal('process', createProcess({ hrtime, getBuiltinModule }));
});
afterEach(() => vi.unstubAllGlobals());

/** What the clock shows 20 ms later, when the threads have got so far. */
function pass(clock: () => number, changed: typeof threads, ms = 20): number {
  Object.assign(threads, changed);
  time += ms;
  return clock();
}

it('goes on while threads sleep', () => {
  const clock = createFairClock();
  expect(clock()).toBe(0);
  expect(pass(clock, {})).toBe(20);
  expect(pass(clock, {})).toBe(40);
});

it('goes on while a thread has the processor, and stands while it waits for one', () => {
  const clock = createFairClock();
  expect(pass(clock, { 2: ['R', 20, 0] })).toBe(20);
  // The system adds up what it waits when it has got the processor.
  expect(pass(clock, {})).toBe(20);
  expect(pass(clock, {})).toBe(20);
  expect(pass(clock, { 2: ['R', 25, 55] })).toBe(20);
  expect(pass(clock, { 2: ['R', 45, 55] })).toBe(40);
  expect(pass(clock, { 2: ['S', 50, 60] })).toBe(55);
});

it('takes the one that waits longest', () => {
  threads = { ...threads, 3: ['S', 0, 0], 4: ['S', 0, 0] };
  const clock = createFairClock();
  expect(pass(clock, { 2: ['S', 2, 5], 3: ['S', 2, 15], 4: ['S', 20, 0] })).toBe(5);
});

it('leaves the caller out, and every other thread where some are named', () => {
  const clock = createFairClock();
  expect(pass(clock, { 1: ['R', 0, 20] })).toBe(20);
  const named = createFairClock(['1']);
  expect(pass(named, { 2: ['R', 0, 20] })).toBe(0);
  expect(pass(named, { 1: ['R', 20, 20] })).toBe(20);
});

it('takes no notice of threads that come and go', () => {
  const clock = createFairClock();
  expect(pass(clock, { 3: ['R', 0, 0] })).toBe(20);
  delete threads['2'];
  delete threads['3'];
  expect(pass(clock, {})).toBe(40);
});

it('is not looked at too often, and counts no more than a look', () => {
  const clock = createFairClock();
  expect(pass(clock, {}, 9)).toBe(0);
  expect(pass(clock, {}, 9)).toBe(18);
  expect(pass(clock, {}, 5000)).toBe(43);
});

it('tells by ticks where the system keeps no figures', () => {
  keepsFigures = false;
  const clock = createFairClock();
  expect(pass(clock, { 2: ['R', 20, 0] })).toBe(20);
  expect(pass(clock, {})).toBe(20);
  expect(pass(clock, { 2: ['S', 20, 0] })).toBe(40);
});

it('counts looks where the system does not tell of threads', () => {
  const getBuiltinModule = () => ({
    readdirSync() {
      throw new Error('no such folder');
    },
    readlinkSync() {
      throw new Error('no such folder');
    },
  });
  vi.stubGlobal('process', createProcess({ hrtime: () => [0, time * 1e6], getBuiltinModule }));
  const clock = createFairClock();
  expect(pass(clock, {})).toBe(20);
  expect(pass(clock, {}, 300)).toBe(45);
});

it('calls back once a thread has had its time, and not before', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const act = vi.fn();
  afterFairly(100, '2', act);
  const later = (ms: number, changed: typeof threads): void => {
    Object.assign(threads, changed);
    time += ms;
    vi.advanceTimersByTime(ms);
  };
  later(100, { 2: ['S', 5, 70] });
  expect(act).not.toHaveBeenCalled();
  later(70, { 2: ['R', 5, 80] });
  expect(act).not.toHaveBeenCalled();
  later(70, { 2: ['S', 25, 80] });
  expect(act).toHaveBeenCalledTimes(1);
  afterFairly(100, '2', act)();
  later(500, {});
  expect(act).toHaveBeenCalledTimes(1);
});
