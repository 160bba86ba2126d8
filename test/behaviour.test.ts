import { expect, it } from 'vitest';
import { run } from './programs.ts';

it.each(['piscina', 'tinypool'])('a %s behaves as it does without the library', async (pool) => {
  const without = await run('behaviour.js', [pool, 'without']);
  const lines = without.stdout.split('\n');
  expect(lines.length, without.stderr).toBeGreaterThan(15);
  const registered = await run('behaviour.js', [pool, 'with']);
  expect(registered.stdout.split('\n')).toEqual(lines);
  expect(registered.code).toBe(without.code);
  // Tinypool's own teardown runs as often.
  const teardowns = (stderr: string) => stderr.split('\n').filter((line) => line === 'teardown').length;
  expect(teardowns(registered.stderr)).toBe(teardowns(without.stderr));
});
