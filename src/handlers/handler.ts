/** A handler: what is called at the end, and what a report calls it. */

/** A clean-up function with its arguments, as the registry keeps it. */
export interface Handler {
  readonly name: string;
  call(): unknown;
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
