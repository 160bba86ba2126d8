/**
 * The main thread orders two workers, dry, and gets their acks: see `rehearsal.ts`. Here the workers are played, by bare ports.
 */
import threads from 'node:worker_threads';
import { isPiped } from '../children/order.ts';
import { publishWorkers, traceShutdown } from '../report/diagnostics.ts';
import { signalNumber } from '../signal-names.ts';
import { at, Cell, createTable, Header, SMALLEST, State, type Table } from '../table/cells.ts';
import { claim } from '../table/slots.ts';
import { KEY, type Reason, VERSION } from '../wire/reason.ts';
import { isOrder } from '../wire/validators.ts';
import type { createCore } from './core.ts';
import type { Core, Rest } from './halves.ts';
import type { Hooks, Position, Thread } from './parts.ts';
import type { Supervisor } from './supervision.ts';
import { createThread } from './thread.ts';

const reason: Reason = { route: 'shutdown' };

/** No thread has one of these ids. */
const NOBODIES = [-2, -3];

const nothing = (): void => {};

const noHooks: Hooks = {
  ...{ install: nothing, uninstall: nothing, reinstall: nothing, watch: nothing, endBy: nothing },
  routes: { onBeforeExit: nothing, onExit: nothing, onReallyExit: nothing, onCrash: nothing, onSignal: nothing },
};

/** What runs at the end has to be rehearsed itself, and not a copy of it, which this half may have of the other one. */
interface Cast {
  readonly createCore: typeof createCore;
  supervise(thread: Thread): Supervisor;
  /** Asks for a shutdown as a program does. */
  shutDown(core: Core, rest: Rest): unknown;
}

export function rehearseMain(position: Position, { createCore, supervise, shutDown }: Cast): void {
  // Nobody observes this thread, so it does nothing but look whether somebody does.
  traceShutdown(reason);
  publishWorkers([]);
  signalNumber('SIGTERM');
  isPiped({ readableFlowing: true, listeners: () => [] }, undefined);
  compileStreams();
  // Many rehearsals are no reason to collect garbage.
  const table = createTable(new SharedArrayBuffer(SMALLEST * NOBODIES.length));
  const deliver = (): Promise<void> => Promise.resolve();
  const dry = createCore({ ...position, table, ancestorId: undefined, deliver, rehearse: undefined }, (core) =>
    createThread(core, (thread) => ({ ...noHooks, supervisor: supervise(thread) })),
  );
  dry.signal.current.addEventListener('abort', nothing);
  dry.drains.add(async function rehearsal() {}, []);
  dry.handlers.add(async function rehearsal() {}, []);
  const rest = dry.load();
  for (const nobody of NOBODIES) play(dry, table, nobody);
  shutDown(dry, rest);
}

/** What a Worker's streams are got by is compiled even where there is no Worker, and they are not got. */
function compileStreams(): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    try {
      Reflect.get(threads.Worker.prototype, stream, {});
    } catch {}
  }
}

/** One worker. */
function play(dry: Core, table: Table, threadId: number): void {
  const slot = claim(table, threadId, 0);
  if (slot === undefined) return;
  const { port1, port2 } = new MessageChannel();
  threads.receiveMessageOnPort(port1);
  port1.on('message', (order: unknown) => {
    if (!isOrder(order)) return;
    const { epoch } = order;
    const handlers = [{ name: 'rehearsal', durationMs: 0 }];
    port1.postMessage({ type: 'ack', version: VERSION, epoch, handlers, workers: [] });
    Atomics.store(table.cells, at(slot, Cell.state), State.acked);
    Atomics.add(table.cells, Header.doorbell, 1);
    port1.close();
  });
  port1.unref();
  dry.hear({ [KEY]: VERSION, slot, port: port2 }, threadId);
}
