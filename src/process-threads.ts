/** The threads of this process, as the system has them: no event of Node's tells where the event loop does not turn. */
import { process } from './platform.ts';

/** Their ids; undefined on a system that does not list them. */
export function threadsOfProcess(): string[] | undefined {
  try {
    return process.getBuiltinModule('node:fs').readdirSync('/proc/self/task');
  } catch {
    return undefined;
  }
}

/** Those of them that are workers, where threads have names (from Node 24 on); else all. */
export function workerThreads(): string[] | undefined {
  const ids = threadsOfProcess();
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const named = ids?.filter((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, 'latin1').startsWith('WorkerThread');
    } catch {
      return false;
    }
  });
  return named && named.length > 0 ? named : ids;
}
