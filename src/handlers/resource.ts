/** A resource that disposes of itself, in place of a function. */
import { type Handler, isCallable, nameOf } from './handler.ts';
import { callOwn } from './inside-handler.ts';
import { serverHandler } from './servers.ts';

/** What `register` takes instead of a function. */
export type Resource = Disposable | AsyncDisposable;

/** How `resource` is disposed of: a server by what it needs, another one asynchronously if it can be, as `await using` does. */
export function disposalOf(resource: unknown): Handler | undefined {
  if (typeof resource !== 'object' || resource === null) return undefined;
  const server = serverHandler(resource);
  if (server) return server;
  for (const [key, label] of DISPOSERS) {
    const dispose: unknown = Reflect.get(resource, key);
    if (!isCallable(dispose)) continue;
    return {
      name: `${nameOf(classOf(resource), 'resource')}[${label}]`,
      call: () => callOwn(dispose, resource, []),
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
