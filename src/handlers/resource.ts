/** A resource that disposes of itself, in place of a function. */
import { type Handler, isCallable, nameOf } from './handler.ts';
import { isServer, whenClosed } from './servers.ts';

/** What `register` takes instead of a function. */
export type Resource = Disposable | AsyncDisposable;

/** How `resource` is disposed of; asynchronously if it can be, as `await using` does. */
export function disposalOf(resource: object): Handler | undefined {
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
