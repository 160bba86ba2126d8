/**
 * The handlers of a thread, in the order in which they were registered: last in, first out. Most programs register and
 * unregister nothing, so where each one is gets written down when one is unregistered first: to hash a function takes
 * longer than all else.
 */
import { type Callable, type Handler, isCallable, nameOf } from './handler.ts';
import { callOwn } from './inside-handler.ts';

interface Registration {
  readonly key: object;
  readonly args: readonly unknown[];
  /** How a resource is disposed of; a function is its own handler. */
  readonly disposal: Handler | undefined;
}

/** A function without arguments stands for itself. Undefined: it was unregistered. */
type Entry = Callable | Registration | undefined;

/** A last-in-first-out list of handlers in which each registration can be taken out in O(1), amortised. */
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

/** Fewer are looked through, which is faster than to write down where each is. */
const FEW = 16;

const keyOf = (entry: Callable | Registration): object => (typeof entry === 'function' ? entry : entry.key);

const disposalIn = (entry: Entry): Handler | undefined => (typeof entry === 'object' ? entry.disposal : undefined);

function toHandler(entry: Callable | Registration): Handler {
  const { key, args, disposal } = typeof entry === 'function' ? { key: entry, args: [], disposal: undefined } : entry;
  if (disposal !== undefined || !isCallable(key)) return disposal ?? { name: 'resource', call: () => undefined };
  return { name: nameOf(key, '(anonymous)'), call: () => callOwn(key, undefined, args) };
}

export function createRegistry(): Registry {
  let entries: Entry[] = [];
  let size = 0;
  /** Where the newest registration of each key is, of the first `placed` entries, and where those before it are. */
  let places = new Map<object, number>();
  let twins = new Map<object, number[]>();
  let placed = 0;

  function place(): void {
    for (; placed < entries.length; placed++) {
      const entry = entries[placed];
      if (entry === undefined) continue;
      const key = keyOf(entry);
      const older = places.get(key);
      places.set(key, placed);
      if (older === undefined) continue;
      const oldest = twins.get(key);
      if (oldest) oldest.push(older);
      else twins.set(key, [older]);
    }
  }

  function forgetPlaces(): void {
    places = new Map();
    twins = new Map();
    placed = 0;
  }

  function vacate(index: number): void {
    disposalIn(entries[index])?.forget?.();
    entries[index] = undefined;
    size--;
  }

  /** Gives back what nothing is in. */
  function tidy(): void {
    while (entries.length > 0 && entries.at(-1) === undefined) entries.pop();
    placed = Math.min(placed, entries.length);
    if (entries.length <= FEW || entries.length <= size * 4) return;
    entries = entries.filter((entry) => entry !== undefined);
    forgetPlaces();
  }

  return {
    add(key, args, disposal) {
      if (disposal !== undefined) entries.push({ key: Object(key), args, disposal });
      else if (!isCallable(key)) return false;
      else entries.push(args.length === 0 ? key : { key, args, disposal });
      size++;
      return true;
    },

    remove(key) {
      if (placed === 0 && entries.length <= FEW) {
        for (let index = entries.length - 1; index >= 0; index--) {
          const entry = entries[index];
          if (entry !== undefined && keyOf(entry) === key) vacate(index);
        }
      } else {
        place();
        for (let index = places.get(key); index !== undefined; index = twins.get(key)?.pop()) vacate(index);
        places.delete(key);
        twins.delete(key);
      }
      tidy();
    },

    take() {
      let taken: Entry;
      while (taken === undefined) {
        if (entries.length === 0) return undefined;
        taken = entries.pop();
      }
      size--;
      if (entries.length < placed) {
        placed = entries.length;
        // The newest of all is the newest of its key, too.
        const key = keyOf(taken);
        const older = twins.get(key)?.pop();
        if (older === undefined) places.delete(key);
        else places.set(key, older);
      }
      return toHandler(taken);
    },

    get size() {
      return size;
    },

    get delay() {
      let longest = 0;
      for (const entry of entries) longest = Math.max(longest, disposalIn(entry)?.delay ?? 0);
      return longest;
    },
  };
}
