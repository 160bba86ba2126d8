/** What a thread and the supervisor of its process have to say to each other. */
import type { ShutdownReport } from '../report/report.ts';

/** What a supervisor is told of a shutdown. */
export interface Supervision {
  begin(until: () => number): void;
  /** Called last of all. */
  end(report: ShutdownReport): void;
  ready(): void;
}

/** What a shutdown asks of its supervisor. */
export interface Supervisor {
  begin(until: () => number): void;
  /** Says that the program is ready. */
  ready(): void;
  /** `worker-atexit/systemd` is loaded. */
  know(supervision: Supervision): void;
  /** ms from the signal on, after which the supervisor kills. Undefined where it does not say. */
  limit(asked: number): number | undefined;
  /** It takes a death by SIGTERM for a clean end, whatever the report says. */
  readonly trustsSignals: boolean;
}

/** How a shutdown that would have `timeout`, and a delay besides, fits into what the supervisor leaves: half of that at most is delay. */
export function fitInto(limit: number | undefined, timeout: number, delay: number): { timeout: number; delay: number } {
  if (limit === undefined || timeout + delay <= limit) return { timeout, delay };
  const waited = Math.min(delay, limit / 2);
  return { timeout: limit - waited, delay: waited };
}
