import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** What judges no runtime but this Node. */
const ONCE = new Set(['benchmarks.test.ts', 'demo.test.ts', 'timeline.test.ts']);
/** What shows that the documents hold, random programs, facts of Node, and a command: those promise nothing of Bun and Deno. */
const ON_NODE = new Set([
  'docs.test.ts',
  'chaos.test.ts',
  'facts.test.ts',
  'view.test.ts',
  'waiting.test.ts',
  'report-timeline.test.ts',
]);

/** What plays with a program that gives a process some ten ms, whatever else the machine does: nothing runs beside it. */
const ALONE = ['test/tsx.test.ts'];

/** On another runtime only the tests that start programs run. */
function endToEnd(runtime: string): string[] {
  const starts = (name: string): boolean =>
    /from '.\/(programs|runtime|chaos\/play).ts'/.test(readFileSync(`test/${name}`, 'utf8'));
  return readdirSync('test')
    .filter((name) => name.endsWith('.test.ts') && !ONCE.has(name) && starts(name))
    .filter((name) => runtime.startsWith('node@') || !ON_NODE.has(name))
    .map((name) => `test/${name}`);
}

function include(): string[] {
  if (process.env.EVERYWHERE) return ['test/everywhere/*.test.ts'];
  if (process.env.JOBS) return ['test/jobs/*.test.ts', 'test/docs.test.ts'];
  return process.env.RUNTIME ? endToEnd(process.env.RUNTIME) : ['test/*.test.ts', 'test/unit/*.test.ts'];
}

const included = include();

export default defineConfig({
  define: { CHECK_CELLS: true },
  // From its sources the library is one file, as where it is bundled.
  resolve: { alias: { './on-demand.ts': `${import.meta.dirname}/src/at-once.ts` } },
  test: {
    globalSetup: process.env.JOBS ? ['test/jobs/redis.ts'] : [],
    setupFiles: ['test/unit/present-platform.ts', ...(process.env.RUNTIME ? ['test/known.ts'] : [])],
    testTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', './test/closing-line.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'at once',
          include: included,
          exclude: ALONE,
          // Each end-to-end test starts processes with threads of their own; on two cores two test files at a time are enough.
          maxWorkers: 2,
          maxConcurrency: 4,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE.filter((file) => included.some((glob) => glob === file || glob === 'test/*.test.ts')),
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
