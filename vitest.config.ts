import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Each end-to-end test starts processes with threads of their own; on two cores two test files at a time are enough.
    maxWorkers: 2,
    testTimeout: 60_000,
    reporters: ['default', './test/closing-line.ts'],
  },
});
