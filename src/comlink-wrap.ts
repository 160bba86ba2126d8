/**
 * The parent's side of Comlink: an endpoint that knows which of its calls are in flight, and answers them in the worker's
 * stead once that is gone. The proxies that the worker hands out get such endpoints as well.
 */
import { MessageChannel, MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { instance } from './adapter.ts';
import { hear, isObject, type Listener, type Request, read } from './comlink-wire.ts';
import { type ShutdownError, toError, toErrorText } from './errors.ts';
import type { WorkerOptions } from './instance.ts';
import type { Pool } from './pools.ts';

const { errorMonitor } = process.getBuiltinModule('node:events');

/** What is rejected with it was asked of a worker that has ended. Its `cause` is the worker's error, or the shutdown. */
export interface WorkerGoneError extends Error {
  readonly code: 'ERR_WORKER_ATEXIT_WORKER_GONE';
}

/** A worker that was wrapped. */
interface Remote {
  /** Makes the error that a call is rejected with. Undefined while the worker is there. */
  gone: (() => WorkerGoneError) | undefined;
}

/** One end of a conversation with a worker: its own, or that of a proxy that it has handed out. */
interface Line {
  readonly remote: Remote;
  /** Takes what has arrived, without the event loop. */
  readAll(): void;
  /** Answers in the worker's stead. */
  reject(id: string, error: Error): void;
  /** Releases the other end. Defined while that waits for the calls in flight. */
  release: (() => void) | undefined;
}

/** The calls in flight, by their ids, which Comlink makes unique. */
const calls = new Map<string, Line>();
let settle = (): void => {};

/** What new calls are rejected with. It holds for one shutdown, and so for one signal. */
let refusal: { readonly error: ShutdownError; readonly signal: AbortSignal } | undefined;
const refused = (): ShutdownError | undefined => (refusal?.signal === instance().signal ? refusal.error : undefined);

/** One pool for all workers that were wrapped, so that nothing is left of those that are gone. */
const pool: Pool = {
  adopt() {},

  refuse(error) {
    refusal = { error, signal: instance().signal };
  },

  idle() {
    // Where the event loop has run empty, the workers that these calls are for were not to keep the process.
    if (calls.size === 0 || refusal?.error.route === 'beforeExit') return undefined;
    return new Promise((resolve) => {
      settle = resolve;
    });
  },

  wake: () => undefined,

  // The workers are registered, and ended as such.
  async end() {},
};

const isIdle = (line: Line): boolean => ![...calls.values()].includes(line);

/** Takes a call out; false if there is none of that id on this line. */
function settleCall(id: unknown, line: Line): id is string {
  if (typeof id !== 'string' || calls.get(id) !== line) return false;
  calls.delete(id);
  if (line.release && isIdle(line)) line.release();
  if (calls.size === 0) settle();
  return true;
}

/** Comlink's first proxy for each endpoint, which is not kept by it. */
const proxies = new WeakMap<Comlink.Endpoint, WeakRef<object>>();

function keepTrack<P extends object>(endpoint: Comlink.Endpoint, proxy: P): P {
  proxies.set(endpoint, new WeakRef(proxy));
  return proxy;
}

/** Whether nobody has a proxy for it any more. Comlink releases it then, as when it is asked to. */
function isCollected(endpoint: Comlink.Endpoint): boolean {
  const proxy = proxies.get(endpoint);
  return proxy !== undefined && proxy.deref() === undefined;
}

/** Who has what this thread has handed out, by the port that was sent. */
const holders = new WeakMap<object, { remote: Remote | undefined }>();

function handOver(transfer: readonly object[], remote: Remote | undefined): void {
  for (const port of transfer) {
    const holder = holders.get(port);
    if (holder) holder.remote = remote;
  }
}

/** Nobody will get what was to be handed out. Left open, its other end would keep this thread alive. */
function takeBack(transfer: readonly object[]): void {
  for (const port of transfer) if (holders.has(port) && port instanceof MessagePort) port.close();
}

/** If a wrapped worker hands out a proxy here, the proxy is watched. */
function watchProxy(wireValue: unknown, remote: Remote): unknown {
  if (!isObject(wireValue) || read(wireValue, 'name') !== 'proxy') return wireValue;
  const port = read(wireValue, 'value');
  if (!(port instanceof MessagePort)) return wireValue;
  return { ...wireValue, value: watch(port, remote, () => remote.gone?.()) };
}

/** An endpoint for `Comlink.wrap`: knows its calls in flight, and rejects at once what `refuse` has an error for. */
function watch(channel: Worker | MessagePort, remote: Remote, refuse: () => Error | undefined): Comlink.Endpoint {
  let listener: Listener = () => {};

  const line: Line = {
    remote,
    release: undefined,

    readAll() {
      // A Worker's own messages come before its 'exit' event.
      if (!(channel instanceof MessagePort)) return;
      const next = (): { message: unknown } | undefined => receiveMessageOnPort(channel);
      for (let received = next(); received !== undefined; received = next()) receive(received.message);
    },

    reject(id, error) {
      // What is not said to be an error is thrown as it is: the error itself, with its code and its cause.
      listener({ data: { id, type: 'HANDLER', name: 'throw', value: { isError: false, value: error } } });
    },
  };

  /** Others may use the same channel: what answers none of these calls is not for this end. */
  function receive(message: unknown): void {
    if (settleCall(read(message, 'id'), line)) listener({ data: watchProxy(message, remote) });
  }

  const endpoint: Comlink.Endpoint = {
    postMessage(request: Request, transfer: readonly MessagePort[] = []) {
      const { id, type } = request;
      if (type === 'RELEASE') {
        const release = (): void => channel.postMessage(request);
        if (isCollected(endpoint) && !isIdle(line)) {
          // Its callers still await their answers, which the other end would not send once it is released.
          line.release = release;
          return;
        }
        // From now on Comlink takes no answer to these.
        for (const open of calls.keys()) settleCall(open, line);
        release();
        return;
      }
      const error = refuse();
      if (error) {
        takeBack(transfer);
        // Nobody can get hold of the promise of an assignment, and so nobody could handle its rejection.
        if (type !== 'SET') line.reject(id, error);
        return;
      }
      try {
        channel.postMessage(request, transfer);
      } catch (uncloned) {
        takeBack(transfer);
        throw uncloned;
      }
      handOver(transfer, remote);
      calls.set(id, line);
    },

    addEventListener(_type: string, added: Listener) {
      listener = added;
      channel.on('message', receive);
    },

    removeEventListener() {
      channel.off('message', receive);
    },

    // A port starts when it is listened to; but Comlink calls this.
    start() {},
  };
  return endpoint;
}

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
function installHandler(): void {
  if (!own || Comlink.transferHandlers.get('proxy') !== own) return;
  Comlink.transferHandlers.set('proxy', {
    ...own,
    serialize,
    deserialize: (endpoint: Comlink.Endpoint) => keepTrack(endpoint, own.deserialize(endpoint) as object),
  });
}

const own = Comlink.transferHandlers.get('proxy');

/** Rejects what is in flight once the worker is gone. Its errors stay its owner's. */
function watchEnd(worker: Worker, remote: Remote, name: string): void {
  let crash: { readonly error: unknown } | undefined;
  worker.once(errorMonitor, (error: unknown) => {
    crash = { error };
  });
  worker.once('exit', (code) => {
    const shutdown = refused();
    if (crash) leave(remote, name, `it ended by ${describe(crash.error)}`, crash.error);
    else leave(remote, name, `it ended with exit code ${code}${shutdown ? ' in a shutdown' : ''}`, shutdown);
  });
}

function describe(thrown: unknown): string {
  const { name, message } = toErrorText(toError(thrown));
  return `${name}: ${message}`;
}

function leave(remote: Remote, name: string, how: string, cause?: unknown): void {
  const gone = (): WorkerGoneError =>
    Object.assign(new Error(`${name} is gone: ${how}`, cause === undefined ? {} : { cause }), {
      code: 'ERR_WORKER_ATEXIT_WORKER_GONE' as const,
    });
  remote.gone = gone;
  const open = [...calls].filter(([, line]) => line.remote === remote);
  // Its last words may still be on their way.
  for (const line of new Set(open.map(([, line]) => line))) line.readAll();
  for (const [id, line] of open) if (settleCall(id, line)) line.reject(id, gone());
}

/**
 * `Comlink.wrap` for a Worker that this thread has made, registered as by `registerWorker`. At the drain stage calls in
 * flight finish; a later one is rejected with the `ShutdownError`, also from a handler: what is to be asked of a worker at
 * the end is for `onDrain(remote.flush)`, or a handler in the worker. Once the worker is gone, in whatever way, each call
 * on it and on the proxies that it has handed out is rejected with a {@link WorkerGoneError}: those in flight, and all
 * that follow. On a synchronous route no promise settles any more, here as everywhere. A call is answered although its
 * proxy is collected meanwhile, where Comlink's own never settles (comlink#692).
 *
 * A callback that the worker hands out may be a handler: `register(await remote.getCallback())`. It runs in that worker,
 * which has cleaned up by then and is still there. On a synchronous route it is called and not waited for, and may not
 * get through before the process is gone.
 *
 * @throws TypeError `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` if it is no Worker, `ERR_WORKER_ATEXIT_UNKNOWN_OPTION`.
 */
export function wrap<T>(worker: Worker, options: WorkerOptions = {}): Comlink.Remote<T> {
  const library = instance();
  library.registerWorker(worker, options);
  library.addPool(pool, pool);
  installHandler();
  const remote: Remote = { gone: undefined };
  const { name = 'worker' } = options;
  const { threadId } = worker;
  if (threadId === -1) leave(remote, name, 'it had ended before it was wrapped');
  else watchEnd(worker, remote, `${name} ${threadId}`);
  const endpoint = watch(worker, remote, () => remote.gone?.() ?? refused());
  return keepTrack(endpoint, Comlink.wrap<T>(endpoint));
}
