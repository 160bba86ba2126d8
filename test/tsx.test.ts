import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { start } from './programs.ts';
import { isNode } from './runtime.ts';

const tsx = fileURLToPath(new URL('../node_modules/tsx/dist/cli.mjs', import.meta.url));

describe.runIf(isNode)('under tsx, which kills a child that has not passed a signal on at once,', () => {
  it.each(['busy for 300 ms', 'busy for 300 ms, registered late'])('handlers run: %s', async (situation) => {
    const program = start('signals.js', [situation], { nodeOptions: [tsx] });
    await program.printed('ready');
    program.kill('SIGTERM');
    const { stdout, code, signal } = await program.ended;
    expect(stdout.split('\n')).toEqual(['ready', 'busy begins', 'busy ends', 'first', '']);
    expect({ code, signal }).toEqual({ code: 143, signal: undefined });
  });
});
