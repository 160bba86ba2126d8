/** How a child process has ended: for people, and as far as that can be seen where no event loop turns. */
import { readFileSync, readlinkSync } from 'node:fs';
import { process } from '../../platform.ts';
import { signalName, signalNumber } from '../../signal-names.ts';

/** As the `'exit'` event has it. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export const describeEnd = ({ code, signal }: End): string =>
  signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;

/** Whether a process that was told by `signals` has ended as one does that has nothing to complain of. */
export const isExpected = ({ code, signal }: End, signals: readonly NodeJS.Signals[]): boolean =>
  signal === null
    ? code === 0 || signals.some((expected) => code === 128 + signalNumber(expected))
    : signals.includes(signal);

/** /proc tells of this process's own children only where it is that of its own namespace: `unshare -p` leaves the old one. */
function hasOwnProc(): boolean {
  try {
    return readlinkSync('/proc/self') === String(process.pid);
  } catch {
    return false;
  }
}

let hasProc: boolean | undefined;

/**
 * How a child has ended whose `'exit'` nobody can hear; undefined while it runs. Until its parent has taken note of its end
 * it still has its id, so that signal 0 succeeds; but then /proc calls it a zombie, and knows its status. Where there is no
 * /proc, as on macOS, it is taken for alive.
 */
export function lookForEnd(pid: number): End | undefined {
  hasProc ??= hasOwnProc();
  try {
    if (!hasProc) return process.kill(pid, 0) ? undefined : { code: null, signal: null };
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] !== 'Z' && fields[0] !== 'X') return undefined;
    const status = Number(fields[49]);
    const signal = signalName(status & 0x7f);
    return signal === undefined ? { code: status >> 8, signal: null } : { code: null, signal };
  } catch {
    // It was waited for by somebody else, and is gone.
    return { code: 0, signal: null };
  }
}
