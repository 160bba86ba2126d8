import { expect, it } from 'vitest';
import { filesOf, run, temporaryFolder } from './programs.ts';

const rejected = 'ERR_WORKER_ATEXIT_SHUTDOWN';

it.each(['piscina', 'tinypool', 'workerpool'])(
  '%s: a shutdown finishes what is queued, or rejects it by force',
  async (pool) => {
    const outcomes = await Promise.all(
      [false, true].map(async (force) => {
        const dir = temporaryFolder();
        const { stdout, stderr } = await run('force.js', [dir, pool, String(force)]);
        expect(stderr).toBe('');
        expect(filesOf(dir, /^done-/)).toHaveLength(1);
        return stdout;
      }),
    );
    expect(outcomes).toEqual(['true 0 done done done 2\n', `true 0 done ${rejected} ${rejected} 1\n`]);
  },
);
