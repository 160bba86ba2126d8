import { defineConfig } from 'vitest/config';

/** The tests of these files alone: `UNIT=links,links-workers`. */
const names = process.env.UNIT?.split(',') ?? ['*'];

/** The tests that need no process of their own: what mutation testing runs, again and again. */
export default defineConfig({
  define: { CHECK_CELLS: true },
  // From its sources the library is one file, as where it is bundled.
  resolve: { alias: { './on-demand.ts': `${import.meta.dirname}/src/at-once.ts` } },
  test: {
    include: names.map((name) => `test/unit/${name}.test.ts`),
    setupFiles: ['test/unit/present-platform.ts'],
    maxWorkers: 2,
    testTimeout: 20_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
