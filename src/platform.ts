/**
 * What the library takes from its platform, kept from when it was loaded: the process, timers, clocks. A program replaces
 * these in its tests, and a deadline that waits for a fake clock is none.
 *
 * A test runner runs modules in a context of its own, with a copy of `process` there, on which no event is heard. Node's own
 * functions are of the context that the thread began with, so that it shows where the library is.
 */
import threads from 'node:worker_threads';

const isAtHome = 'Bun' in globalThis || threads.MessageChannel instanceof Function;

/** The global object that the thread began with. */
export const home: typeof globalThis = isAtHome
  ? globalThis
  : globalThis.process.getBuiltinModule('node:vm').runInThisContext('globalThis');

export const { process } = home;

const isLike = <Value>(value: unknown, like: Value): value is Value => typeof value === typeof like;

/** What fake timers (those of Sinon, which Jest and Vitest have as well) have put `found` in the place of, or `found`. */
function original<Value>(name: string, found: Value): Value {
  const clock: unknown = Reflect.get(Object(found), 'clock');
  const replaced: unknown = Reflect.get(Object(clock), `_${name}`);
  return isLike(replaced, found) ? original(name, replaced) : found;
}

const timers = process.getBuiltinModule('node:timers');

export const setTimeout: typeof globalThis.setTimeout = original('setTimeout', timers.setTimeout);
export const clearTimeout: typeof globalThis.clearTimeout = original('clearTimeout', timers.clearTimeout);
export const setInterval: typeof globalThis.setInterval = original('setInterval', timers.setInterval);
export const clearInterval: typeof globalThis.clearInterval = original('clearInterval', timers.clearInterval);
export const setImmediate: typeof globalThis.setImmediate = original('setImmediate', timers.setImmediate);
export const clearImmediate: typeof globalThis.clearImmediate = original('clearImmediate', timers.clearImmediate);
export const queueMicrotask: typeof globalThis.queueMicrotask = original('queueMicrotask', home.queueMicrotask);
export const nextTick: typeof process.nextTick = original('nextTick', process.nextTick);
export const hrtime: typeof process.hrtime = original('hrtime', process.hrtime);
export const wallClock: () => number = original('Date', home.Date).now;

/** What belongs to another context is no instance of this one's classes. */
export const { isNativeError, isSharedArrayBuffer, isUint8Array } = process.getBuiltinModule('node:util/types');

export const isError = (value: unknown): value is Error => isNativeError(value) || value instanceof Error;
