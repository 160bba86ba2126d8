import { join } from 'node:path';
import { expect, it } from 'vitest';
import { linesOf, start, temporaryFolder } from './programs.ts';

it.each([
  ['beforeExit', 1, undefined],
  ['exit', 3, undefined],
  ['process.exit', 3, undefined],
  ['throw', 1, undefined],
  ['signal', undefined, 'SIGTERM'],
])('the last lines of a pino transport are written on the route %s', async (route, code, signal) => {
  const file = join(temporaryFolder(), 'log');
  const program = start('pino.js', [file, route]);
  await program.printed('ready');
  if (route === 'signal') program.kill('SIGTERM');
  const ended = await program.ended;
  expect({ code: ended.code, signal: ended.signal }, ended.stderr).toEqual({ code, signal });
  const messages = linesOf(file).map((line) => JSON.parse(line).msg);
  expect(messages.slice(0, 101)).toEqual([
    ...Array.from({ length: 100 }, (_, line) => `line ${line}`),
    'the last line',
  ]);
  expect(messages[101]).toContain('handler fails failed: Error: told by the logger');
});
