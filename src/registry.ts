/** What `register` takes instead of a function. */
export type Resource = Disposable | AsyncDisposable;

/** A clean-up function with its arguments, as the registry keeps it. */
export interface Handler {
  readonly name: string;
  call(): unknown;
}

interface Registration {
  readonly key: object;
  readonly args: readonly unknown[];
  older: Registration | undefined;
  newer: Registration | undefined;
  /** The registration of the same key before this one. */
  twin: Registration | undefined;
}

/** A last-in-first-out list of handlers in which each registration can be taken out in O(1). */
export interface Registry {
  add(key: object, args: readonly unknown[]): void;
  /** Removes every registration of `key`, by identity. */
  remove(key: object): void;
  /** Takes the newest one out. */
  take(): Handler | undefined;
  clear(): void;
  readonly size: number;
}

type Callable = (this: unknown, ...args: unknown[]) => unknown;
const isCallable = (value: unknown): value is Callable => typeof value === 'function';

/** The method that disposes of `resource`; the asynchronous one is preferred, as `await using` does. */
function disposer(resource: object): { method: Callable; name: string } | undefined {
  const name = resource.constructor?.name || 'resource';
  const asynchronous: unknown = Reflect.get(resource, Symbol.asyncDispose);
  if (isCallable(asynchronous)) return { method: asynchronous, name: `${name}[Symbol.asyncDispose]` };
  const synchronous: unknown = Reflect.get(resource, Symbol.dispose);
  if (isCallable(synchronous)) return { method: synchronous, name: `${name}[Symbol.dispose]` };
  return undefined;
}

/** Whether `value` can be registered: a function or something disposable. */
export function isRegistrable(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null && disposer(value) !== undefined);
}

function toHandler({ key, args }: Registration): Handler {
  if (isCallable(key)) return { name: key.name || '(anonymous)', call: () => key.apply(undefined, [...args]) };
  const { method, name } = disposer(key) ?? { method: () => {}, name: 'resource' };
  return { name, call: () => method.call(key) };
}

export function createRegistry(): Registry {
  const newestOf = new Map<object, Registration>();
  let newest: Registration | undefined;
  let size = 0;

  const unlink = (registration: Registration): void => {
    const { older, newer } = registration;
    if (newer === undefined) newest = older;
    else newer.older = older;
    if (older !== undefined) older.newer = newer;
    size--;
  };

  return {
    add(key, args) {
      const registration = { key, args, older: newest, newer: undefined, twin: newestOf.get(key) };
      if (newest !== undefined) newest.newer = registration;
      newest = registration;
      newestOf.set(key, registration);
      size++;
    },

    remove(key) {
      for (let registration = newestOf.get(key); registration !== undefined; registration = registration.twin) {
        unlink(registration);
      }
      newestOf.delete(key);
    },

    take() {
      const taken = newest;
      if (taken === undefined) return undefined;
      unlink(taken);
      // The newest of all is the newest of its key, too.
      if (taken.twin === undefined) newestOf.delete(taken.key);
      else newestOf.set(taken.key, taken.twin);
      return toHandler(taken);
    },

    clear() {
      newestOf.clear();
      newest = undefined;
      size = 0;
    },

    get size() {
      return size;
    },
  };
}
