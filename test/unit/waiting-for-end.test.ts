/** A worker that was to end and does not: whether it is said to be in native code, by what the system tells of its threads. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import threads, { Worker } from 'node:worker_threads';
import { afterEach, expect, it, vi } from 'vitest';
import { createChild, createTask, type Slotted } from '../../src/children/child.ts';
import { createChildren } from '../../src/children/children.ts';
import { createLooks, waitForEnd } from '../../src/children/native-code.ts';
import { now } from '../../src/clock.ts';
import { createTable } from '../../src/table/cells.ts';
import { NATIVE, OVERTIME } from '../../src/times.ts';
import { createProcess } from './stand-ins.ts';

const { kill } = process;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** What the system says of a thread at a time of this process: its state, and how many ms it ran and waited. */
type Told = (ms: number) => [state: string, ran: number, waited: number];

const sleeps: Told = () => ['S', 0, 0];
const starves: Told = () => ['R', 0, 0];

/** The caller, a worker, and the main thread, which waits for a processor all the time: no worker's worker needs it to end. */
const [CALLER, OTHER, MAIN] = ['1', '2', '4711'];

/** A process with these threads; the system tells this of the second. */
function createProcessOf(told: Told, ms: () => number): object {
  return createProcess({
    hrtime: () => [0, ms() * 1e6],
    getBuiltinModule: () => ({
      readdirSync: () => [CALLER, OTHER, MAIN],
      readlinkSync: () => `4711/task/${CALLER}`,
      readFileSync(file: string) {
        const [state, ran, waited] = (file.includes(`/${MAIN}/`) ? starves : told)(ms());
        return file.endsWith('schedstat') ? `${ran * 1e6} ${waited * 1e6} 7\n` : `2 (a) ${state} 1\n`;
      },
    }),
  });
}

/** What is said at `until`, which is in so many ms, and when: undefined if that is not the last ms of it. */
function saidOf(told: Told, ms: number, from = ms - OVERTIME): boolean | undefined {
  const said: [isNative: boolean, at: number][] = [];
  let time = 0;
  vi.stubGlobal(
    'process',
    createProcessOf(told, () => time),
  );
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  waitForEnd(from, ms, (isNative) => said.push([isNative, time]));
  for (; time < ms + 100; time++) vi.advanceTimersByTime(1);
  expect(said.map(([, at]) => at)).toEqual([ms <= 0 ? 0 : expect.closeTo(ms, -0.5)]);
  return said[0]?.[0];
}

it('is in native code if no thread waited for a processor for as long as JavaScript needs to end', () => {
  expect(saidOf(sleeps, 1000)).toBe(true);
  expect(saidOf((ms) => ['R', ms, 0], 1000)).toBe(true);
  expect(saidOf(sleeps, NATIVE.after + 30)).toBe(true);
});

it('may be anything if one waited all the time, or there was no time to look', () => {
  expect(saidOf(starves, 1000)).toBe(false);
  expect(saidOf(sleeps, NATIVE.after - 10)).toBe(false);
  expect(saidOf(sleeps, -1)).toBe(false);
});

/** One that was given up and terminated, and whose event loop has not ended. */
const givenUp = (threadId: number): Slotted => ({
  ...createChild(threadId),
  slot: threadId,
  table: createTable(),
  worker: new Worker("setInterval(() => require('worker_threads').parentPort.postMessage(''), 20)", { eval: true }),
  contact: 'linked',
  task: { ...createTask(), state: 'timed-out' },
});

it('is looked at again for no longer than it was not looked at before, each since it was given up', async () => {
  let time = 0;
  const [one, other] = [givenUp(1), givenUp(2)];
  const workers = [one, other].flatMap(({ worker }) => worker ?? []);
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  vi.stubGlobal(
    'process',
    createProcessOf(sleeps, () => time),
  );
  const looks = createLooks();
  const lookFor = (ms: number, ...children: Slotted[]): boolean[] => {
    for (const _ of looks(children, time + ms)) time += NATIVE.every;
    return children.map(({ task }) => task.isNative);
  };
  expect(lookFor(NATIVE.after / 2, one)).toEqual([false]);
  expect(lookFor(NATIVE.after / 2, one, other)).toEqual([true, false]);
  expect(lookFor(NATIVE.after, one, other)).toEqual([true, true]);
  vi.unstubAllGlobals();
  await Promise.all(workers.map((worker) => worker.terminate()));
});

it('is looked at from when it was to end', () => {
  const until = 1000;
  expect(saidOf((ms) => (ms < 200 ? ['S', 0, 0] : ['R', 0, 0]), until, 0)).toBe(true);
  expect(saidOf((ms) => (ms < until - OVERTIME ? ['S', 0, 0] : ['R', 0, 0]), until)).toBe(false);
  expect(saidOf((ms) => (ms < until - OVERTIME ? ['R', 0, 0] : ['S', 0, 0]), until)).toBe(true);
});

it('says nothing once it is called off', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const onLate = vi.fn();
  waitForEnd(now(), now() + 100, onLate)();
  vi.advanceTimersByTime(1000);
  expect(onLate).not.toHaveBeenCalled();
});

it.each([
  ['starves', starves, ''],
  ['sleeps', sleeps, ': it is in native code'],
])('a registered worker that does not end settles all the same: its thread %s', async (_, told, cause) => {
  const lines: string[] = [];
  const children = createChildren(
    { table: createTable(), threadId: threads.threadId, isMain: threads.isMainThread, slot: () => undefined },
    {
      log: (line) => lines.push(line),
      onLink() {},
      onOwnEnd() {},
      onUnended: (line) => lines.push(line),
      onGone() {},
      onFailedWorker() {},
    },
  );
  const folder = mkdtempSync(join(tmpdir(), 'worker-atexit-'));
  const file = join(folder, 'pid');
  const program = `require('node:child_process').spawnSync('sh', ['-c', 'echo $$ > ${file}; exec sleep 60'])`;
  const worker = new Worker(program, { eval: true });
  await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8')).toMatch(/^\d+\n$/);
  const { threadId } = worker;
  children.setTerms(worker, { timeout: 100 });
  const ended = once(worker, 'exit');
  const { hrtime } = process;
  vi.stubGlobal(
    'process',
    createProcessOf(told, () => Number(hrtime.bigint() / 1_000_000n)),
  );
  await children.shutdown(worker);
  vi.unstubAllGlobals();
  expect(lines).toEqual([`worker ${threadId} has not ended${cause}, and is waited for no longer`]);
  kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
  await ended;
  rmSync(folder, { recursive: true });
});
