/** A handler: what is called at the end, and what a report calls it. */

/** The shutdown that calls a handler, as far as one has to know. */
export interface Occasion {
  /** No event loop turns any more: nothing can be waited for. */
  readonly sync: boolean;
  /** ms that a drain's `delay` may take. */
  readonly delay: number;
  /** Adds a line to the report. */
  note(line: string): void;
}

/** A clean-up function with its arguments, as the registry keeps it. */
export interface Handler {
  readonly name: string;
  call(occasion?: Occasion): unknown;
  /** ms for which a drain goes on serving before it begins to close. They are added to the timeout. */
  readonly delay?: number;
  /** Its time is up, or nothing can be waited for any more: ends what it waits for. Returns what was lost by that. */
  cut?(): Error | undefined;
  /** It was unregistered. */
  forget?(): void;
}

export type Callable = (this: unknown, ...args: unknown[]) => unknown;

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
