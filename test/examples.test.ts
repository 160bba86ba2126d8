import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import * as runtime from './runtime.ts';

const example = (name: string): string => fileURLToPath(new URL(`../examples/${name}`, import.meta.url));

it.each([
  ['piscina.js', ['main: every worker has cleaned up', /^worker: \d counted$/, /^worker: \d counted$/]],
  ['tinypool.js', ['worker: 3 counted']],
  ['workerpool.js', ['worker: 3 counted']],
  ['comlink.js', ['3 words', /^ERR_WORKER_ATEXIT_WORKER_GONE: parser 1 is gone: /, 'parser: temporary files are gone']],
  [
    'opentelemetry.js',
    ['closeDatabase: handlers', 'removeLock: handlers', 'shutdown: exit, true', /^worker 1: acked$/],
  ],
  ['worker.js', ['main: acked, 1 handler', 'worker: cleaned up']],
])('%s', async (name, lines) => {
  const { exitCode, stdout, stderr } = await execa(runtime.command, [...runtime.args, example(name)], {
    reject: false,
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout.split('\n').sort()).toEqual(
    lines.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))),
  );
});
