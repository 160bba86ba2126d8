import { expect, it } from 'vitest';
import { start } from './programs.ts';
import { isNode } from './runtime.ts';

const BLOCKS = 'acks, then its clean-up blocks';

/** Bun and Deno do not wait for native code of their threads. */
const onNode = it.skipIf(!isNode);

onNode.each([
  ['exit()', 'SIGTERM'],
  ['exit()', 'SIGINT'],
  ['process.exit()', 'SIGTERM'],
  ['process.exit()', 'SIGINT'],
  ['the event loop runs empty', 'SIGTERM'],
  ['the event loop runs empty', 'SIGINT'],
] as const)('a process that waits for native code at its end, by %s, dies by the first %s', async (route, signal) => {
  const program = start('native-code.js', [route, BLOCKS, '{"unref":true}']);
  await program.printed('exit');
  program.kill(signal);
  expect(await program.ended).toEqual({ code: undefined, signal, stdout: 'main\nexit\n', stderr: '' });
});
