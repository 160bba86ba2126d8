import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import * as runtime from './runtime.ts';

/** A program that hangs is killed by then, and its test fails: ms. */
const LIMIT = 30_000;

const folder = fileURLToPath(new URL('./programs/', import.meta.url));

/** What is said of a worker that has not read its order: what it waits for only Linux tells. */
export const BLOCKED = 'its event loop was blocked and the order never read';
export const PARKED =
  process.platform === 'linux'
    ? "it was parked in Atomics.wait and the order never read: most likely a pool's idle worker, which registerPool() lets wake up"
    : BLOCKED;

/** A folder for one test's files. A test that runs beside others of its file gives its own `whenFinished`. */
export function temporaryFolder(whenFinished: (remove: () => void) => void = onTestFinished): string {
  const path = mkdtempSync(join(tmpdir(), 'worker-atexit-'));
  whenFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface Ended {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
  /** Sends it to the whole group, as a terminal does. */
  killGroup(signal: NodeJS.Signals): void;
  /** Writes to its stdin. */
  type(text: string): void;
  disconnect(): void;
  /** Nobody reads its stdout and stderr any more, as when `tee` has ended. */
  stopReading(): void;
  send(message: string): Promise<void>;
  /** Resolves once the program has printed `text` on stdout. */
  printed(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

interface Settings {
  readonly env?: Record<string, string>;
  readonly ipc?: boolean;
  readonly nodeOptions?: readonly string[];
  /** What is piped into its stdin. */
  readonly input?: string;
  /** A command that starts it, such as `unshare`. */
  readonly under?: readonly string[];
  /** In a process group of its own, which is killed as a whole when the time is up. */
  readonly group?: boolean;
  /** ms, where a program takes longer than others. */
  readonly limit?: number;
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // Nobody of it is left.
  }
}

/** Starts a program of `test/programs`. */
export function start(program: string, args: readonly string[] = [], settings: Settings = {}): Started {
  const { env = {}, ipc = false, nodeOptions = [], input, under = [], group = false, limit = LIMIT } = settings;
  const words = [...under, runtime.command, ...runtime.args, ...nodeOptions, join(folder, program), ...args];
  const child = execa(words[0] ?? '', words.slice(1), {
    env: { NODE_OPTIONS: '', ...runtime.env, ...env },
    reject: false,
    timeout: limit,
    killSignal: 'SIGKILL',
    stripFinalNewline: false,
    ipc,
    detached: group,
    ...(input !== undefined && { input }),
    serialization: 'json',
  });
  let printed = '';
  const listeners = new Set<() => void>();
  child.stdout.on('data', (chunk) => {
    printed += chunk;
    for (const listener of listeners) listener();
  });
  const ended = child.then(({ exitCode, signal, stdout, stderr, timedOut }): Ended => {
    if (group && timedOut) killGroup(child.pid, 'SIGKILL');
    if (timedOut) throw new Error(`${program} was killed after ${limit} ms\n${stdout}\n${stderr}`);
    return { code: exitCode, signal, stdout, stderr };
  });
  return {
    pid: child.pid,
    kill: (signal) => void child.kill(signal),
    killGroup: (signal) => killGroup(child.pid, signal),
    type: (text) => void child.stdin?.write(text),
    disconnect: () => child.disconnect?.(),
    stopReading() {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    send: async (message) => void (await child.sendMessage?.(message)),
    ended,
    printed: (text) =>
      Promise.race([
        new Promise<void>((resolve) => {
          const check = (): void => {
            if (printed.includes(text)) resolve();
          };
          listeners.add(check);
          check();
        }),
        ended.then(({ stdout, stderr }) => {
          if (!printed.includes(text))
            throw new Error(`${program} ended and never printed ${text}\n${stdout}\n${stderr}`);
        }),
      ]),
  };
}

/** Runs a program of `test/programs` to its end. */
export const run = (program: string, args: readonly string[] = [], settings: Settings = {}): Promise<Ended> =>
  start(program, args, settings).ended;

/** The lines of a file, none where there is no such file. */
export function linesOf(...path: string[]): string[] {
  try {
    return readFileSync(join(...path), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

export const filesOf = (path: string, pattern: RegExp): string[] =>
  readdirSync(path).filter((name) => pattern.test(name));
