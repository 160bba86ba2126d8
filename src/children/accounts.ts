/** What this thread tells of its workers: what became of each that a shutdown was about, and whose owner wants to hear of it. */
import type { WorkerReport } from '../report/report.ts';
import { isInvolved, reportOf } from './account.ts';
import type { Child, Slotted } from './child.ts';
import type { Known } from './known.ts';
import type { Registered } from './registered.ts';
import type { FailedWorker } from './terms.ts';

export interface Accounts {
  nameOf(child: Child): string;
  /** What became of one worker, and of those below it. */
  of(child: Slotted): WorkerReport[];
  /** What became of each, and whether that was logged before. */
  all(): { readonly workers: WorkerReport[]; readonly told: ReadonlySet<WorkerReport> };
  /** The registered workers that were not clean, and whose owner wants to hear of it. Each is told once. */
  failures(): FailedWorker[];
}

export function createAccounts(known: Known, registered: Registered): Accounts {
  const nameOf = ({ worker, threadId }: Child): string => registered.nameOf(worker, threadId);
  const of = (child: Slotted): WorkerReport[] => reportOf(child, nameOf(child));

  /** The workers that the shutdown is about. */
  const involved = (): Slotted[] =>
    known
      .allSlotted()
      .filter(isInvolved)
      .sort((one, other) => one.threadId - other.threadId);

  return {
    nameOf,
    of,

    all() {
      const told = new Set<WorkerReport>();
      const workers = involved().flatMap((child) => {
        const reports = of(child);
        if (child.task.isTold) for (const report of reports) told.add(report);
        return reports;
      });
      const unlinked = [...registered].filter((worker) => worker.threadId !== -1 && !known.slotted(worker.threadId));
      workers.push(...unlinked.map(registered.reportOf));
      return { workers, told };
    },

    failures() {
      if (![...known].some(({ registration }) => registration?.terms.onFailure)) return [];
      return involved().flatMap((child): FailedWorker[] => {
        const { worker } = child;
        if (!worker || !registered.termsOf(worker).onFailure) return [];
        const [report] = of(child);
        const failure = report && registered.failureOf(worker, report);
        return failure ? [failure] : [];
      });
    },
  };
}
