/**
 * The instance of a thread, as it is loaded: what is called in every thread is here, and all else is loaded by the first call
 * of it.
 */
import type { CreateFairClock } from '../fair-clock.ts';
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
  readonly createFairClock: CreateFairClock;
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
      createFairClock: (ids, most) => load().createFairClock(ids, most),
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

function instanceOf(core: Core, api: () => Api): Instance {
  return {
    version: VERSION,

    get signal() {
      return core.signal.current;
    },

    onNewSignal: core.signal.onNew,

    register(handler, args) {
      if (typeof handler !== 'function') api().registerResource(handler, args);
      else {
        core.handlers.add(handler, args);
        core.use();
      }
    },

    unregister(handler) {
      if ((typeof handler !== 'object' && typeof handler !== 'function') || handler === null) {
        return api().refuseKey(handler);
      }
      core.handlers.remove(handler);
      core.drains.remove(handler);
      core.showRegistered();
    },

    isShuttingDown: core.isShuttingDown,
    isExiting: () => core.isExiting,

    onDrain: (handler, args) => api().onDrain(handler, args),
    addDrain: (key, handler) => api().addDrain(key, handler),
    knowServers: (create) => api().knowServers(create),
    knowSystemd: (supervision) => api().knowSystemd(supervision),
    notifyReady: () => api().notifyReady(),
    registerWorker: (worker, options) => api().registerWorker(worker, options),
    registerOnMain: (module, exportName, args) => api().registerOnMain(module, exportName, args),
    finalize: (object, fn, args) => api().finalize(object, fn, args),
    addPool: (owner, pool) => api().addPool(owner, pool),
    hasPool: (owner) => api().hasPool(owner),
    usePool: () => api().usePool(),
    addPoolWorker: (worker, options, wake) => api().addPoolWorker(worker, options, wake),
    addChildren: (children) => api().addChildren(children),
    cleanUp: (worker) => api().cleanUp(worker),
    shutdown: (options, door) => api().shutdown(options, door),
    exit: (code, door) => api().exit(code, door),
    configure: (options) => api().configure(options),
    preset: (options) => api().preset(options),
    onEnd: (listener) => api().onEnd(listener),
    drainDeadline: () => api().drainDeadline(),
    note: (message) => api().note(message),
    log: (message) => api().log(message),
  };
}
