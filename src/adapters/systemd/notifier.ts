/**
 * How datagrams get to systemd. Node has no sockets for them, so they go by the package `unix-dgram` where that is installed, and
 * else by the program `systemd-notify`, one after the other: the order is what they mean.
 */
import { now } from '../../clock.ts';
import { isCallable } from '../../handlers/handler.ts';
import { process } from '../../platform.ts';
import { HANDED_ON } from '../../times.ts';

export interface Notify {
  /** Sends them as one message. */
  send(...lines: readonly string[]): void;
  /** Sends them before it returns: the process ends after that. */
  sendNow(...lines: readonly string[]): void;
}

const COMMAND = 'systemd-notify';

export function createNotifier(path: string): Notify {
  // An abstract socket begins with a zero byte, which that package takes for the end of the path.
  return (path.startsWith('@') ? undefined : bySocket(path)) ?? byCommand();
}

/** Sends at once, without waiting. */
function bySocket(path: string): Notify | undefined {
  let createSocket: unknown;
  try {
    const load = process.getBuiltinModule('node:module').createRequire(import.meta.url);
    createSocket = Reflect.get(load('unix-dgram'), 'createSocket');
  } catch {
    return undefined;
  }
  if (!isCallable(createSocket)) return undefined;
  const create = createSocket;

  /** One socket a message: an open one would keep the process alive. */
  function send(...lines: readonly string[]): void {
    try {
      const socket: unknown = create('unix_dgram');
      const call = (method: string, ...args: readonly unknown[]): void => {
        const called: unknown = Reflect.get(Object(socket), method);
        if (isCallable(called)) Reflect.apply(called, socket, args);
      };
      const bytes = Buffer.from(lines.join('\n'));
      call('on', 'error', () => {});
      call('send', bytes, 0, bytes.length, path, () => {});
      call('close');
    } catch {
      // Nobody listens there any more, and nothing is lost by that.
    }
  }
  return { send, sendNow: send };
}

const variablesOf = (lines: readonly string[]): string => lines.map((line) => line.split('=', 1)).join();

function byCommand(): Notify {
  const { execFile, spawnSync } = process.getBuiltinModule('node:child_process');
  /** What is still to be sent, the oldest first. Where nobody reads it grows no longer: what is newer takes the place of its like. */
  const waiting: (readonly string[])[] = [];
  let isSending = false;

  function next(): void {
    const lines = waiting.shift();
    isSending = lines !== undefined;
    if (!lines) return;
    const child = execFile(COMMAND, ['--no-block', ...lines], { timeout: HANDED_ON }, next);
    child.unref();
  }

  return {
    send(...lines) {
      const last = waiting.at(-1);
      if (last && variablesOf(last) === variablesOf(lines)) waiting.pop();
      waiting.push(lines);
      if (!isSending) next();
    },

    sendNow(...lines) {
      const until = now() + HANDED_ON;
      for (const each of [...waiting.splice(0), lines]) {
        const timeout = Math.ceil(until - now());
        // Nobody has read the one before: the process is to end all the same.
        if (timeout <= 0) return;
        spawnSync(COMMAND, ['--no-block', ...each], { timeout, stdio: 'ignore' });
      }
    },
  };
}
