import { expect, it } from 'vitest';
import { run } from './programs.ts';

it.each(['piscina', 'tinypool'])('a %s behaves as it does without the library', async (pool) => {
  const without = await run('behaviour.js', [pool, 'without']);
  const lines = without.stdout.split('\n');
  expect(lines.length, without.stderr).toBeGreaterThan(15);
  const registered = await run('behaviour.js', [pool, 'with']);
  expect(registered.stdout.split('\n')).toEqual(lines);
  expect(registered.code).toBe(without.code);
  // Tinypool's own teardown still runs; how often the pool shrinks meanwhile is up to its timers.
  if (pool === 'tinypool') expect(registered.stderr).toContain('teardown\n');
});
