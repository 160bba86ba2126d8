/**
 * The sandboxes of one BullMQ Worker: each cleans up, and is awaited, before BullMQ ends it. BullMQ itself ends a thread by
 * `process.exit()` inside it or by `terminate()`, and a child process by a signal, for which nobody waits.
 */
import { instance } from '../adapter.ts';
import { childrenOfThread } from '../processes/registered.ts';
import type { ChildPool, Sandbox } from './shape.ts';

export interface Sandboxes {
  /** Those that run a job. */
  readonly busy: readonly Sandbox[];
  /** Lets all of them clean up, and ends them. */
  end(): Promise<unknown>;
}

/**
 * What BullMQ's own listeners of SIGINT and SIGTERM call in a child process: it ends by `process.exit()` then, which waits for
 * no handler. A signal for the whole group is this process's as well, and the order comes when the jobs are done.
 */
const LISTENER = 'waitForCurrentJobAndExit';

interface Terms {
  readonly name: string;
  readonly timeout: number;
  /** Called when they have ended, and the connection is still there. */
  afterEnd(): Promise<unknown>;
}

export function watchSandboxes(pool: ChildPool, { name, timeout, afterEnd }: Terms): Sandboxes {
  const links = new WeakMap<Sandbox, { shutdown(): Promise<unknown> }>();
  const starting = new Set<Promise<unknown>>();

  function adopt(sandbox: Sandbox): void {
    if (links.has(sandbox)) return;
    const { worker, childProcess } = sandbox;
    if (worker) links.set(sandbox, instance().registerWorker(worker, { name, timeout }));
    else if (childProcess) {
      const children = childrenOfThread();
      children.add(childProcess, { name, timeout, signal: 'SIGTERM', holds: LISTENER });
      links.set(sandbox, { shutdown: () => children.shutdown(childProcess, timeout) });
    }
  }

  const busy = (): Sandbox[] => Object.values(pool.retained);
  const all = (): Sandbox[] => [...busy(), ...Object.values(pool.free).flat()];
  const retain = pool.retain.bind(pool);
  const clean = pool.clean.bind(pool);

  async function end(): Promise<void> {
    // One that is just being started is in neither list, and would be left behind.
    await Promise.allSettled(starting);
    await Promise.all(all().map((sandbox) => links.get(sandbox)?.shutdown()));
  }

  all().forEach(adopt);

  pool.retain = async (processFile) => {
    const retained = retain(processFile);
    starting.add(retained);
    try {
      const sandbox = await retained;
      adopt(sandbox);
      return sandbox;
    } finally {
      starting.delete(retained);
    }
  };

  pool.clean = async () => {
    await end();
    await clean();
    await afterEnd();
  };

  return {
    get busy() {
      return busy();
    },
    end,
  };
}
