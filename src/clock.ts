/**
 * Milliseconds on a monotonic clock. Not `performance.now()`: its first use loads a module, which every worker would
 * pay for at the moment when it is to ack. Node's threads have one clock; another runtime's worker may be behind, and
 * takes a deadline for later than it is.
 */
import { hrtime } from './platform.ts';

export function now(): number {
  // Not by destructuring, which iterates: that takes longer than to read the clock, where it is not compiled.
  const time = hrtime();
  return time[0] * 1e3 + time[1] / 1e6;
}
