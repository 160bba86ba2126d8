import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { start, temporaryFolder } from './programs.ts';
import { isNode } from './runtime.ts';

describe.runIf(isNode && process.platform === 'linux')(
  'every thread writes what it was asked for, though a signal ends them:',
  () => {
    it.each([
      ['coverage', (dir: string) => ({ env: { NODE_V8_COVERAGE: dir } })],
      ['CPU profiles', (dir: string) => ({ nodeOptions: ['--cpu-prof', `--cpu-prof-dir=${dir}`] })],
      ['heap profiles', (dir: string) => ({ nodeOptions: ['--heap-prof', `--heap-prof-dir=${dir}`] })],
    ])('%s', async (_, settings) => {
      const dir = temporaryFolder();
      const { signal, stdout } = await start('profiled.js', [], settings(dir)).ended;
      expect({ signal, stdout }).toEqual({ signal: 'SIGTERM', stdout: 'exit\n' });
      expect(readdirSync(dir)).toHaveLength(4);
    });
  },
);
