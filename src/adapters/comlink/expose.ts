/** The worker's side of Comlink: what it exposes is disposed of once, on release or at the end of its thread. */
import threads, { MessagePort } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { behind, misuse, shown } from '../../misuse.ts';
import { toError, toErrorText } from '../../report/errors.ts';
import { instance } from '../adapter.ts';
import { hear, isObject, type Listener, read } from './wire.ts';

/** What is to be done when an object is exposed no more. */
interface Exposure {
  /** How many endpoints it is exposed on. */
  count: number;
  /** Disposes of it, once. Undefined if there is no way to. */
  readonly cleanUp: (() => unknown) | undefined;
}

const exposures = new WeakMap<object, Exposure>();

/** How `api` is disposed of: asynchronously if it can be, as `await using` does. */
function createCleanUp(api: object): (() => unknown) | undefined {
  const ways = {
    'Symbol.asyncDispose': Symbol.asyncDispose,
    'Symbol.dispose': Symbol.dispose,
    finalizer: Comlink.finalizer,
  };
  for (const [way, key] of Object.entries(ways)) {
    const dispose: unknown = Reflect.get(api, key);
    if (typeof dispose !== 'function') continue;
    let disposed: { value: unknown } | undefined;
    const cleanUp = (): unknown => {
      if (disposed) return disposed.value;
      // Before the call, so that what throws is not called again.
      disposed = { value: undefined };
      disposed.value = Reflect.apply(dispose, api, []);
      return disposed.value;
    };
    const name = api.constructor?.name || 'api';
    return Object.defineProperty(cleanUp, 'name', { value: `${name}[${way}]` });
  }
  return undefined;
}

function exposureOf(api: object): Exposure {
  const known = exposures.get(api);
  if (known) return known;
  const exposure: Exposure = { count: 0, cleanUp: createCleanUp(api) };
  if (exposure.cleanUp) instance().register(exposure.cleanUp, []);
  exposures.set(api, exposure);
  return exposure;
}

/** One that has run is still registered while it does: a shutdown that begins meanwhile waits for it. */
async function release(exposure: Exposure): Promise<void> {
  exposure.count--;
  const { count, cleanUp } = exposure;
  if (count > 0 || !cleanUp) return;
  const library = instance();
  try {
    await cleanUp();
  } catch (thrown) {
    // In a shutdown it is one of the handlers, and told of as such.
    if (!library.isShuttingDown()) library.log(`handler ${cleanUp.name} failed: ${toErrorText(toError(thrown)).stack}`);
  } finally {
    library.unregister(cleanUp);
  }
}

/** Comlink on one endpoint, but for the two requests that concern more than that one. */
function exposeOn(endpoint: Comlink.Endpoint, api: object, exposure: Exposure): void {
  exposure.count++;
  let comlink: Listener = () => {};
  let released = false;

  function end(): void {
    if (released) return;
    released = true;
    endpoint.removeEventListener('message', receive);
    // As Comlink does. The port to the parent is the thread's, and not closed.
    if (endpoint instanceof MessagePort && endpoint !== threads.parentPort) endpoint.close();
    release(exposure);
  }

  function receive({ data }: { readonly data: unknown }): void {
    const id = read(data, 'id');
    const type = read(data, 'type');
    if (type === 'RELEASE') {
      endpoint.postMessage({ id, type: 'RAW', value: undefined });
      end();
    } else if (type === 'ENDPOINT') {
      const { port1, port2 } = new MessageChannel();
      exposeOn(port2, api, exposure);
      endpoint.postMessage({ id, type: 'RAW', value: port1 }, [port1]);
    } else hear(comlink, data, (message) => endpoint.postMessage(message));
  }

  Comlink.expose(api, {
    postMessage: endpoint.postMessage.bind(endpoint),
    addEventListener(type: string, listener: Listener) {
      comlink = listener;
      endpoint.addEventListener(type, receive);
    },
    removeEventListener() {},
    start: () => endpoint.start?.(),
  });
  // A port whose holder has ended is never released.
  if (endpoint instanceof MessagePort) endpoint.once('close', end);
}

/**
 * `Comlink.expose`, in a worker by default to its parent. If `api` has `[Symbol.asyncDispose]`, `[Symbol.dispose]` or
 * `[Comlink.finalizer]`, the first of these is this thread's handler. It runs exactly once: with the others when the
 * thread ends, or as soon as the last proxy, `createEndpoint`'s included, is released. On a synchronous route it is called
 * and not waited for, as every handler.
 *
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` for what is neither object nor function, and on the main thread
 * without an `endpoint`.
 */
export function expose(api: object, endpoint: Comlink.Endpoint | null = threads.parentPort): void {
  const given = behind(expose, () => {
    if (!isObject(api) && typeof api !== 'function') {
      throw misuse('INVALID_ARGUMENT', `api must be an object or a function; it is ${shown(api)}`);
    }
    if (endpoint !== null) return endpoint;
    throw misuse('INVALID_ARGUMENT', 'endpoint must be given on the main thread, which has no parentPort');
  });
  exposeOn(given, api, exposureOf(api));
}
