/** How the code of a thread learns that this thread is to end: by `shutdownSignal`, and in loops by `isShuttingDown()`. */
import type { FlagCells } from '../../workers/own-slot.ts';
import { process } from '../platform.ts';
import type { ShutdownError } from '../report/errors.ts';
import { Header, Phase, type Table } from '../table/cells.ts';

export interface ShutdownSignal {
  readonly current: AbortSignal;
  abort(error: ShutdownError): void;
  /** The thread lives on: where the signal was aborted, there is a new one, and the listeners get it. */
  renew(): void;
  onNew(listener: (signal: AbortSignal) => void): void;
}

function createController(): AbortController {
  const created = new AbortController();
  process.getBuiltinModule('node:events').setMaxListeners(0, created.signal);
  return created;
}

export function createShutdownSignal(): ShutdownSignal {
  const listeners = new Set<(signal: AbortSignal) => void>();
  let controller = createController();

  return {
    get current() {
      return controller.signal;
    },

    abort(error) {
      if (!controller.signal.aborted) controller.abort(error);
    },

    renew() {
      if (!controller.signal.aborted) return;
      controller = createController();
      for (const listener of listeners) listener(controller.signal);
    },

    onNew: (listener) => void listeners.add(listener),
  };
}

/** How many times the flag is read plainly, less one, before it is read atomically: a mask. */
const LOOKS = 0x3f;

/** `isEnding`: whether this thread's own shutdown has begun. `flagCells`: where a worker sees that it is to end alone. */
export function createFlag({ cells }: Table, isEnding: () => boolean, flagCells: FlagCells | undefined): () => boolean {
  let looks = 0;

  return () => {
    // A plain read takes a fraction of Atomics.load(), which is a call. That call, now and then, keeps a compiler from
    // taking the plain one out of a loop.
    looks = (looks + 1) & LOOKS;
    const flag = looks === 0 ? Atomics.load(cells, Header.phase) : cells[Header.phase];
    if (flag !== Phase.running || isEnding()) return true;
    if (flagCells === undefined) return false;
    return flagCells.cells[Header.phase] !== Phase.running || flagCells.cells[flagCells.order] !== 0;
  };
}
