/** Misuse: what a program is told that calls the library with what it cannot take. */
import { LONGEST } from './times.ts';

type MisuseCode =
  | 'INVALID_ARGUMENT'
  | 'UNKNOWN_OPTION'
  | 'MAIN_THREAD_ONLY'
  | 'PRIMARY_ONLY'
  | 'INSIDE_HANDLER'
  | 'VERSION_MISMATCH';

const PREFIX = 'ERR_WORKER_ATEXIT_';

/** The caller's mistake: the only thing that throws. Names the argument and the way out. */
export function misuse(code: MisuseCode, message: string): TypeError & { readonly code: string } {
  return Object.assign(new TypeError(message), { code: PREFIX + code });
}

/** A public function. */
export type Door = (...args: never[]) => unknown;

/** What was thrown behind `door`. The stack of a misuse begins where the program has called the door. */
export function seenFrom(door: Door, thrown: unknown): unknown {
  if (thrown instanceof TypeError && String(Reflect.get(thrown, 'code')).startsWith(PREFIX)) {
    Error.captureStackTrace(thrown, door);
  }
  return thrown;
}

/** Does what `door` is called for: what it throws is {@link seenFrom} there. */
export function behind<T>(door: Door, act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw seenFrom(door, thrown);
  }
}

/** A value in an error message: short, and without calling any code of it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') {
    // Of a Comlink proxy every property is a proxy, and to make a string of one is a call to its worker.
    const name: unknown = Object.getOwnPropertyDescriptor(value, 'name')?.value;
    return typeof name === 'string' && name !== '' ? `function ${name}` : 'a function';
  }
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** Throws unless `value` is a number of milliseconds that can be waited for. */
export function checkTimeout(name: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0 && value <= LONGEST) return;
  throw misuse(
    'INVALID_ARGUMENT',
    `${name} must be a number of milliseconds from 0 to ${LONGEST}, some 24 days; it is ${shown(value)}`,
  );
}

/** Throws if `options` is no object, or has a property that is none of `known`: a typo must not go unnoticed. */
export function checkOptions(name: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw misuse('INVALID_ARGUMENT', `${name} must be an object; it is ${shown(options)}`);
  }
  for (const option of Object.keys(options)) {
    if (!known.includes(option)) {
      throw misuse('UNKNOWN_OPTION', `${name} has no option ${JSON.stringify(option)}; it has ${known.join(', ')}`);
    }
  }
}

/** What a worker and a pool are registered with: a name, a limit for the clean-up, and what is there `besides`. */
export function checkTerms(
  options: { readonly name?: unknown; readonly timeout?: unknown },
  besides: readonly string[] = [],
): void {
  checkOptions('options', options, ['name', 'timeout', ...besides]);
  const { name, timeout } = options;
  if (name !== undefined && typeof name !== 'string') {
    throw misuse('INVALID_ARGUMENT', `options.name must be a string; it is ${shown(name)}`);
  }
  if (timeout !== undefined) checkTimeout('options.timeout', timeout);
}
