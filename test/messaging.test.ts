import { expect, it } from 'vitest';
import { run } from './programs.ts';
import { isNode } from './runtime.ts';

it.runIf(isNode)('a message to a thread that nobody hears is refused, as without the library', async () => {
  const { stdout, stderr, code } = await run('messaging.js');
  expect(stdout.trimEnd().split('\n'), stderr).toEqual([
    'to a worker: ERR_WORKER_MESSAGING_FAILED',
    'to main: ERR_WORKER_MESSAGING_FAILED',
    'listener: from worker 1',
    'to main: heard',
    'ended',
  ]);
  expect(code).toBe(0);
});
