/**
 * A function that stands in for one of the program's own. Taken away it leaves everything as it was: a function that the
 * program had put there itself is there again, and what it has put over the stand-in since then stays.
 */

export type Call = (...args: readonly unknown[]) => unknown;

/** What is called in its place. `next` calls what was there before. */
export type Stand = (next: Call, ...args: readonly unknown[]) => unknown;

export interface StandIn {
  /** Whether it is what a caller of the method meets first. */
  isOnTop(): boolean;
  /** Where somebody has wrapped it, it stays below what wraps it, and passes every call on. */
  takeAway(): void;
}

const NOTHING: StandIn = { isOnTop: () => false, takeAway() {} };

/** Whether `owner` lets itself be given another `name`. */
export function isReplaceable(owner: object, name: string): boolean {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  return own ? own.configurable === true : Object.isExtensible(owner);
}

/** Puts `stand` in place of a method of `owner`, if it has that. Throws, as JavaScript does, unless it {@link isReplaceable}. */
export function standIn(owner: object, name: string, stand: Stand): StandIn {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  const replaced: unknown = Reflect.get(owner, name);
  if (typeof replaced !== 'function') return NOTHING;
  const nextOf =
    (self: unknown): Call =>
    (...args) =>
      Reflect.apply(replaced, self, args);
  const next = nextOf(owner);
  let isThere = true;

  function standIn(this: unknown, ...args: readonly unknown[]): unknown {
    // A method that was taken from its owner knows it all the same; a copy of the owner's is the copy's.
    const following = this === owner || this === undefined ? next : nextOf(this);
    // Without a spread, which the program may have changed: the process itself calls some of these.
    const given: readonly unknown[] = [following];
    return isThere ? Reflect.apply(stand, undefined, given.concat(args)) : Reflect.apply(following, undefined, args);
  }
  // Whoever lists the properties of `owner` finds what he found before.
  Object.defineProperty(owner, name, { value: standIn, configurable: true, writable: true });
  const isOnTop = (): boolean => Reflect.get(owner, name) === standIn;

  return {
    isOnTop,

    takeAway() {
      if (isThere && isOnTop()) {
        if (own) Object.defineProperty(owner, name, own);
        else Reflect.deleteProperty(owner, name);
      }
      isThere = false;
    },
  };
}
