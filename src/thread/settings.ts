/**
 * The settings of this thread. They are the main thread's to make; what a worker that ends by itself needs of them, it
 * reads from the table.
 */
import { defaults, type Settings } from '../options.ts';
import { Header, type Table } from '../table/cells.ts';

export interface ThreadSettings {
  readonly current: Settings;
  change(settings: Settings): void;
}

export function createSettings({ cells }: Table, isRoot: boolean): ThreadSettings {
  let own = defaults;

  return {
    get current() {
      if (isRoot) return own;
      return {
        ...own,
        timeout: Atomics.load(cells, Header.ownTimeout) || own.timeout,
        syncTimeout: Atomics.load(cells, Header.ownSyncTimeout) || own.syncTimeout,
        crash: Atomics.load(cells, Header.ignoresCrash) === 0 ? own.crash : ('off' as const),
      };
    },

    change(settings) {
      own = settings;
      Atomics.store(cells, Header.ownTimeout, Math.max(1, settings.timeout));
      Atomics.store(cells, Header.ownSyncTimeout, Math.max(1, settings.syncTimeout));
      Atomics.store(cells, Header.ignoresCrash, settings.crash === 'off' ? 1 : 0);
    },
  };
}
