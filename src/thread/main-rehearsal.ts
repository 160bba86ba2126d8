/**
 * The main thread orders two workers, dry, and gets their acks: see `rehearsal.ts`. Here the workers are played, by bare ports.
 * Once it does so as in `process.exit()`, too, where it blocks.
 */
import threads, { type MessagePort } from 'node:worker_threads';
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
  /** Does what `process.exit()` leads to. */
  exit(thread: Thread): void;
}

/** Those that have rehearsed `process.exit()`. */
const blocked = new WeakSet<Position>();

export function rehearseMain(position: Position, cast: Cast): void {
  const { dry, rest, played } = createScene(position, cast);
  dry.drains.add(async function rehearsal() {}, []);
  dry.handlers.add(async function rehearsal() {}, []);
  for (const { port, ack } of played) {
    port.on('message', ack);
    port.unref();
  }
  cast.shutDown(dry, rest);
  if (blocked.has(position)) return;
  blocked.add(position);
  rehearseExit(position, cast);
}

/** No event loop turns: the workers read their orders, and ack, where the pools are to wake theirs. */
function rehearseExit(position: Position, cast: Cast): void {
  const { dry, rest, played } = createScene(position, cast);
  // Whatever comes of it, the exit code is the program's.
  rest.thread.configure({ ...rest.thread.settings, failureExitCode: 0 });
  dry.handlers.add(function rehearsal() {}, []);
  const wake = (): undefined => {
    for (const { port, ack } of played) ack(threads.receiveMessageOnPort(port)?.message);
  };
  const none = (): undefined => {};
  rest.thread.pools.add(played, {
    ...{ name: 'rehearsal', adopt: nothing, refuse: none, idle: none, wake },
    end: () => Promise.resolve(),
  });
  cast.exit(rest.thread);
}

/** One worker, by what it has of its link. */
interface Played {
  readonly port: MessagePort;
  ack(order: unknown): void;
}

interface Scene {
  readonly dry: Core;
  readonly rest: Rest;
  readonly played: readonly Played[];
}

function createScene(position: Position, { createCore, supervise }: Cast): Scene {
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
  const rest = dry.load();
  return { dry, rest, played: NOBODIES.flatMap((nobody) => play(dry, table, nobody)) };
}

/** What a Worker's streams are got by is compiled even where there is no Worker, and they are not got. */
function compileStreams(): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    try {
      Reflect.get(threads.Worker.prototype, stream, {});
    } catch {}
  }
}

function play(dry: Core, table: Table, threadId: number): Played[] {
  const slot = claim(table, threadId, 0);
  if (slot === undefined) return [];
  const { port1: port, port2 } = new MessageChannel();
  threads.receiveMessageOnPort(port);
  dry.hear({ [KEY]: VERSION, slot, port: port2 }, threadId);
  const ack = (order: unknown): void => {
    if (!isOrder(order)) return;
    const { epoch } = order;
    const handlers = [{ name: 'rehearsal', durationMs: 0 }];
    port.postMessage({ type: 'ack', version: VERSION, epoch, handlers, workers: [] });
    Atomics.store(table.cells, at(slot, Cell.state), State.acked);
    Atomics.add(table.cells, Header.doorbell, 1);
    port.close();
  };
  return [{ port, ack }];
}
