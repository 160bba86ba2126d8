/** The proxies that were handed out, and who holds them on the other side. */
import { MessagePort } from 'node:worker_threads';
import type * as Comlink from 'comlink';
import type { Remote } from './calls.ts';

/** Comlink's first proxy for each endpoint, which is not kept by it. */
const proxies = new WeakMap<Comlink.Endpoint, WeakRef<object>>();

export function keepTrack<P extends object>(endpoint: Comlink.Endpoint, proxy: P): P {
  proxies.set(endpoint, new WeakRef(proxy));
  return proxy;
}

/** Whether nobody has a proxy for it any more. Comlink releases it then, as when it is asked to. */
export function isCollected(endpoint: Comlink.Endpoint): boolean {
  const proxy = proxies.get(endpoint);
  return proxy !== undefined && proxy.deref() === undefined;
}

/** Who has what this thread has handed out, by the port that was sent. */
export const holders = new WeakMap<object, { remote: Remote | undefined }>();

export function handOver(transfer: readonly object[], remote: Remote | undefined): void {
  for (const port of transfer) {
    const holder = holders.get(port);
    if (holder) holder.remote = remote;
  }
}

/** Nobody will get what was to be handed out. Left open, its other end would keep this thread alive. */
export function takeBack(transfer: readonly object[]): void {
  for (const port of transfer) if (holders.has(port) && port instanceof MessagePort) port.close();
}
