/** Plays one random program as a process of its own, and reads what it has written. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import * as runtime from '../runtime.ts';
import type { Program } from './programs.ts';

/** A program that has not ended by then hangs: ms. */
const LIMIT = 30_000;

const file = fileURLToPath(new URL('./program.js', import.meta.url));

/** A line of the log: which thread, by its id and its name, did what, and when (ms). */
export interface Line {
  readonly thread: number;
  readonly name: string;
  readonly event: string;
  readonly detail: unknown;
  readonly at: number;
}

export interface Played {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stderr: string;
  readonly lines: readonly Line[];
  readonly hung: boolean;
  /** How late this machine has let a thread run at the worst that had nothing else to do: ms. */
  readonly late: number;
  /** How long it has kept one of the program's waiting that had hardly anything to do: ms in all, of the worst. */
  readonly waited: number;
  /** When the process was gone: ms. */
  readonly at: number;
}

/** How often this thread looks whether the machine lets it: ms. */
const LOOK = 10;

/** Watches how late a timer is; what it returns ends that and tells the worst: ms. */
function watchMachine(): () => number {
  let worst = 0;
  let last = Date.now();
  const interval = setInterval(() => {
    worst = Math.max(worst, Date.now() - last - LOOK);
    last = Date.now();
  }, LOOK);
  return () => {
    clearInterval(interval);
    return worst;
  };
}

export async function play(program: Program): Promise<Played> {
  const dir = mkdtempSync(join(tmpdir(), 'worker-atexit-chaos-'));
  try {
    writeFileSync(join(dir, 'program.json'), JSON.stringify(program));
    const lateness = watchMachine();
    const child = execa(runtime.command, [...runtime.args, file, dir], {
      env: runtime.env,
      reject: false,
      timeout: LIMIT,
      killSignal: 'SIGKILL',
    });
    const timers: NodeJS.Timeout[] = [];
    child.stdout.once('data', () => {
      for (const { signal, after } of program.signals) {
        const send = (): void => void child.kill(signal);
        if (after === 0) send();
        else timers.push(setTimeout(send, after));
      }
    });
    const { exitCode, signal, stderr, timedOut } = await child;
    const at = Date.now();
    const late = lateness();
    for (const timer of timers) clearTimeout(timer);
    const lines = linesOf(readFileSync(join(dir, 'log'), 'utf8'));
    const waits = lines.filter(({ event }) => event === 'waited').map(({ detail }) => Number(detail));
    return {
      code: exitCode,
      signal,
      stderr,
      hung: timedOut,
      late,
      waited: Math.max(0, ...waits),
      at,
      lines,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function linesOf(log: string): Line[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [thread, name, event, detail, at] = JSON.parse(line);
      return { thread, name, event, detail, at };
    });
}
