/** Python's `weakref.finalize`: a handler that runs as soon as an object is collected, and at exit at the latest. */
import type { Handler } from './handler.ts';
import type { Registry } from './registry.ts';

/** What {@link finalize} returns. */
export interface Finalizer<Result = unknown> {
  /** Whether the function is still to be called. */
  readonly alive: boolean;
  /** Takes it back: it will not be called. False if it was too late. */
  detach(): boolean;
  /** Calls it now, unless it was called, and returns what it returns. */
  call(): Result | undefined;
  /** As {@link call}: `using finalizer = finalize(…)`. */
  [Symbol.dispose](): void;
}

export type Finalize = (object: object, fn: () => unknown, name: string) => Finalizer;

/** `callNow` is for the object that was collected, while the thread lives on. */
export function createFinalize(handlers: Registry, callNow: (handler: Handler) => void): Finalize {
  let collected: FinalizationRegistry<() => void> | undefined;

  return (object, fn, name) => {
    let alive = true;
    const call = (): unknown => {
      if (!take()) return undefined;
      return fn();
    };
    const take = (): boolean => {
      const wasAlive = alive;
      alive = false;
      handlers.remove(call);
      collected?.unregister(finalizer);
      return wasAlive;
    };
    const finalizer: Finalizer = {
      get alive() {
        return alive;
      },
      detach: take,
      call,
      [Symbol.dispose]: () => void call(),
    };
    Object.defineProperty(call, 'name', { value: name });
    handlers.add(call, []);
    collected ??= new FinalizationRegistry((due) => due());
    collected.register(object, () => callNow({ name, call }), finalizer);
    return finalizer;
  };
}
