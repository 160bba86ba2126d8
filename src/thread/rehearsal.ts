/**
 * A thread goes through its shutdown once, dry, when nothing else is going on. What a thread does for the first time is
 * compiled then, which takes several times as long as doing it: with many workers, most of a shutdown that nobody has
 * rehearsed. Everything here is the real thing, in a tree of its own that no other thread sees; only the other end of the
 * link is played, by a bare port.
 */
import { createConsole } from '../../workers/relay.ts';
import { now } from '../clock.ts';
import { traceShutdown } from '../report/diagnostics.ts';
import { at, Cell, createTable, Linked, State } from '../table/cells.ts';
import { claim } from '../table/slots.ts';
import type { OrderMessage } from '../wire/messages.ts';
import { KEY, type Reason, VERSION } from '../wire/reason.ts';
import { isOrder } from '../wire/validators.ts';
import type { Hooks, Position } from './parts.ts';
import { createThread } from './thread.ts';

const reason: Reason = { route: 'shutdown' };

/** No thread has this id. */
const NOBODY = -2;

const nothing = (): void => {};

const noHooks: Hooks = { install: nothing, uninstall: nothing, reinstall: nothing, watch: nothing, endBy: nothing };

const createDry = (position: Position, deliver: Position['deliver']) => {
  const table = createTable();
  const dry = createThread({ ...position, table, ancestorId: undefined, deliver, rehearse: undefined }, () => noHooks);
  dry.handlers.add(async function rehearsal() {}, []);
  return { table, dry };
};

/** A worker is ordered, and acks. */
function rehearseWorker(position: Position): void {
  const { table, dry } = createDry(position, async (_, { slot, port }) => {
    Atomics.store(table.cells, at(slot, Cell.linked), Linked.yes);
    port.once('message', () => port.close());
    port.unref();
    port.postMessage({
      type: 'order',
      version: VERSION,
      epoch: 1,
      reason,
      timeout: 100,
      sentAt: now(),
      sync: false,
      relay: { stdout: false, stderr: false },
    } satisfies OrderMessage);
  });
  dry.use();
  // What is printed meanwhile would be lost, so there is no meanwhile.
  const output = createConsole();
  output.relay({ stdout: true, stderr: true }, nothing);
  output.restore();
}

/** The main thread orders a worker, and gets its ack. */
function rehearseMain(position: Position): void {
  const { table, dry } = createDry(position, () => Promise.resolve());
  const slot = claim(table, NOBODY, position.threadId);
  if (slot === undefined) return;
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (order: unknown) => {
    if (!isOrder(order)) return;
    const { epoch } = order;
    const handlers = [{ name: 'rehearsal', durationMs: 0 }];
    port1.postMessage({ type: 'ack', version: VERSION, epoch, handlers, workers: [] });
    Atomics.store(table.cells, at(slot, Cell.state), State.acked);
    port1.close();
  });
  port1.unref();
  dry.hear({ [KEY]: VERSION, slot, port: port2 }, NOBODY);
  void dry.shutDown({ reason }).then(dry.liveOn);
}

export function rehearse(position: Position): void {
  // Nobody observes this thread, so it does nothing but look whether somebody does.
  traceShutdown(reason);
  if (position.isMain) rehearseMain(position);
  else rehearseWorker(position);
}
