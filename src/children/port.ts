/** What a worker says over its port: what it prints, and its ack. */
import threads, { type MessagePort } from 'node:worker_threads';
import { now } from '../clock.ts';
import { setTimeout } from '../platform.ts';
import { Header, State, type Table } from '../table/cells.ts';
import { moveState } from '../table/moves.ts';
import type { AckMessage, PrintMessage } from '../wire/messages.ts';
import { describe, isAck, isPrint } from '../wire/validators.ts';
import { type Child, type Slotted, step } from './child.ts';

interface Listeners {
  print(message: PrintMessage): void;
  /** The worker has acked its order, or by itself. */
  onAck(child: Slotted): void;
  /** Something was read by way of the event loop. */
  onHeard(): void;
  /** The worker has ended by itself, and says what became of it. */
  onOwnEnd(child: Slotted): void;
  /** The worker's own code has closed its port, or its thread has ended. */
  onClose(child: Slotted): void;
  nameOf(child: Slotted): string;
  log(message: string): void;
}

export interface Ports {
  connect(child: Slotted, port: MessagePort): void;
  /** Takes what has arrived, without the event loop. */
  readAll(child: Slotted): void;
}

/** Whether the worker acks what is over. One that had acted without its order names none: when it began tells. */
function isOfLastTask({ lastEpoch, lastOverAt, task }: Child, { epoch, readAt = lastOverAt }: AckMessage): boolean {
  return epoch === 0 ? task.epoch !== 0 && readAt < lastOverAt : epoch === lastEpoch;
}

function letEnd(port: MessagePort): void {
  port.ref();
  port.unref();
}

export function createPorts(table: Table, listeners: Listeners): Ports {
  function complain(child: Slotted, what: string): void {
    if (child.hasComplained) return;
    child.hasComplained = true;
    listeners.log(`dropped a message from ${listeners.nameOf(child)} ${what}`);
  }

  function receive(child: Slotted, message: unknown): void {
    if (isPrint(message)) listeners.print(message);
    else if (isAck(message)) takeAck(child, message);
    else complain(child, `that is no ack: ${describe(message)}`);
  }

  function takeAck(child: Slotted, message: AckMessage): void {
    const { task } = child;
    if (isOfLastTask(child, message)) return;
    if (message.epoch !== 0 && message.epoch !== task.epoch) {
      complain(child, 'that is a stale ack');
      return;
    }
    if (task.ack && task.epoch !== 0) {
      // It has ended by itself when its order was on the way, and says so to that as well.
      if (task.ack.epoch !== 0 || message.epoch === 0) complain(child, 'that is a second ack');
      return;
    }
    task.ack = message;
    step(child, 'joined');
    step(child, message.handlers.some(({ error, unfinished }) => error || unfinished) ? 'failed' : 'acked');
    // The worker says so itself, right after its ack; but it may be terminated in between.
    moveState(child.table, child.slot, State.read, State.acked);
    if (task.epoch === 0) {
      task.isTold = true;
      listeners.onOwnEnd(child);
    } else task.ackMs = now() - task.orderedAt;
    listeners.onAck(child);
  }

  return {
    connect(child, port) {
      child.port = port;
      step(child, 'linkTaken');
      if (child.table === table) Atomics.sub(table.cells, Header.unlinkedWorkers, 1);
      if ('Deno' in globalThis) {
        // A port that another thread has sent is the web's there.
        port.addEventListener('message', (event) => {
          receive(child, Reflect.get(event, 'data'));
          // One that has heard something keeps the process alive, until it is told again that it does not.
          setTimeout(letEnd, 0, port);
        });
      } else {
        // No event is made for a listener of this kind.
        port.on('message', (message) => {
          receive(child, message);
          listeners.onHeard();
        });
      }
      port.addEventListener('messageerror', () => complain(child, 'that cannot be read'));
      port.addEventListener('close', () => {
        // Reading from a closed port ends the process with a segmentation fault, on every Node up to 26.
        child.port = undefined;
        listeners.onClose(child);
      });
      port.start();
      port.unref();
    },

    readAll(child) {
      const next = (): { message: unknown } | undefined => child.port && threads.receiveMessageOnPort(child.port);
      for (let received = next(); received !== undefined; received = next()) receive(child, received.message);
    },
  };
}
