/**
 * The parent process, as one that was started with an IPC channel knows it. The child says that it uses this library, and
 * listens for its order: that keeps neither side alive, and takes none of the program's messages. Nothing else happens
 * before the parent has registered it.
 */

import { now } from '../clock.ts';
import { isError, process, setTimeout, wallClock } from '../platform.ts';
import { toError } from '../report/errors.ts';
import { toOutcome, toWorkerOutcome } from '../report/outcomes.ts';
import type { ShutdownReport } from '../report/report.ts';
import type { Thread } from '../thread/parts.ts';
import { HELD, LOOK_FOR_PARENT, ownTimeOfProcess, PARENT_GONE } from '../times.ts';
import {
  type HereMessage,
  isOurs,
  isProcessOrder,
  isRegistered,
  type ProcessAckMessage,
  type ProcessOrderMessage,
  tagged,
} from '../wire/ipc.ts';
import { exitProcess } from './ending.ts';

function createParent(thread: Thread): { hear(message: unknown): void } {
  const pid = process.ppid;
  let isWatched = false;
  /** Listeners of signals wait for the order. */
  let isHeld = false;
  /** When the order was read. */
  let readAt: number | undefined;
  /** Settles once the last ack is written. */
  let sent: Promise<unknown> = Promise.resolve();

  const send = (message: HereMessage | ProcessAckMessage): Promise<unknown> =>
    new Promise((resolve) => {
      if (process.connected) process.send?.(message, resolve);
      else resolve(undefined);
    });

  function ack({ stages, handlers, workers }: ShutdownReport): void {
    const drained = stages.flatMap((stage) => stage.handlers ?? []);
    sent = send({
      ...tagged,
      type: 'ack',
      readAt,
      handlers: [
        ...drained.map((handler) => ({ ...toOutcome(handler), stage: 'drain' as const })),
        ...handlers.map(toOutcome),
      ],
      workers: workers.map(toWorkerOutcome),
    });
  }

  /** Ends this process, as far as it is not ending already: an order, a signal and a lost parent are one shutdown. */
  function end(route: 'message' | 'disconnect', signal: NodeJS.Signals, timeout?: number): void {
    if (thread.state === 'running' && !thread.isUsed() && !isHeld) {
      // Nothing is registered here: the program itself, or the system, knows best what a signal does.
      process.kill(process.pid, signal);
      return;
    }
    thread.use();
    process.exitCode ??= 0;
    thread.ending ??= {};
    const over = thread.shutDown({ reason: { route, exitCode: 0 }, timeout });
    if (timeout !== undefined) thread.shorten(timeout);
    over.then(() => sent).then(exitProcess);
  }

  function obey({ timeout, sentAt, signal }: ProcessOrderMessage): void {
    readAt ??= now();
    const onItsWay = Math.max(0, wallClock() - sentAt);
    end('message', signal, ownTimeOfProcess(Math.max(0, timeout - onItsWay)));
  }

  /** Whoever has started this process is gone: then it has another parent. Windows keeps the old one's id. */
  function isGone(): boolean {
    if (process.ppid !== pid) return true;
    try {
      return !process.kill(pid, 0);
    } catch (error) {
      return isError(error) && 'code' in error && error.code === 'ESRCH';
    }
  }

  /** The channel may have been closed on purpose, by either side: then the parent is still there a while later. */
  function lookForParent(until: number): void {
    if (isGone()) end('disconnect', 'SIGTERM');
    else if (wallClock() < until) setTimeout(lookForParent, LOOK_FOR_PARENT, until).unref();
  }

  function onDisconnect(): void {
    const worker: unknown = Reflect.get(process.getBuiltinModule('node:cluster'), 'worker');
    if (typeof worker !== 'object' || worker === null) lookForParent(wallClock() + PARENT_GONE);
    else if (Reflect.get(worker, 'exitedAfterDisconnect') !== true) {
      // Nobody has asked for it, so the primary is gone. Without this Node would exit right after this listener.
      Reflect.set(worker, 'exitedAfterDisconnect', true);
      end('disconnect', 'SIGTERM');
    }
  }

  /** A listener for this event would keep the process alive: Node counts it, and is told that it does not count. */
  function watch(): void {
    const { channel } = process;
    const uncount: unknown = channel && Reflect.get(channel, 'unrefCounted');
    if (isWatched || !channel || typeof uncount !== 'function') return;
    isWatched = true;
    process.prependListener('disconnect', onDisconnect);
    Reflect.apply(uncount, channel, []);
  }

  /**
   * A listener of a signal that would end this process by itself is called only if no order comes. Its signal may be one
   * for the whole group, or forwarded, and the parent knows better when it is time.
   */
  function hold(text: string): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const held = process.listeners(signal).filter((listener) => String(listener).includes(text));
      if (held.length === 0) continue;
      isHeld = true;
      const wait = (): void => {
        const call = (): void => {
          if (thread.state === 'running') for (const listener of held) listener(signal);
        };
        setTimeout(call, HELD).unref();
      };
      // In this order: a signal that has come when its only listener is taken away is lost.
      process.on(signal, wait);
      for (const listener of held) process.off(signal, listener);
    }
  }

  thread.onEnd(ack);

  return {
    hear(message) {
      if (isRegistered(message)) {
        void send({ ...tagged, type: 'here' });
        watch();
        thread.rehearse();
        if (message.holds !== undefined) hold(message.holds);
      } else if (isProcessOrder(message)) obey(message);
      else
        thread.log(
          'a message of the parent process was dropped: it is of another version of worker-atexit, or damaged',
        );
    },
  };
}

export function listenToParent(thread: Thread): void {
  if (!thread.isMain || process.send === undefined || 'Bun' in globalThis || 'Deno' in globalThis) return;
  let parent: ReturnType<typeof createParent> | undefined;
  const emitter: NodeJS.EventEmitter = process;
  emitter.on('internalMessage', (message: unknown) => {
    if (!isOurs(message)) return;
    parent ??= createParent(thread);
    try {
      parent.hear(message);
    } catch (thrown) {
      thread.log(`the parent process cannot be obeyed: ${toError(thrown).message}`);
    }
  });
  // It may be that nobody listens. An error that nobody is told of would be emitted as an event.
  process.send({ ...tagged, type: 'here' } satisfies HereMessage, () => {});
}
