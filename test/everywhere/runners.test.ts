import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, expect, it } from 'vitest';
import { copyLibrary, root } from '../anywhere.ts';
import { temporaryFolder } from '../programs.ts';
import * as runtime from '../runtime.ts';

const JEST = join(root, 'node_modules', '.cache', 'jest@30.5', 'node_modules');

const COUNTER = `import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { registerWorker } from 'worker-atexit';

export async function startCounter(file) {
  const worker = new Worker(new URL('./counting.js', import.meta.url), { workerData: file });
  registerWorker(worker, { name: 'counter' });
  await once(worker, 'message');
  return worker;
}
`;
const COUNTING = `import { writeFile } from 'node:fs/promises';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { register } from 'worker-atexit';

let count = 0;
register(async function saveCount() {
  while (receiveMessageOnPort(parentPort)) count += 1;
  await writeFile(workerData, String(count));
});
parentPort.on('message', () => {
  count += 1;
});
parentPort.postMessage('ready');
`;
/** What fakes timers there. */
const fakes = (globals: string): string => (globals === 'vitest' ? 'vi' : 'jest');

const test = (globals: string, file: string): string => `import { readFileSync } from 'node:fs';
import { afterEach, expect, it, ${fakes(globals)} } from '${globals}';
import { register, shutdown, shutdownSignal } from 'worker-atexit';
import { startCounter } from './counter.js';

afterEach(() => shutdown());

it('shuts its worker down', async () => {
  const signal = shutdownSignal;
  const counter = await startCounter('${file}');
  counter.postMessage('word');
  counter.postMessage('word');
  const { ok, workers } = await shutdown();
  expect(ok).toBe(true);
  expect(workers.map(({ status }) => status)).toEqual(['acked']);
  expect(readFileSync('${file}', 'utf8')).toBe('2');
  expect(signal.aborted).toBe(true);
});

it('lets a worker clean up that is terminated', async () => {
  const counter = await startCounter('terminated-${file}');
  await counter.terminate();
  expect(readFileSync('terminated-${file}', 'utf8')).toBe('0');
});

it('names what a handler has thrown', async () => {
  register(function fails() {
    throw new RangeError('full');
  });
  const { ok, handlers } = await shutdown();
  expect(ok).toBe(false);
  expect(handlers.map(({ name, error }) => [name, error instanceof RangeError])).toEqual([['fails', true]]);
});

it('holds its deadline where timers are faked', async () => {
  register(function hang() {
    return new Promise(() => {});
  });
  ${fakes(globals)}.useFakeTimers();
  const { handlers } = await shutdown({ timeout: 200 });
  ${fakes(globals)}.useRealTimers();
  expect(handlers.map(({ name, unfinished }) => [name, unfinished])).toEqual([['hang', true]]);
});

it('refuses what is no handler', () => {
  expect(() => register(1)).toThrow(expect.objectContaining({ code: 'ERR_WORKER_ATEXIT_INVALID_ARGUMENT' }));
});

it('begins from nothing', async () => {
  const { workers, handlers } = await shutdown();
  expect([...workers, ...handlers]).toEqual([]);
});
`;

let folder = '';

beforeEach(() => {
  folder = temporaryFolder();
  copyLibrary(folder);
  writeFileSync(join(folder, 'counter.js'), COUNTER);
  writeFileSync(join(folder, 'counting.js'), COUNTING);
});

async function play(globals: string, program: string, args: readonly string[], nodeOptions = ''): Promise<void> {
  // More than one file, as a runner may use a process for several.
  for (const name of ['one', 'two']) {
    writeFileSync(join(folder, `${name}.test.js`), test(globals, `${name}.txt`));
  }
  const { all, exitCode } = await execa(runtime.command, [...runtime.args, program, ...args], {
    cwd: folder,
    env: { NODE_OPTIONS: nodeOptions, NO_COLOR: '1', FORCE_COLOR: '0' },
    all: true,
    reject: false,
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  expect(all).toMatch(/Tests:? +12 passed/);
  expect(exitCode).toBe(0);
}

it.each([
  { name: 'in processes', args: ['--maxWorkers', '2'] },
  { name: 'in one process', args: ['--runInBand'] },
  { name: 'in worker threads', args: ['--maxWorkers', '1', '--workerThreads'] },
])('a module with workers is tested by Jest $name', async ({ args }) => {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', jest: { transform: {} } }));
  const options = '--experimental-vm-modules --no-warnings';
  await play('@jest/globals', join(JEST, 'jest', 'bin', 'jest.js'), args, options);
});

it.each(['forks', 'threads', 'vmForks', 'vmThreads'])(
  "a module with workers is tested by Vitest's %s",
  async (pool) => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    symlinkSync(join(root, 'node_modules', 'vitest'), join(folder, 'node_modules', 'vitest'));
    await play('vitest', join(root, 'node_modules', 'vitest', 'vitest.mjs'), [
      'run',
      '--pool',
      pool,
      '--maxWorkers',
      '1',
    ]);
  },
);
