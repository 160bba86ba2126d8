/** One wrapped endpoint: every call that goes over it is seen, and settled when its worker ends. */
import { MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import type * as Comlink from 'comlink';
import { process } from '../../platform.ts';
import { toError, toErrorText } from '../../report/errors.ts';
import { calls, isIdle, type Line, type Remote, refused, settleCall, type WorkerGoneError } from './calls.ts';
import { handOver, isCollected, takeBack } from './handed-out.ts';
import { isObject, type Listener, type Request, read } from './wire.ts';

const { errorMonitor } = process.getBuiltinModule('node:events');

/** If a wrapped worker hands out a proxy here, the proxy is watched. */
export function watchProxy(wireValue: unknown, remote: Remote): unknown {
  if (!isObject(wireValue) || read(wireValue, 'name') !== 'proxy') return wireValue;
  const port = read(wireValue, 'value');
  if (!(port instanceof MessagePort)) return wireValue;
  return { ...wireValue, value: watch(port, remote, () => remote.gone?.()) };
}

/** An endpoint for `Comlink.wrap`: knows its calls in flight, and rejects at once what `refuse` has an error for. */
export function watch(
  channel: Worker | MessagePort,
  remote: Remote,
  refuse: () => Error | undefined,
): Comlink.Endpoint {
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

/** Rejects what is in flight once the worker is gone. Its errors stay its owner's. */
export function watchEnd(worker: Worker, remote: Remote, name: string): void {
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

export function leave(remote: Remote, name: string, how: string, cause?: unknown): void {
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
