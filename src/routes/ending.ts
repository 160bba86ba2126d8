/** How a process goes in the end, when all is done. */
import { process } from '../platform.ts';
import { DEATH } from '../times.ts';

/** Ends the process, or the worker's thread, with `process.exitCode`; everybody's `'exit'` listeners run. */
export function exitProcess(): void {
  process.exit();
}

/**
 * Ends the process by `signal`, as its default action does. Returns where that has no effect: process 1 of a container
 * ignores signals from inside, and Windows has none.
 */
export function raise(signal: NodeJS.Signals): void {
  if (process.platform === 'win32' || process.pid === 1) return;
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DEATH);
}
