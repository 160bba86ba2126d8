/**
 * The link up: a worker's slot, its port to the nearest ancestor that uses the library, and what it does when that
 * ancestor is too busy to relay an order.
 */
import threads, { type MessagePort } from 'node:worker_threads';
import {
  at,
  Cell,
  describe,
  type HandlerOutcome,
  Header,
  isOrder,
  isOver,
  KEY,
  type LinkMessage,
  type OrderMessage,
  Phase,
  type Reason,
  ROUTES,
  State,
  type Table,
  VERSION,
  type WorkerOutcome,
} from '../src/protocol.ts';
import { signalName } from '../src/signal-names.ts';
import { claim, release, showProgress, stateOf } from '../src/slots.ts';

/** How long an order may take to come down through the ancestors before a worker acts on the flag itself: ms. */
const RELAY = 100;

export interface Up {
  /** The first use: takes a slot and sends a link. The slot counts from here on, wherever the link is. */
  join(): void;
  /** Whether a parent will tell what this worker acks: there is one, and its event loop has taken or will take the link. */
  isHeard(): boolean;
  /** Whether this worker was told to end, seen without the event loop. */
  isOrdered(): boolean;
  /** The handler that is about to run, for a parent that gets no ack. */
  showProgress(handler: number, count: number, name: string): void;
  ack(handlers: readonly HandlerOutcome[], workers: readonly WorkerOutcome[], failures: number): void;
  /** The shutdown is over and this thread lives on. */
  over(): void;
}

interface Place {
  readonly table: Table;
  readonly threadId: number;
  readonly parentId: number;
  /** Whether the table came with the environment data. Otherwise it is this thread's own. */
  readonly inherited: boolean;
}

interface Listeners {
  /** The shutdown of the whole tree has begun. */
  onBegin(reason: Reason): void;
  onOrder(order: OrderMessage): void;
  /** The shutdown of the whole tree is over, and this thread lives on. */
  onOver(): void;
  log(message: string): void;
}

export function createUp(place: Place, { onBegin, onOrder, onOver, log }: Listeners): Up {
  const { table, threadId, parentId, inherited } = place;
  const { cells } = table;
  let slot: number | undefined;
  let port: MessagePort | undefined;
  let delivered = false;
  let ordered = false;
  let epoch = 0;
  let timer: NodeJS.Timeout | undefined;
  let complained = false;
  /** The root blocks, and this worker's link was not delivered before. */
  let unheard = false;

  function receive(message: unknown): void {
    if (isOrder(message)) obey(message);
    else if (isOver(message)) onOver();
    else if (!complained) {
      complained = true;
      log(`dropped a message from thread ${parentId}: ${describe(message)}`);
    }
  }

  function obey(order: OrderMessage): void {
    clearTimeout(timer);
    ordered = true;
    epoch = order.epoch;
    setState(State.read);
    onOrder(order);
  }

  function setState(state: number): void {
    if (slot !== undefined) Atomics.store(cells, at(slot, Cell.state), state);
  }

  function reason(): Reason {
    const signal = Atomics.load(cells, Header.signal);
    return {
      route: ROUTES[Atomics.load(cells, Header.route)] ?? 'shutdown',
      exitCode: Atomics.load(cells, Header.exitCode),
      ...(signal > 0 && { signal: signalName(signal) }),
    };
  }

  /** Nobody has relayed the order: what it would have said is in the table. */
  function actAlone(): void {
    if (ordered) return;
    const sync = Atomics.load(cells, Header.phase) === Phase.orderedSync;
    unheard = sync && !delivered;
    const timeout = Atomics.load(cells, Header.timeout);
    const direct = { stdout: true, stderr: true };
    obey({ type: 'order', version: VERSION, epoch: 0, reason: reason(), timeout, sync, direct });
  }

  function parentState(): number | undefined {
    const used = Atomics.load(cells, Header.used);
    for (let index = 0; index < used; index++) {
      if (Atomics.load(cells, at(index, Cell.thread)) === parentId) return stateOf(table, index);
    }
    return undefined;
  }

  /** The whole tree was ordered to shut down: the order is on its way, unless the parent cannot relay it. */
  function expectOrder(): void {
    clearTimeout(timer);
    const phase = Atomics.load(cells, Header.phase);
    if (slot === undefined || ordered || phase < Phase.ordered || stateOf(table, slot) === State.idle) return;
    const parent = parentState();
    const unreachable = phase === Phase.orderedSync && !delivered && parent === undefined;
    timer = setTimeout(
      () => {
        // A parent that has read its own order will relay it in its workers stage.
        const relays = parentState();
        if (relays !== undefined && relays >= State.read) expectOrder();
        else actAlone();
      },
      unreachable ? 0 : RELAY,
    );
  }

  /** Follows the phase of the whole tree. A pending `Atomics.waitAsync` keeps no thread alive. */
  function watch(seen: number): void {
    const wait = Atomics.waitAsync(cells, Header.phase, seen);
    const changed = (): void => {
      const phase = Atomics.load(cells, Header.phase);
      if (phase !== seen) {
        if (phase === Phase.running) onOver();
        else if (seen === Phase.running) onBegin(reason());
        expectOrder();
      }
      watch(phase);
    };
    if (wait.async) wait.value.then(changed);
    else changed();
  }

  if (inherited) watch(Phase.running);

  return {
    join() {
      if (slot !== undefined) {
        setState(State.joined);
        expectOrder();
        return;
      }
      slot = claim(table, threadId, parentId);
      if (slot === undefined) {
        log(`no slot is free, so worker ${threadId} works alone`);
        return;
      }
      const channel = new MessageChannel();
      port = channel.port1;
      port.on('message', receive);
      port.on('messageerror', () => receive(undefined));
      port.unref();
      const message: LinkMessage = {
        [KEY]: VERSION,
        slot,
        port: channel.port2,
        ...(!inherited && { buffer: table.buffer }),
      };
      const claimed = slot;
      threads.postMessageToThread(parentId, message, [channel.port2]).then(
        () => {
          delivered = true;
        },
        () => {
          // No ancestor uses the library: this worker's handlers run when its own thread ends.
          port?.close();
          port = undefined;
          release(table, claimed, threadId);
        },
      );
      expectOrder();
    },

    isHeard() {
      return port !== undefined && !unheard;
    },

    isOrdered() {
      return slot !== undefined && Atomics.load(cells, at(slot, Cell.order)) !== 0;
    },

    showProgress(handler, count, name) {
      if (slot !== undefined) showProgress(table, slot, handler, count, name);
    },

    ack(handlers, workers, failures) {
      if (slot === undefined) return;
      clearTimeout(timer);
      ordered = true;
      port?.postMessage({ type: 'ack', version: VERSION, epoch, handlers, workers });
      Atomics.store(cells, at(slot, Cell.failures), failures);
      setState(failures === 0 ? State.acked : State.failed);
      Atomics.add(cells, Header.doorbell, 1);
      Atomics.notify(cells, Header.doorbell);
    },

    over() {
      ordered = false;
      epoch = 0;
      if (port) setState(State.idle);
    },
  };
}
