import { expect, it } from 'vitest';
import { run } from './programs.ts';

const told =
  /^worker-atexit: no thread above worker \d+ has loaded worker-atexit, .*: import 'worker-atexit' in the main thread\n$/;

it('a worker says once that nobody above it uses the library, so that its handlers run only if it ends by itself', async () => {
  const { code, stdout, stderr } = await run('alone.js', ['never']);
  expect(stderr).toMatch(told);
  expect([code, stdout]).toEqual([0, 'cleaned up\n']);
});

it('a worker says nothing where the main thread has loaded the library', async () => {
  const { code, stdout, stderr } = await run('alone.js', ['before']);
  expect(stderr).toBe('');
  expect([code, stdout]).toEqual([0, 'cleaned up\n']);
});
