/**
 * A worker goes the straight way once, dry, at the first turn of its event loop. What a thread does for the first time is
 * compiled then, which takes several times as long as doing it: with many workers, most of a shutdown that nobody has
 * rehearsed. Everything here is the real thing, in a table that no other thread sees; only the other end of the link is
 * played, by a bare port.
 */
import { createConsole } from '../../workers/relay.ts';
import { now } from '../clock.ts';
import { process } from '../platform.ts';
import { at, Cell, createTable, Header, Linked, SMALLEST } from '../table/cells.ts';
import type { OrderMessage } from '../wire/messages.ts';
import { VERSION } from '../wire/reason.ts';
import { createCore } from './core.ts';
import type { Core } from './halves.ts';
import type { Position } from './parts.ts';

const nothing = (): void => {};

/** A rehearsal takes fewer microtasks. */
const HOPS = 50;

export function rehearse(position: Position): void {
  const { isParked } = position;
  const table = createTable(new SharedArrayBuffer(SMALLEST));

  async function deliver(_: number, { slot, port }: Parameters<Position['deliver']>[1]): Promise<void> {
    Atomics.store(table.cells, at(slot, Cell.linked), Linked.yes);
    // Until its ack has come this worker is to stand guard, over nobody.
    Atomics.store(table.cells, Header.guardSeconds, 1);
    if (!isParked) {
      port.once('message', () => {
        Atomics.store(table.cells, Header.guardSeconds, 0);
        port.close();
      });
      port.unref();
    }
    port.postMessage({
      type: 'order',
      version: VERSION,
      epoch: 1,
      reason: { route: 'shutdown' },
      timeout: 100,
      sentAt: now(),
      sync: false,
      relay: { stdout: false, stderr: false },
    } satisfies OrderMessage);
  }

  const dry = createCore({ ...position, table, ancestorId: 0, deliver, rehearse: undefined }, () => {
    throw new Error('a rehearsal left the straight way');
  });
  dry.handlers.add(async function rehearsal() {}, []);
  dry.use();
  dry.parent?.readAll();
  // As where the parent blocks.
  dry.parent?.flush(true, true);
  if (isParked) {
    // The task that wakes it is one of Node's: `WAKE` in `worker-info.ts`.
    process.getBuiltinModule('node:timers/promises');
    endBeforeItParks(dry).catch(nothing);
  }
  // What is printed meanwhile would be lost, so there is no meanwhile.
  const output = createConsole();
  output.relay({ stdout: true, stderr: true }, nothing);
  output.flush(false);
  output.restore();
}

/**
 * The event loop of a parked worker turns next when it is told to end. No event, and no timer, of its rehearsal is left for
 * that: nobody hears the ack, or closes the link.
 */
async function endBeforeItParks({ life, parent }: Core): Promise<void> {
  for (let hops = 0; hops < HOPS && life.state !== 'ended'; hops++) await undefined;
  // No guard stands any more.
  parent?.over(false);
}
