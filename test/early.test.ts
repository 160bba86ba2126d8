import { describe, expect, it } from 'vitest';
import { filesOf, linesOf, run, temporaryFolder } from './programs.ts';
import { isNode } from './runtime.ts';

const kinds = ['piscina sync', 'piscina async', 'tinypool', 'workerpool', 'worker'] as const;

/** A parked worker that has run no task since its pool was registered can be woken with the others, and not alone. */
const isParked = (kind: string): boolean => kind === 'piscina sync' || kind === 'tinypool';

describe.each(kinds)('made before the library was loaded: %s', (kind) => {
  const ways = ['exit()', 'process.exit()', 'a crash', ...(isParked(kind) ? [] : ['terminate()'])];

  it.each(ways)('its workers clean up, by %s', async (way) => {
    const dir = temporaryFolder();
    const { code, stderr } = await run('early.js', [dir, kind, way]);
    expect(code, stderr).toBe(way === 'a crash' ? 1 : 0);
    expect(filesOf(dir, /^done-/), stderr).toHaveLength(2);
    if (way !== 'terminate()') expect(linesOf(dir, 'log')).toEqual(['true acked acked acked']);
  });
});

it('an import leaves the module of threads to whoever makes a worker, and each worker cleans up', async () => {
  const { code, stdout, stderr } = await run('no-threads-yet.js');
  const lines = stdout.trimEnd().split('\n');
  // Another runtime does not tell what it has loaded.
  if (isNode) expect(lines[0]).toBe('not loaded by the import');
  expect({ code, lines: lines.slice(1), stderr }).toEqual({
    code: 0,
    lines: ['acked cleanUp', 'acked cleanUp'],
    stderr: '',
  });
});
