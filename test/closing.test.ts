import { expect, it } from 'vitest';
import { run } from './programs.ts';

it('what is registered while a pool is being ended is cleaned up, although the program exits before that is done', async () => {
  const { code, stdout } = await run('closing.js');
  const lines = stdout.trimEnd().split('\n');
  expect(code).toBe(3);
  expect(lines.filter((line) => line !== 'worker')).toEqual(['first shutdown', 'drains', 'next shutdown']);
  expect(lines.filter((line) => line === 'worker')).toHaveLength(1);
});
