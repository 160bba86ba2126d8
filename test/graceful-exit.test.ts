import { expect, it } from 'vitest';
import { run } from './programs.ts';

const waited = (code: number, ...before: string[]) => [...before, 'saved', `process.exit ${code}`, `exit ${code}`, ''];

it.each([
  { way: 'plain', code: 3, lines: waited(3) },
  { way: 'name', code: 3, lines: waited(3) },
  { way: 'code', code: 4, lines: waited(4) },
  { way: 'finally', code: 3, lines: waited(3, 'finally') },
  { way: 'callback', code: 3, lines: waited(3) },
  { way: 'swallowed', code: 3, lines: waited(3, 'ERR_WORKER_ATEXIT_SHUTDOWN', 'goes on') },
  { way: 'caught', code: 0, lines: waited(0) },
  { way: 'grace', code: 0, lines: waited(0) },
  { way: 'listener', code: 3, lines: waited(3, 'heard') },
  { way: 'handler', code: 6, lines: ['process.exit 6', 'exit 6', ''] },
  { way: 'exiting', code: 7, lines: waited(3) },
])('process.exit() waits for the sequence: $way', async ({ way, code, lines }) => {
  const ended = await run('graceful-exit.js', [way]);
  if (way === 'handler') expect(ended.stdout).toContain('process.exit 6\n');
  else expect(ended.stdout.split('\n')).toEqual(lines);
  expect(ended.code).toBe(code);
  if (way !== 'handler') expect(ended.stderr).toBe('');
});

it('a second call, while the shutdown runs, ends the process at once', async () => {
  const { code, stdout, stderr } = await run('graceful-exit.js', ['again']);
  expect(code).toBe(5);
  expect(stdout).not.toContain('saved');
  expect(stderr).toContain('handler save was left unfinished');
});

it('another error that nobody catches is what it was', async () => {
  const { code, stderr } = await run('graceful-exit.js', ['other']);
  expect(code).toBe(1);
  expect(stderr).toContain('Error: other');
});

it('in a worker it is what it was', async () => {
  const { code, stdout } = await run('graceful-exit.js', ['worker']);
  expect(stdout).toContain('worker 2\n');
  expect(code).not.toBe(2);
});
