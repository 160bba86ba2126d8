/**
 * A program may change how arrays are iterated over; what the library does at the end of a thread is not to depend on that. It
 * is as it was when the library was loaded while `act` runs, and as the program has made it after that.
 */
import { home, iterate } from './platform.ts';

const { iterator } = Symbol;

export function asKept<T>(act: () => T): T {
  const owner = home.Array.prototype;
  if (Reflect.get(owner, iterator) === iterate) return act();
  const changed = Object.getOwnPropertyDescriptor(owner, iterator);
  const put = (descriptor: PropertyDescriptor): void => void Reflect.defineProperty(owner, iterator, descriptor);
  put({ value: iterate, configurable: true, writable: true, enumerable: false });
  try {
    return act();
  } finally {
    if (changed) put(changed);
    else Reflect.deleteProperty(owner, iterator);
  }
}
