/** When a worker that has acked begins to stand guard: as late as that is of use. */
import { now } from '../src/clock.ts';
import { clearTimeout, process, setTimeout } from '../src/platform.ts';
import { Header, type Table } from '../src/table/cells.ts';
import { GRACE, LONGEST } from '../src/times.ts';

/** Stands guard over the main thread; what it returns ends that. It is loaded on demand. */
export type StandGuard = (table: Table) => () => void;

/** Calls `stand` by the time at which the main thread is to have ended. What it returns ends the guard. */
export function awaitDuty(table: Table, stand: StandGuard): () => void {
  const { cells } = table;
  const seconds = Atomics.load(cells, Header.guardSeconds);
  if (seconds <= 0) return () => {};
  const wait = (ms: number, act: () => void): NodeJS.Timeout =>
    setTimeout(act, Math.min(Math.max(0, ms), LONGEST)).unref();
  // Of a timer that keeps nothing alive Node keeps the list, and is woken for it.
  let end = (): void => clearTimeout(timer.ref());
  let timer = wait(seconds * 1000 + Atomics.load(cells, Header.guardMs) - now() - GRACE, () => {
    // Another shutdown has another time.
    if (Atomics.load(cells, Header.guardSeconds) !== seconds) return;
    try {
      end = stand(table);
    } catch {
      // It may not be there any more: a main thread that is late by then is ended without a look.
      timer = wait(GRACE, () => {
        if (Atomics.exchange(cells, Header.guardSeconds, 0) > 0) process.kill(process.pid, 'SIGKILL');
      });
    }
  });
  return () => end();
}
