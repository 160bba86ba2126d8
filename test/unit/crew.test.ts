/** The workers that were there, and the threads of theirs that are left: as far as the system tells, from a process of two. */
import { afterEach, expect, it, vi } from 'vitest';
import { createCrew, type Running } from '../../src/children/crew.ts';
import { createProcess } from './stand-ins.ts';

let threads: string[] | undefined;

const getBuiltinModule = () => ({
  readdirSync() {
    if (!threads) throw new Error('no such folder');
    return threads;
  },
  readFileSync: () => 'WorkerThread\n',
});

afterEach(() => vi.unstubAllGlobals());

function crewOf(ids: string[] | undefined, workers: readonly Running[]) {
  threads = ids;
  vi.stubGlobal('process', createProcess({ getBuiltinModule }));
  return createCrew(() => workers);
}

const worker = (isRunning: boolean, isNative: boolean, threads = 1): Running => ({
  name: 'worker',
  threads,
  isRunning: () => isRunning,
  isNative: () => isNative,
});

it('is stuck where all that are left were found to be in native code', () => {
  expect(crewOf(['1'], [worker(true, true)]).isStuck()).toBe(true);
  expect(crewOf(['1'], [worker(true, false)]).isStuck()).toBe(false);
  expect(crewOf(['1', '2'], [worker(true, true), worker(true, false)]).isStuck()).toBe(false);
});

it('is not while a thread of another one is there, whose JavaScript is over', () => {
  const crew = crewOf(['1', '2', '3'], [worker(true, true), worker(false, false, 2)]);
  expect(crew.isStuck()).toBe(false);
  threads = ['1', '3'];
  expect(crew.isStuck()).toBe(false);
  threads = ['1'];
  expect(crew.isStuck()).toBe(true);
  expect(crew.left()).toBeGreaterThan(0);
});

it('goes by their JavaScript where the system does not tell of threads', () => {
  expect(crewOf(undefined, [worker(true, true), worker(false, false)]).isStuck()).toBe(true);
  expect(crewOf(undefined, [worker(true, true), worker(true, false)]).isStuck()).toBe(false);
});
