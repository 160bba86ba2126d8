/** One child process as its parent knows it: what it was told, what it said, how it ended, and what is reported of it. */
import { ChildProcess } from 'node:child_process';
import { now } from '../../clock.ts';
import { wallClock } from '../../platform.ts';
import { fromOutcome, fromWorkerOutcome } from '../../report/outcomes.ts';
import { isCleanHandler, type WorkerReport } from '../../report/report.ts';
import type { ChildOrder } from '../../thread/others.ts';
import {
  isHere,
  isOurs,
  isProcessAck,
  type ProcessAckMessage,
  type ProcessOrderMessage,
  type RegisteredMessage,
  tagged,
} from '../../wire/ipc.ts';
import { createReader } from './channel.ts';
import { describeEnd, type End, isExpected, lookForEnd } from './ended.ts';

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

export function createChild(child: ChildProcess, terms: ChildTerms, { onThrough, log }: ChildListeners): Child {
  const pid = child.pid ?? 0;
  /** It uses this library, and takes orders. */
  let listens = false;
  let ack: ProcessAckMessage | undefined;
  let end: End | undefined;
  /** No event loop has told of its end. */
  let isSeen = false;
  let reason: ChildOrder['reason'] | undefined;
  let orderedAt: number | undefined;
  let endedAt: number | undefined;
  let isSignalled = false;
  /** Set when it was killed: how many ms it had had. */
  let givenUp: number | undefined;
  let isWarned = false;
  let read: (() => void) | undefined;

  /** What an execa process calls `kill` has a meaning of its own. */
  const kill = (signal: NodeJS.Signals): boolean => ChildProcess.prototype.kill.call(child, signal);

  // What a dead process has sent is still read.
  const isThrough = (): boolean => end !== undefined && (ack !== undefined || isSeen || !child.connected);

  const tell = (): void => {
    if (isThrough()) onThrough();
  };

  function onMessage(message: unknown): void {
    if (isHere(message)) {
      // What it was told before it loaded the library, nobody has heard.
      if (!listens) register();
      listens = true;
    } else if (isProcessAck(message)) ack = message;
    else if (isOurs(message) && !isWarned) {
      isWarned = true;
      log(`a message of ${self.terms.name} ${pid} was dropped: it is of another version of worker-atexit, or damaged`);
    }
    if (end) tell();
  }

  function onExit(code: number | null, signal: NodeJS.Signals | null): void {
    end = { code, signal };
    endedAt = now();
    tell();
  }

  function signalOnce(): void {
    if (isSignalled || end) return;
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
  emitter.on('disconnect', tell);
  const register = (): void => send({ ...tagged, type: 'registered', holds: self.terms.holds });

  function statusOf(): Pick<WorkerReport, 'status' | 'diagnosis' | 'handlers'> {
    const handlers = ack?.handlers.map(fromOutcome) ?? [];
    if (givenUp !== undefined || end === undefined) {
      const had = `after ${Math.round(givenUp ?? 0)} ms`;
      const diagnosis = ack ? `acked, and had not ended ${had}` : `had not ended ${had}`;
      return { status: 'timed-out', diagnosis: `${diagnosis}: killed`, handlers };
    }
    const { signal } = self.terms;
    const expected = isExpected(end, reason?.signal ? [signal, reason.signal] : [signal]);
    if (ack && (expected || end.signal === null)) {
      return { status: handlers.every(isCleanHandler) ? 'acked' : 'failed', handlers };
    }
    const diagnosis = describeEnd(end);
    if (ack) return { status: 'lost', diagnosis: `acked, then ${diagnosis}`, handlers };
    if (!isSeen || !listens) return { status: expected ? 'unlinked' : 'lost', diagnosis, handlers };
    // The exit code tells, where the ack could not be read.
    return { status: end.code === 0 ? 'acked' : 'failed', diagnosis: `${diagnosis}; its ack was not read`, handlers };
  }

  const self: Child = {
    process: child,
    terms,
    isThrough,
    isOrdered: () => orderedAt !== undefined,
    signal: signalOnce,

    order(order) {
      reason = order.reason;
      orderedAt ??= now();
      self.terms.onOrdered?.();
      const until = Math.min(order.until, now() + (self.terms.timeout ?? Number.POSITIVE_INFINITY));
      if (end) return until;
      if (child.connected) {
        const timeout = Math.max(0, until - now());
        send({ ...tagged, type: 'order', reason, timeout, signal: self.terms.signal, sentAt: wallClock() });
      }
      if (!child.connected || !listens) signalOnce();
      return until;
    },

    look() {
      if (end) return;
      // Bun, and Node on Windows, have no descriptor for it: then nothing is read.
      read ??= createReader(Number(child.channel && Reflect.get(child.channel, 'fd')), onMessage);
      read();
      end = lookForEnd(pid);
      if (!end) return;
      endedAt = now();
      isSeen = true;
      read();
    },

    kill() {
      if (end) return false;
      givenUp ??= now() - (orderedAt ?? now());
      kill('SIGKILL');
      return true;
    },

    report() {
      const own: WorkerReport = {
        threadId: 0,
        pid,
        path: [pid],
        name: `${self.terms.name} ${pid}`,
        ...(orderedAt !== undefined && endedAt !== undefined && { ackMs: Math.max(0, endedAt - orderedAt) }),
        ...(orderedAt !== undefined && { orderedAt }),
        ...statusOf(),
      };
      const below = ack?.workers.map(fromWorkerOutcome) ?? [];
      return [own, ...below.map((worker) => ({ ...worker, pid: worker.pid ?? pid, path: [pid, ...worker.path] }))];
    },

    forget() {
      emitter.off('internalMessage', onMessage);
      emitter.off('exit', onExit);
      emitter.off('disconnect', tell);
    },
  };
  if (child.connected) register();
  return self;
}
