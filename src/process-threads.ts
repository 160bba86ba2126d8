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
