/** What stands guard while the main thread shuts down: see the watchdog. */
import { now } from '../src/clock.ts';
import { createFairClock } from '../src/fair-clock.ts';
import { writeDirectly } from '../src/output/output.ts';
import { clearTimeout, process, setTimeout } from '../src/platform.ts';
import { Header, ROOT, type Table } from '../src/table/cells.ts';
import { blockedBy } from '../src/table/progress.ts';
import { GRACE, GUARD, LONGEST, REPORT_WRITTEN } from '../src/times.ts';

/** In the place of the time that is armed: a guard has found the main thread late, and looks closer. */
const FOUND = -1;

/**
 * Ends the process if the main thread does not by its time, and had a chance to: on a busy machine it is late by no fault of
 * its own. What it returns ends the guard.
 */
export function standGuard(table: Table, keepsAlive: boolean): () => void {
  const { cells } = table;
  const seconds = Atomics.load(cells, Header.guardSeconds);
  if (seconds <= 0) return () => {};
  const until = seconds * 1000 + Atomics.load(cells, Header.guardMs);
  let timer: NodeJS.Timeout | undefined;

  function wait(ms: number, act: () => void): void {
    timer = setTimeout(act, Math.min(Math.max(0, ms), LONGEST));
    if (!keepsAlive) timer.unref();
  }

  /** Calls `act` once it is so late, and the threads with these ids had their chance; by one guard of all. */
  function look({ every, most, chance, before }: Look, ids: string[] | undefined, act: () => void): void {
    const [mark, next] = ids ? [seconds, FOUND] : [FOUND, 0];
    const clock = createFairClock(ids, most);
    const again = (): void => {
      // Another shutdown has another time.
      if (Atomics.load(cells, Header.guardSeconds) !== mark) return;
      const left = until - before - now();
      const time = clock();
      if (left > 0 || time < chance) wait(left > 0 ? Math.min(left, every) : every, again);
      else if (Atomics.compareExchange(cells, Header.guardSeconds, mark, next) === mark) act();
    };
    again();
  }

  // Many may stand guard: only the one that finds the main thread late looks at all threads, which it may be waiting for.
  wait(until - now() - GRACE, () =>
    look(GUARD.main, [String(process.pid)], () => look(GUARD.all, undefined, () => end(table))),
  );
  // Of a timer that keeps nothing alive Node keeps the list, and is woken for it.
  return () => clearTimeout(timer?.ref());
}

type Look = typeof GUARD.main | typeof GUARD.all;

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
