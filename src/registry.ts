import { isServer, whenClosed } from './servers.ts';

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
  /** How a resource is disposed of; a function is its own handler. */
  readonly disposal: Handler | undefined;
  older: Registration | undefined;
  newer: Registration | undefined;
  /** The registration of the same key before this one. */
  twin: Registration | undefined;
}

/** A last-in-first-out list of handlers in which each registration can be taken out in O(1). */
export interface Registry {
  /** False, and nothing added, for what is neither a function nor disposable. */
  add(key: unknown, args: readonly unknown[]): boolean;
  /** Removes every registration of `key`, by identity. */
  remove(key: object): void;
  /** Takes the newest one out. */
  take(): Handler | undefined;
  clear(): void;
  readonly size: number;
}

type Callable = (this: unknown, ...args: unknown[]) => unknown;
export const isCallable = (value: unknown): value is Callable => typeof value === 'function';

/** A function's name, where it is one: a class may have anything there, and a proxy always has something. */
export function nameOf(fn: unknown, otherwise: string): string {
  try {
    const name: unknown = isCallable(fn) ? Object.getOwnPropertyDescriptor(fn, 'name')?.value : undefined;
    return typeof name === 'string' && name !== '' ? name : otherwise;
  } catch {
    // A proxy that was revoked. To call it fails as well, and is told as such.
    return otherwise;
  }
}

/** How `resource` is disposed of; asynchronously if it can be, as `await using` does. */
function disposalOf(resource: object): Handler | undefined {
  for (const [key, label] of DISPOSERS) {
    const dispose: unknown = Reflect.get(resource, key);
    if (!isCallable(dispose)) continue;
    return {
      name: `${nameOf(classOf(resource), 'resource')}[${label}]`,
      call: () => {
        const disposed: unknown = Reflect.apply(dispose, resource, []);
        return isServer(resource) ? whenClosed(resource, disposed) : disposed;
      },
    };
  }
  return undefined;
}

const DISPOSERS = [
  [Symbol.asyncDispose, 'Symbol.asyncDispose'],
  [Symbol.dispose, 'Symbol.dispose'],
] as const;

const classOf = (object: object): unknown =>
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(object) ?? {}, 'constructor')?.value;

function toHandler({ key, args, disposal }: Registration): Handler {
  if (disposal !== undefined || !isCallable(key)) return disposal ?? { name: 'resource', call: () => undefined };
  return { name: nameOf(key, '(anonymous)'), call: () => Reflect.apply(key, undefined, args) };
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
      const disposal = typeof key === 'object' && key !== null ? disposalOf(key) : undefined;
      if (disposal === undefined && !isCallable(key)) return false;
      const target: object = Object(key);
      const registration = { key: target, args, disposal, older: newest, newer: undefined, twin: newestOf.get(target) };
      if (newest !== undefined) newest.newer = registration;
      newest = registration;
      newestOf.set(target, registration);
      size++;
      return true;
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
