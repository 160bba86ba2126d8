/**
 * What the library takes from its platform, kept from when it was loaded: the process, timers, clocks. A program replaces
 * these in its tests, and a deadline that waits for a fake clock is none. What is loaded later takes what was kept then.
 *
 * A test runner runs modules in a context of its own, with a copy of `process` there, on which no event is heard. Node's own
 * functions are of the context that the thread began with, so that it shows where the library is.
 */

interface Platform
  extends Pick<
    typeof globalThis,
    | 'process'
    | 'setTimeout'
    | 'clearTimeout'
    | 'setInterval'
    | 'clearInterval'
    | 'setImmediate'
    | 'clearImmediate'
    | 'queueMicrotask'
  > {
  /** The global object that the thread began with. */
  readonly home: typeof globalThis;
  readonly nextTick: NodeJS.Process['nextTick'];
  readonly hrtime: NodeJS.Process['hrtime'];
  readonly wallClock: () => number;
  /** How arrays are iterated over. */
  readonly iterate: unknown;
}

const isLike = <Value>(value: unknown, like: Value): value is Value => typeof value === typeof like;

/** What fake timers (those of Sinon, which Jest and Vitest have as well) have put `found` in the place of, or `found`. */
function original<Value>(name: string, found: Value): Value {
  const clock: unknown = Reflect.get(Object(found), 'clock');
  const replaced: unknown = Reflect.get(Object(clock), `_${name}`);
  return isLike(replaced, found) ? original(name, replaced) : found;
}

/**
 * Makes timers of the class that Node's timers are of. Its own mock timers keep to themselves what they replace, but what a
 * socket waits for is a timer that nobody replaces.
 */
function createTimers({ Socket }: typeof import('node:net')): { readonly [name: string]: unknown } {
  const socket = new Socket().setTimeout(1);
  const timer = Object.getOwnPropertySymbols(socket)
    .map((key) => Object(Reflect.get(socket, key)))
    .find((value) => typeof value.refresh === 'function');
  socket.destroy();
  const start = (callback: unknown, ms: unknown, args: readonly unknown[], isRepeated: boolean): unknown =>
    Object(Reflect.construct(timer.constructor, [callback, ms, args, isRepeated, true])).refresh();
  const clear = (started: unknown): unknown => Object(started).close?.();
  return {
    setTimeout: (callback: unknown, ms: unknown, ...args: unknown[]) => start(callback, ms, args, false),
    setInterval: (callback: unknown, ms: unknown, ...args: unknown[]) => start(callback, ms, args, true),
    setImmediate: (callback: unknown, ...args: unknown[]) => start(callback, 1, args, false),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
}

/** Node's mock timers are bound functions. */
function findTimers({ getBuiltinModule }: NodeJS.Process): typeof import('node:timers') {
  const found = getBuiltinModule('node:timers');
  const { setTimeout, setInterval, setImmediate } = found;
  const isMocked = [setTimeout, setInterval, setImmediate].some(({ name }) => name.startsWith('bound '));
  return isMocked ? { ...found, ...createTimers(getBuiltinModule('node:net')) } : found;
}

function find(home: typeof globalThis): Platform {
  const { process } = home;
  const timers = findTimers(process);
  return {
    home,
    process,
    setTimeout: original('setTimeout', timers.setTimeout),
    clearTimeout: original('clearTimeout', timers.clearTimeout),
    setInterval: original('setInterval', timers.setInterval),
    clearInterval: original('clearInterval', timers.clearInterval),
    setImmediate: original('setImmediate', timers.setImmediate),
    clearImmediate: original('clearImmediate', timers.clearImmediate),
    queueMicrotask: original('queueMicrotask', home.queueMicrotask),
    nextTick: original('nextTick', process.nextTick),
    hrtime: original('hrtime', process.hrtime),
    wallClock: original('Date', home.Date).now,
    iterate: home.Array.prototype[Symbol.iterator],
  };
}

const KEPT = Symbol.for('worker-atexit:platform');

const isPlatform = (value: unknown): value is Platform => typeof value === 'object' && value !== null;

function keep(): Platform {
  const before: unknown = Reflect.get(globalThis, KEPT);
  if (isPlatform(before)) return before;
  const { getBuiltinModule } = globalThis.process;
  const isAtHome = 'Bun' in globalThis || getBuiltinModule('node:events') instanceof Function;
  const home: typeof globalThis = isAtHome ? globalThis : getBuiltinModule('node:vm').runInThisContext('globalThis');
  const kept: unknown = Reflect.get(home, KEPT);
  if (isPlatform(kept)) return kept;
  const found = find(home);
  Object.defineProperty(home, KEPT, { value: found, configurable: true });
  return found;
}

export const {
  home,
  process,
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  setImmediate,
  clearImmediate,
  queueMicrotask,
  nextTick,
  hrtime,
  wallClock,
  iterate,
} = keep();

/** What belongs to another context is no instance of this one's classes. */
export const { isNativeError, isSharedArrayBuffer, isUint8Array } = process.getBuiltinModule('node:util').types;

export const isError = (value: unknown): value is Error => isNativeError(value) || value instanceof Error;
