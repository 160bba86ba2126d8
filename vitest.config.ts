import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** On another runtime only the tests that start programs run. */
function endToEnd(): string[] {
  const files = readdirSync('test').filter((name) => name.endsWith('.test.ts'));
  const starts = (name: string): boolean =>
    /from '.\/(programs|runtime).ts'/.test(readFileSync(`test/${name}`, 'utf8'));
  return files.filter((name) => starts(name) && name !== 'benchmarks.test.ts').map((name) => `test/${name}`);
}

function include(): string[] {
  if (process.env.EVERYWHERE) return ['test/everywhere/*.test.ts'];
  return process.env.RUNTIME ? endToEnd() : ['test/*.test.ts', 'test/unit/*.test.ts'];
}

export default defineConfig({
  test: {
    include: include(),
    setupFiles: process.env.RUNTIME ? ['test/known.ts'] : [],
    // Each end-to-end test starts processes with threads of their own; on two cores two test files at a time are enough.
    maxWorkers: 2,
    testTimeout: 60_000,
    reporters: ['default', './test/closing-line.ts'],
  },
});
