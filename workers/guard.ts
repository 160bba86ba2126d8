/** What stands guard while the main thread shuts down: see the watchdog. */
import { now } from '../src/clock.ts';
import type { CreateFairClock } from '../src/fair-clock.ts';
import { writeDirectly } from '../src/output/output.ts';
import { clearTimeout, process, setTimeout } from '../src/platform.ts';
import { Header, ROOT, type Table } from '../src/table/cells.ts';
import { blockedBy } from '../src/table/progress.ts';
import { GUARD, LONGEST, REPORT_WRITTEN } from '../src/times.ts';

/**
 * Ends the process if the main thread does not by its time, and had a chance to: on a busy machine it is late by no fault of
 * its own. What it returns ends the guard.
 */
export function standGuard(table: Table, keepsAlive: boolean, createClock: CreateFairClock): () => void {
  const { cells } = table;
  const seconds = Atomics.load(cells, Header.guardSeconds);
  if (seconds === 0) return () => {};
  const until = seconds * 1000 + Atomics.load(cells, Header.guardMs);
  let clock: (() => number) | undefined;
  let timer: NodeJS.Timeout | undefined;

  function startClock(): () => number {
    try {
      // Many may stand guard, so none of them looks at all threads.
      return createClock([String(process.pid)]);
    } catch {
      // What is loaded on demand may not be there any more.
      return () => Number.POSITIVE_INFINITY;
    }
  }

  function lookIn(ms: number): void {
    timer = setTimeout(look, Math.min(Math.max(0, ms), LONGEST));
    if (!keepsAlive) timer.unref();
  }

  function look(): void {
    clock ??= startClock();
    const left = until - now();
    const chance = clock();
    if (left > 0 || chance < GUARD.chance) {
      // Another guard may have seen to it, and another shutdown has another time.
      if (Atomics.load(cells, Header.guardSeconds) === seconds)
        lookIn(left > 0 ? Math.min(left, GUARD.every) : GUARD.every);
    } else if (Atomics.compareExchange(cells, Header.guardSeconds, seconds, 0) === seconds) end(table);
  }

  lookIn(until - now() - GUARD.before);
  return () => clearTimeout(timer);
}

function end(table: Table): void {
  const isFirst = process.pid === 1;
  if (Atomics.load(table.cells, Header.guardQuiet) === 0) {
    const why = blockedBy(table, ROOT) ?? 'no handler of it has started, or all are done';
    // Process 1 ignores signals from inside.
    const ending = isFirst ? 'process 1 cannot be ended from inside' : 'the process is killed';
    const line = `worker-atexit: the main thread has not ended by its deadline: ${why}; ${ending}\n`;
    writeDirectly('stderr', line, now() + REPORT_WRITTEN);
  }
  if (!isFirst) process.kill(process.pid, 'SIGKILL');
}
