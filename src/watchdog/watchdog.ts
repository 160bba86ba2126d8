/**
 * The watchdog of the main thread. A thread that is blocked can do nothing for itself; a worker that has acked stands
 * guard, since it has nothing else to do, or a thread that is started for it.
 */
import threads from 'node:worker_threads';
import { process } from '../platform.ts';
import { sharesMemory } from '../shared-memory.ts';
import { Header, type Table } from '../table/cells.ts';
import { GRACE } from '../times.ts';

/** The text of the guard's thread, which the build puts here. */
declare const GUARD_SOURCE: string;

/** Not by a regular expression: V8 makes machine code of one when it is used again, which takes 0.1 ms of the shutdown. */
const isInspectOption = (option: string): boolean =>
  option.startsWith('--inspect') && !option.startsWith('--inspect-port') && !option.startsWith('--inspect-publish');

/** Whether somebody may have stopped the main thread to look at it. Loads nothing: the inspector takes milliseconds. */
export function isInspected(): boolean {
  const options = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(' ')];
  if (options.some(isInspectOption)) return true;
  const loaded: unknown = Reflect.get(process, 'moduleLoadList');
  // Deno lists neither its options nor what is loaded.
  const isLoaded = 'Deno' in globalThis || (Array.isArray(loaded) && loaded.includes('NativeModule inspector'));
  if (!isLoaded) return false;
  return process.getBuiltinModule('node:inspector').url() !== undefined;
}

/** From `until` + {@link GRACE} on, on this thread's clock, the process is ended by whoever stands guard. */
export function arm({ cells }: Table, until: number, isQuiet: boolean): void {
  if (isInspected()) return;
  const at = until + GRACE;
  Atomics.store(cells, Header.guardMs, Math.floor(at % 1000));
  Atomics.store(cells, Header.guardQuiet, isQuiet ? 1 : 0);
  Atomics.store(cells, Header.guardSeconds, Math.floor(at / 1000));
}

export function disarm({ cells }: Table): void {
  Atomics.store(cells, Header.guardSeconds, 0);
}

/** Starts a thread that stands guard; what it returns ends that. */
export function startGuard({ buffer, cells }: Table): (() => void) | undefined {
  if (!sharesMemory || Atomics.load(cells, Header.guardSeconds) === 0) return undefined;
  // Without the options of the program, which may load half of it.
  const guard = new threads.Worker(GUARD_SOURCE, { eval: true, workerData: buffer, execArgv: [] });
  guard.on('error', () => {});
  guard.unref();
  return () => void guard.terminate();
}
