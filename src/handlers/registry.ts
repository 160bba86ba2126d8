/** The handlers of a thread, in the order in which they were registered: last in, first out. */
import { type Handler, isCallable, nameOf } from './handler.ts';
import { callOwn } from './inside-handler.ts';

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
  /** `disposal`: how a resource is disposed of. False, and nothing added, for what is no function and has none. */
  add(key: unknown, args: readonly unknown[], disposal?: Handler): boolean;
  /** Removes every registration of `key`, by identity. */
  remove(key: object): void;
  /** Takes the newest one out. */
  take(): Handler | undefined;
  readonly size: number;
  /** ms for which the one that goes on serving the longest does so. */
  readonly delay: number;
}

function toHandler({ key, args, disposal }: Registration): Handler {
  if (disposal !== undefined || !isCallable(key)) return disposal ?? { name: 'resource', call: () => undefined };
  return { name: nameOf(key, '(anonymous)'), call: () => callOwn(key, undefined, args) };
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
    add(key, args, disposal) {
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
        registration.disposal?.forget?.();
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

    get size() {
      return size;
    },

    get delay() {
      let longest = 0;
      for (let registration = newest; registration !== undefined; registration = registration.older) {
        longest = Math.max(longest, registration.disposal?.delay ?? 0);
      }
      return longest;
    },
  };
}
