import type { Reporter, TestModule } from 'vitest/node';

/** The longest message of a failure that is repeated. */
const MESSAGE = 600;

/**
 * Ends the output with what a script can read, and a log that was cut to its end still shows: a line on each test that failed, and
 * one that says how many passed, failed and were skipped.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    const failures: string[] = [];
    for (const module of modules) {
      if (!module.ok() && module.children.size === 0) count.failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        count[result.state]++;
        const message = result.errors?.[0]?.message ?? '';
        if (result.state === 'failed')
          failures.push(`failed: ${module.relativeModuleId} > ${test.fullName}: ${onOneLine(message)}`);
      }
    }
    const skipped = count.skipped + count.pending;
    process.once('exit', () => {
      for (const failure of failures) console.log(failure);
      console.log(`${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    });
  }
}

function onOneLine(message: string): string {
  return message.replace(/\s+/gu, ' ').slice(0, MESSAGE);
}
