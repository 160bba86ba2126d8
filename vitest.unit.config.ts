import { defineConfig } from 'vitest/config';

/** The tests that need no process of their own: what mutation testing runs, again and again. */
export default defineConfig({
  test: {
    include: ['test/unit/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 20_000,
  },
});
