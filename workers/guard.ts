/** What stands guard while the main thread shuts down: see the watchdog. */
import { now } from '../src/clock.ts';
import { writeDirectly } from '../src/output/output.ts';
import { clearTimeout, process, setTimeout } from '../src/platform.ts';
import { Header, ROOT, type Table } from '../src/table/cells.ts';
import { blockedBy } from '../src/table/progress.ts';
import { LONGEST, REPORT_WRITTEN } from '../src/times.ts';

/** Ends the process if the main thread does not by its time. What it returns ends the guard. */
export function standGuard(table: Table, keepsAlive: boolean): () => void {
  const { cells } = table;
  const seconds = Atomics.load(cells, Header.guardSeconds);
  if (seconds === 0) return () => {};
  const until = seconds * 1000 + Atomics.load(cells, Header.guardMs);
  const timer = setTimeout(
    () => {
      // Another guard may have seen to it, and another shutdown has another time.
      if (Atomics.compareExchange(cells, Header.guardSeconds, seconds, 0) === seconds) end(table);
    },
    Math.min(Math.max(0, until - now()), LONGEST),
  );
  if (!keepsAlive) timer.unref();
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
