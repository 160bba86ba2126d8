/**
 * The phase of the whole tree's shutdown, and what the table says of it. The root alone sets it, and notifies the workers
 * that wait for it to change; in every other thread all of this does nothing. The cells of reason and time are written
 * before the phase is, so that whoever reads the phase finds them.
 */
import { now } from '../clock.ts';
import { queueMicrotask } from '../platform.ts';
import { signalNumber } from '../signal-names.ts';
import { Header, Phase, type Table } from '../table/cells.ts';
import { setPhase } from '../table/moves.ts';
import { type Reason, ROUTES } from '../wire/reason.ts';

export interface TreePhase {
  isRunning(): boolean;
  /** The tree's shutdown begins; its workers will have time until `until`. */
  begin(reason: Reason, until: number): void;
  /** The root has ordered its workers: by messages, or by the table alone because it blocks (`sync`). */
  order(until: number, sync: boolean): void;
  /** The tree's shutdown is over, and the process lives on. Nobody is woken for it. */
  renew(): void;
  /**
   * Wakes every worker that no order of its own has woken. The root does so as late as it may: to be woken twice costs each
   * worker as much again.
   */
  notifyPhase(): void;
}

export function createPhase(table: Table, isRoot: boolean): TreePhase {
  const { cells } = table;

  function set(phase: Phase): void {
    if (isRoot) setPhase(table, phase);
  }

  function notifyPhase(): void {
    if (isRoot) Atomics.notify(cells, Header.phase);
  }

  /** The time that every worker has, should no message tell it. */
  function announceTime(until: number): void {
    Atomics.store(cells, Header.timeout, Math.max(0, Math.ceil(until - now())));
    Atomics.store(cells, Header.sentAt, Math.trunc(now()));
  }

  return {
    isRunning: () => Atomics.load(cells, Header.phase) === Phase.running,

    begin({ route, signal, exitCode }, until) {
      if (!isRoot) return;
      Atomics.store(cells, Header.route, ROUTES.indexOf(route));
      Atomics.store(cells, Header.signal, signal === undefined ? 0 : signalNumber(signal));
      Atomics.store(cells, Header.exitCode, exitCode ?? 0);
      announceTime(until);
      set(Phase.begun);
      // If there is nothing to drain, the workers are ordered before this comes.
      queueMicrotask(() => {
        if (Atomics.load(cells, Header.phase) === Phase.begun) notifyPhase();
      });
    },

    order(until, sync) {
      if (!isRoot) return;
      announceTime(until);
      set(sync ? Phase.orderedSync : Phase.ordered);
      // They have no link by which an order could reach them.
      if (Atomics.load(cells, Header.unlinkedWorkers) > 0) notifyPhase();
    },

    renew: () => set(Phase.running),

    notifyPhase,
  };
}
