/**
 * One link down: what this thread knows of a worker of its, how it orders it, and what is reported of it in the end.
 */
import type { MessagePort, Worker } from 'node:worker_threads';
import type { WorkerReport } from '../report/report.ts';
import type { Table } from '../table/cells.ts';
import type { AckMessage } from '../wire/messages.ts';

export interface Link {
  readonly threadId: number;
  readonly slot: number;
  readonly table: Table;
  worker: Worker | undefined;
  port: MessagePort | undefined;
  /** The shutdown that it was ordered in; 0 while there is none. */
  epoch: number;
  /** The one before, whose ack may come when that is over. */
  lastEpoch: number;
  orderedAt: number;
  /** Whether the last message to it had somewhere to go; undefined where that is not told. */
  isSent: boolean | undefined;
  timer: NodeJS.Timeout | undefined;
  ack: AckMessage | undefined;
  ackMs: number | undefined;
  /** Without an ack: what became of it. */
  ended: { readonly status: 'timed-out' | 'lost' | 'acked' | 'failed'; readonly diagnosis?: string } | undefined;
  gone: boolean;
  /** What was known of the workers below it when it was given up, since their slots go with it. */
  below: readonly WorkerReport[] | undefined;
  /** It was ordered while the event loop no longer turned. */
  orderedSync: boolean;
  /** What it said has been logged. */
  told: boolean;
  /** Called once there is nothing to wait for any more. */
  onDone: (() => void) | undefined;
  /** A message that does not fit is logged once a link. */
  complained: boolean;
}

export function createLink(threadId: number, slot: number, table: Table): Link {
  return {
    threadId,
    slot,
    table,
    worker: undefined,
    port: undefined,
    epoch: 0,
    lastEpoch: 0,
    orderedAt: 0,
    isSent: undefined,
    timer: undefined,
    ack: undefined,
    ackMs: undefined,
    ended: undefined,
    gone: false,
    below: undefined,
    orderedSync: false,
    told: false,
    onDone: undefined,
    complained: false,
  };
}
