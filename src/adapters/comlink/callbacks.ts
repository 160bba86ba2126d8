/** The callbacks that a program hands to a worker by `proxy()`: they are given back when the worker is gone. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import * as Comlink from 'comlink';
import type { Remote } from './calls.ts';
import { handOver, holders, keepTrack } from './handed-out.ts';
import { watchProxy } from './line.ts';
import { hear, isObject, type Listener, read } from './wire.ts';

/**
 * Comlink's way to hand out an object, except that it is known to whom: what a wrapped worker passes to it as an argument
 * is watched. For everybody else it is the same.
 */
function serialize(object: unknown): [MessagePort, MessagePort[]] {
  const { port1, port2 } = new MessageChannel();
  const holder: { remote: Remote | undefined } = { remote: undefined };
  holders.set(port2, holder);

  const answer = (message: unknown, transfer: readonly MessagePort[] = []): void => {
    handOver(transfer, holder.remote);
    port1.postMessage(message, transfer);
  };

  function watchArguments(request: unknown): unknown {
    const { remote } = holder;
    const args = read(request, 'argumentList');
    if (!remote || !isObject(request) || !Array.isArray(args)) return request;
    return { ...request, argumentList: args.map((wireValue) => watchProxy(wireValue, remote)) };
  }

  Comlink.expose(object, {
    postMessage: answer,
    addEventListener: (_type: string, listener: Listener) =>
      void port1.on('message', (request) => hear(listener, watchArguments(request), answer)),
    // Comlink does that when the object is released, and would then close the port, if this were one.
    removeEventListener: () => port1.close(),
  });
  return [port2, [port2]];
}

/** A program that has a handler of its own for proxies keeps it. */
export function installHandler(): void {
  if (!own || Comlink.transferHandlers.get('proxy') !== own) return;
  Comlink.transferHandlers.set('proxy', {
    ...own,
    serialize,
    deserialize: (endpoint: Comlink.Endpoint) => keepTrack(endpoint, own.deserialize(endpoint) as object),
  });
}

const own = Comlink.transferHandlers.get('proxy');
