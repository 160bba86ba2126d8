import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesOf, run, temporaryFolder } from './programs.ts';

const pools = ['piscina sync', 'piscina async', 'piscina disabled', 'tinypool', 'workerpool'] as const;
type Pool = (typeof pools)[number];

const states = ['idle', 'async', 'sync', 'starting', 'replaced'] as const;
type State = (typeof states)[number];
/** A workerpool replaces a worker only when it needs it. */
const statesOf = (pool: Pool): readonly State[] =>
  states.filter((state) => pool !== 'workerpool' || state !== 'replaced');

/** The ways in which a pool ends a worker, and the states that a worker can be in then. */
const ways: Record<string, { readonly states: readonly State[]; readonly only?: (pool: Pool) => boolean }> = {
  // A workerpool keeps what it has started.
  shrink: { states: ['idle'], only: (pool) => pool !== 'workerpool' },
  close: { states: ['idle', 'async', 'sync', 'starting'], only: (pool) => pool.startsWith('piscina') },
  using: { states: ['idle', 'async'], only: (pool) => pool.startsWith('piscina') },
  destroy: { states: ['idle', 'async', 'sync', 'starting'] },
  abort: { states: ['async', 'sync'] },
  error: { states: ['async'] },
  shutdown: { states },
  // A workerpool's workers keep the process alive.
  beforeExit: { states: ['idle'], only: (pool) => pool !== 'workerpool' },
  exit: { states },
  'process.exit': { states },
  signal: { states },
  throw: { states },
};

const exitCodes: Record<string, number> = { throw: 1 };

// Most of a cell's time is waited.
describe.concurrent.each(pools)('%s', (pool) => {
  const cells = Object.entries(ways)
    .filter(([, { only }]) => only?.(pool) ?? true)
    .flatMap(([way, { states }]) =>
      statesOf(pool)
        .filter((state) => states.includes(state))
        .map((state) => [way, state] as const),
    );

  it.for(cells)(
    '%s while the worker is %s: it cleans up, once, before it is gone',
    async ([way, state], { onTestFinished }) => {
      const dir = temporaryFolder(onTestFinished);
      const { code, signal, stderr } = await run('endings.js', [dir, pool, way, state]);
      expect({ code, signal }, stderr).toEqual({
        code: way === 'signal' ? undefined : (exitCodes[way] ?? 0),
        signal: way === 'signal' ? 'SIGTERM' : undefined,
      });
      const begun = filesOf(dir, /^begun-/);
      // A worker may have been replaced, and its successor ended with the process.
      expect(begun.length, stderr).toBeGreaterThan(0);
      for (const file of begun) expect(readFileSync(join(dir, file), 'utf8')).toBe('.');
      const done = filesOf(dir, /^done-/);
      for (const file of done) expect(readFileSync(join(dir, file), 'utf8')).toBe('.');
      // After an error of its own, as in Node's `'exit'`, nothing asynchronous goes on in a thread.
      const failed = way === 'error' || state === 'replaced' ? 1 : 0;
      expect(done.length, stderr).toBe(begun.length - failed);
    },
  );
});
