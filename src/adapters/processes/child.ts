/** One child process as its parent knows it: what it is told, what it says, and how it ends. */
import { ChildProcess } from 'node:child_process';
import { now } from '../../clock.ts';
import { process, wallClock } from '../../platform.ts';
import type { WorkerReport } from '../../report/report.ts';
import type { ChildOrder } from '../../thread/others.ts';
import {
  isHere,
  isOurs,
  isProcessAck,
  type ProcessOrderMessage,
  type RegisteredMessage,
  tagged,
} from '../../wire/ipc.ts';
import { createReader } from './channel.ts';
import { lookForEnd } from './ended.ts';
import { createFacts, reportsOf } from './reported.ts';

export interface ChildTerms {
  readonly name: string;
  /** ms that it may take to end, at most. */
  readonly timeout?: number | undefined;
  readonly signal: NodeJS.Signals;
  /** Part of the text of those of its listeners of signals that an order replaces. */
  readonly holds?: string | undefined;
  /** It is told to shut down. */
  readonly onOrdered?: (() => void) | undefined;
}

export interface Child {
  readonly process: ChildProcess;
  terms: ChildTerms;
  /** Whether it is waited for no longer: it has ended, and said all that it had to say. */
  isThrough(): boolean;
  /** Tells it to shut down, by a message if it listens, or else by its signal. Returns until when it has. */
  order(order: ChildOrder): number;
  isOrdered(): boolean;
  /** Tells it once more, by its signal. */
  signal(): void;
  /** Where no event loop turns: looks whether it has ended. */
  look(): void;
  /** Ends it, unless it has ended. True if it had not. */
  kill(): boolean;
  report(): WorkerReport[];
  /** Takes all listeners away. */
  forget(): void;
}

interface ChildListeners {
  /** It is through. */
  onThrough(): void;
  log(message: string): void;
}

/** There a child's own `kill()` closes its channel, and sends one signal only. */
const isDeno = 'Deno' in globalThis;

function killById(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    // It is gone by now.
    return false;
  }
}

export function createChild(child: ChildProcess, terms: ChildTerms, { onThrough, log }: ChildListeners): Child {
  const pid = child.pid ?? 0;
  const facts = createFacts();
  let isSignalled = false;
  let isWarned = false;
  let read: (() => void) | undefined;

  /** What an execa process calls `kill` has a meaning of its own. */
  const kill = (signal: NodeJS.Signals): boolean =>
    isDeno ? killById(pid, signal) : ChildProcess.prototype.kill.call(child, signal);

  // What a dead process has sent is still read.
  const isThrough = (): boolean =>
    facts.end !== undefined && (facts.ack !== undefined || facts.isSeen || !child.connected);

  const tell = (): void => {
    if (isThrough()) onThrough();
  };

  function onMessage(message: unknown): void {
    if (isHere(message)) {
      // What it was told before it loaded the library, nobody has heard.
      if (!facts.listens) register();
      facts.listens = true;
    } else if (isProcessAck(message)) facts.ack = message;
    else if (isOurs(message) && !isWarned) {
      isWarned = true;
      log(`a message of ${self.terms.name} ${pid} was dropped: it is of another version of worker-atexit, or damaged`);
    }
    if (facts.end) tell();
  }

  function onExit(code: number | null, signal: NodeJS.Signals | null): void {
    facts.end = { code, signal };
    facts.endedAt = now();
    tell();
  }

  function onDisconnect(): void {
    // It may have closed its channel before its order was there. If not, the signal is the same order once more.
    if (facts.orderedAt !== undefined && !facts.ack) signalOnce();
    tell();
  }

  function signalOnce(): void {
    if (isSignalled || facts.end) return;
    isSignalled = true;
    kill(self.terms.signal);
  }

  const send = (message: RegisteredMessage | ProcessOrderMessage): void =>
    void child.send(message, (error) => {
      if (error !== null && message.type === 'order') signalOnce();
    });

  const emitter: NodeJS.EventEmitter = child;
  emitter.on('internalMessage', onMessage);
  emitter.on('exit', onExit);
  emitter.on('disconnect', onDisconnect);
  const register = (): void => send({ ...tagged, type: 'registered', holds: self.terms.holds });

  const self: Child = {
    process: child,
    terms,
    isThrough,
    isOrdered: () => facts.orderedAt !== undefined,
    signal: signalOnce,

    order({ reason, until: all }) {
      facts.reason = reason;
      facts.orderedAt ??= now();
      self.terms.onOrdered?.();
      const until = Math.min(all, now() + (self.terms.timeout ?? Number.POSITIVE_INFINITY));
      if (facts.end) return until;
      if (child.connected) {
        const timeout = Math.max(0, until - now());
        send({ ...tagged, type: 'order', reason, timeout, signal: self.terms.signal, sentAt: wallClock() });
      }
      if (!child.connected || !facts.listens) signalOnce();
      return until;
    },

    look() {
      if (facts.end) return;
      // Bun, and Node on Windows, have no descriptor for it: then nothing is read.
      read ??= createReader(Number(child.channel && Reflect.get(child.channel, 'fd')), onMessage);
      read();
      facts.end = lookForEnd(pid);
      if (!facts.end) return;
      facts.endedAt = now();
      facts.isSeen = true;
      read();
    },

    kill() {
      if (facts.end) return false;
      facts.givenUp ??= now() - (facts.orderedAt ?? now());
      kill('SIGKILL');
      return true;
    },

    report: () => reportsOf(facts, pid, self.terms.name, self.terms.signal),

    forget() {
      emitter.off('internalMessage', onMessage);
      emitter.off('exit', onExit);
      emitter.off('disconnect', onDisconnect);
    },
  };
  if (child.connected) register();
  return self;
}
