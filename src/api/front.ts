/**
 * The instance of a thread, as it is loaded: what is called in every thread is here, and all else is loaded by the first call
 * of it.
 */
import type { Rare } from '../../workers/link.ts';
import { behind, type Door } from '../misuse.ts';
import { process } from '../platform.ts';
import type { ShutdownReport } from '../report/report.ts';
import { createCore } from '../thread/core.ts';
import type { Core, Rest } from '../thread/halves.ts';
import { findPosition, takePosition } from '../thread/position.ts';
import { rehearse } from '../thread/rehearsal.ts';
import { mayMakeWorkers } from '../threads.ts';
import { VERSION } from '../wire/reason.ts';
import type { Api } from './api.ts';
import type { Instance, ShutdownOptions } from './instance.ts';

/** What the rest has no copy of, or another one: what runs at the end is to be rehearsed itself. */
export interface OwnHalf {
  readonly createCore: typeof createCore;
  /** Asks for a shutdown of the thread that consists of `core` and `api`, as a program does. */
  shutDown(core: Core, api: Api): unknown;
}

/** What is loaded on demand. */
export interface Loaded {
  createRest(core: Core): { readonly rest: Rest; readonly api: Api };
  /** `own`: what this half has of the way that is rehearsed. */
  rehearseMain(position: Core['position'], own: OwnHalf): void;
  readonly rare: Rare;
}

/** What is asked in place of the thread's own instance, while a rehearsal calls the program's door. */
let dry: Instance | undefined;

/** What a program asks for by `shutdown()`, which is the `door`. */
export function askFor(instance: Instance, options: ShutdownOptions, door: Door): Promise<ShutdownReport> {
  return behind(door, () => (dry ?? instance).shutdown(options, door));
}

export const ownHalfOf = (door: () => unknown): OwnHalf => ({
  createCore,

  shutDown(core, api) {
    dry = instanceOf(core, () => api);
    try {
      return door();
    } finally {
      dry = undefined;
    }
  },
});

/** `find` throws where there is nothing to load. `door` is what a program asks for a shutdown by. */
export function createInstance(load: () => Loaded, find: () => void, door: () => unknown): Instance {
  let loaded: Api | undefined;

  const core = createCore(
    findPosition((position) => {
      if (!position.isMain) rehearse(position);
      else if (api()) load().rehearseMain(position, ownHalfOf(door));
    }),
    (of) => {
      bequeath();
      const { rest, api } = load().createRest(of);
      loaded = api;
      return rest;
    },
    {
      standGuard: (table) => load().rare.standGuard(table, false),
      rare: () => load().rare,
      prepare() {
        find();
        if (mayMakeWorkers()) bequeath();
      },
    },
  );
  const bequeath = takePosition(core);

  function api(): Api {
    core.load();
    if (loaded === undefined) throw new Error('worker-atexit is being loaded');
    return loaded;
  }

  // A parent process is told at once that this one uses the library.
  if (core.position.isMain && process.send !== undefined) core.load();

  return instanceOf(core, api);
}

/** `api`: all else that an instance does, which is loaded when it is asked for first. */
function instanceOf(core: Core, api: () => Api): Instance {
  const all: Api = new Proxy(Object.create(null), { get: (_, name) => Reflect.get(api(), name) });
  const { handlers, drains, use, showRegistered } = core;
  const { add } = handlers;
  const own: Omit<Instance, keyof Api> = {
    version: VERSION,

    get signal() {
      return core.signal.current;
    },

    onNewSignal: core.signal.onNew,

    register(handler, args) {
      if (typeof handler !== 'function') api().registerResource(handler, args);
      else {
        add(handler, args);
        use();
      }
    },

    unregister(handler) {
      if ((typeof handler !== 'object' && typeof handler !== 'function') || handler === null) {
        return api().refuseKey(handler);
      }
      handlers.remove(handler);
      drains.remove(handler);
      showRegistered();
    },

    isShuttingDown: core.isShuttingDown,
    isExiting: () => core.isExiting,
  };
  return Object.setPrototypeOf(own, all);
}
