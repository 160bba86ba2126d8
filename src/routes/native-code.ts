/**
 * The end of a process one of whose threads is in native code. Node waits for every thread, and none can be interrupted
 * there: `process.exit()` would take as long as the call does. So threads are ended first, which Node would do as well,
 * and where one is left after the deadline the process ends without it.
 */
import threads from 'node:worker_threads';
import { now } from '../clock.ts';
import { createFairClock } from '../fair-clock.ts';
import { writeDirectly } from '../output/output.ts';
import { process } from '../platform.ts';
import type { Thread } from '../thread/parts.ts';
import { OVERTIME, REPORT_WRITTEN, THREADS_LEAST, THREADS_LOOK } from '../times.ts';
import { isInspected } from '../watchdog/watchdog.ts';
import type { Crash } from './crash.ts';
import { isProfiled } from './profiles.ts';

/** Node alone waits for its threads. */
const waits = !('Bun' in globalThis || 'Deno' in globalThis);

/** Ends the workers, and returns when their threads are gone. The process ends here if they are not by its deadline. */
export function endThreadsInTime(thread: Thread, exitCode: number, crash: Crash | undefined): void {
  if (!waits || !thread.isMain || thread.deadline === undefined || thread.settings.watchdog === false) return;
  const workers = thread.children.living();
  // A profile is written as a thread ends, and whoever debugs one has stopped it.
  if (workers.length === 0 || isProfiled() || isInspected()) return;
  const crew = thread.children.crew();
  for (const worker of workers) void threads.Worker.prototype.terminate.call(worker);
  const since = now();
  // To start a clock is to look at every thread, which takes longer than most need to end.
  let clock: (() => number) | undefined;
  let left = crew.left();
  let least = THREADS_LEAST;
  while (left > 0) {
    // By its deadline if one is in native code. Those that end are waited for as long as that takes on a busy machine.
    const time = clock?.() ?? 0;
    if (now() > thread.deadline + OVERTIME && (time > least || crew.isStuck())) {
      const running = crew.workers.filter((worker) => worker.isRunning());
      const named = running.length > 0 ? running : crew.workers;
      endWithout(thread, named.map(({ name }) => name).join(', '), exitCode, crash);
      return;
    }
    const isFirst = now() - since < THREADS_LOOK.after;
    if (!isFirst) clock ??= createFairClock();
    const ms = isFirst ? THREADS_LOOK.first : THREADS_LOOK.later;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    const last = left;
    left = crew.left();
    if (left < last && clock) least = clock() + THREADS_LEAST;
  }
}

function endWithout(thread: Thread, names: string, exitCode: number, crash: Crash | undefined): void {
  // Node would print it after this.
  if (crash) writeDirectly('stderr', textOf(crash.error), now() + REPORT_WRITTEN);
  thread.log(`native code keeps a thread from ending (${names}): the process ends without waiting for it`);
  becomeExit(exitCode);
  const ending = process.pid === 1 ? 'process 1 cannot be ended from inside' : 'the process is killed';
  thread.log(`there is no way to end with exit code ${exitCode} at once: ${ending}`);
  if (process.pid !== 1) process.kill(process.pid, 'SIGKILL');
}

/**
 * Replaces the program of this process by one that exits with `exitCode`: the system ends all threads of a process that
 * calls `execve`, in native code or not. Returns where that is not possible: before Node 22.15, on Windows, under a
 * permission model that grants no child processes.
 */
function becomeExit(exitCode: number): void {
  const { execPath } = process;
  const execve: unknown = Reflect.get(process, 'execve');
  if (typeof execve !== 'function') return;
  const code = exitCode & 0xff;
  // The second where there is no shell.
  const programs = [
    ['/bin/sh', 'sh', '-c', `exit ${code}`],
    [execPath, execPath, '-e', `process.exit(${code})`],
  ] as const;
  const { accessSync, constants } = process.getBuiltinModule('node:fs');
  for (const [file, ...args] of programs) {
    try {
      // What cannot be executed ends the process with an abort before Node 26.
      accessSync(file, constants.X_OK);
      Reflect.apply(execve, process, [file, args, {}]);
    } catch {}
  }
}

function textOf(error: unknown): string {
  const { inspect } = process.getBuiltinModule('node:util');
  return `${error instanceof Error ? inspect(error) : `Uncaught:\n${inspect(error)}`}\n\nNode.js ${process.version}\n`;
}
