import { expect, it } from 'vitest';
import { run } from './programs.ts';

it.each(['closed, onDrain', 'closed, register', 'idle', 'idle, a connection is kept alive'])(
  'process.exit(0) ends with 0 where nothing was lost: a server that is %s',
  async (situation) => {
    const { code, stderr } = await run('exit-zero.js', [situation]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  },
);

it.each([
  ['a request is in flight', 'handler server'],
  ['a write is pending', 'handler write was left unfinished'],
])('and with 1, and a line, where something was: %s', async (situation, line) => {
  const { code, stderr } = await run('exit-zero.js', [situation]);
  expect(code).toBe(1);
  expect(stderr).toContain(line);
});
