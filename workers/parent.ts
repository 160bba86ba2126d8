/**
 * The link up: a worker's slot, its port to the nearest ancestor that uses the library, and what it does when that
 * ancestor is too busy to relay an order.
 */
import type { MessagePort } from 'node:worker_threads';
import { now } from '../src/clock.ts';
import { type Chunk, writeDirectly } from '../src/output/output.ts';
import { signalName } from '../src/signal-names.ts';
import { at, Cell, createTable, Header, Linked, Ordered, Phase, State, type Table } from '../src/table/cells.ts';
import { showProgress } from '../src/table/progress.ts';
import { claim, countJoin, free, hasJoined, isThrough, slotOf, stateOf, workersAbove } from '../src/table/slots.ts';
import { ownTime, PULSE, RELAY, workersTime } from '../src/times.ts';
import type { LinkMessage, OrderMessage, PrintMessage, Streams } from '../src/wire/messages.ts';
import type { HandlerOutcome, WorkerOutcome } from '../src/wire/outcomes.ts';
import { KEY, type Reason, ROUTES, VERSION } from '../src/wire/reason.ts';
import { describe, isOrder, isOver, isPing } from '../src/wire/validators.ts';
import { standGuard } from './guard.ts';
import { createConsole } from './relay.ts';
import type { Lookout } from './watch.ts';

export interface Up {
  /** The first use: takes a slot and sends a link. The slot counts from here on, wherever the link is. */
  join(): void;
  /** This thread has made a Worker. Should that register something before this thread does, it counts by this one's slot. */
  reserve(): void;
  /**
   * The parent has loaded the library after this worker was made. From now on `buffer` is the table; a worker that works
   * alone links up.
   */
  move(parentId: number, buffer: SharedArrayBuffer): void;
  readonly slot: number | undefined;
  /** Whether a parent will tell what this worker acks. */
  isHeard(): boolean;
  readonly lookout: Lookout;
  /**
   * This thread ends by itself. If it is to end anyway, it does so as if its order had come: what it prints would be lost,
   * did it leave that to an event loop that its parent may be about to end.
   */
  heed(): void;
  /** Shows the workers below that this thread's event loop turns; what it returns stops that. */
  pulse(): () => void;
  /** This worker has entrusted one more handler to the main thread. */
  entrust(): void;
  isMainHearing(): boolean;
  /** Calls `listener` once the main thread hears what is broadcast. */
  whenMainHears(listener: () => void): void;
  /** The handler that is about to run, for a parent that gets no ack. */
  showProgress(handler: number, count: number, name: string): void;
  /**
   * Settles once the parent has all that this thread has printed. `isLast`: and once it has taken the link, as long as that
   * is worth waiting for. Node drops what a thread has sent to another that has not read it when the sender ends; a port
   * that was taken does not.
   */
  flush(sync: boolean, isLast: boolean): Promise<unknown> | undefined;
  /**
   * Returns whether the parent will tell of it. `isLast`: this thread ends, so a link that is still on its way is taken
   * back.
   */
  ack(
    handlers: readonly HandlerOutcome[],
    workers: readonly WorkerOutcome[],
    failures: number,
    isLast?: boolean,
  ): boolean;
  /** The shutdown is over and this thread lives on. `used`: something is registered for the next one. */
  over(used: boolean): void;
}

interface Place {
  readonly table: Table;
  readonly threadId: number;
  readonly parentId: number;
  /** Whether the table is an ancestor's. Otherwise it is this thread's own. */
  readonly inherited: boolean;
  /** Sends a link to another thread; settles once it was heard there. */
  deliver(to: number, message: LinkMessage): Promise<unknown>;
}

interface Listeners {
  /** The shutdown of the whole tree has begun. */
  onBegin(reason: Reason): void;
  onOrder(order: OrderMessage): void;
  /** The parent has taken the link. */
  onLinked(): void;
  /** The shutdown is over, and this thread lives on. */
  onOver(): void;
  log(message: string): void;
}

export function createUp(place: Place, { onBegin, onOrder, onLinked, onOver, log }: Listeners): Up {
  const { threadId, deliver } = place;
  let { table, parentId, inherited } = place;
  let { cells } = table;
  const lookout: { -readonly [property in keyof Lookout]: Lookout[property] } = { cells, order: Header.phase };
  const output = createConsole();
  /** Whether this thread has used the library, so that it is to have a slot. */
  let joined = false;
  let slot: number | undefined;
  /** The slot whose order is waited for. */
  let expecting: number | undefined;
  let port: MessagePort | undefined;
  let onDelivered = (): void => {};
  /** What was printed into a link that is on its way. */
  const unheard: { readonly stream: keyof Streams; readonly chunk: Chunk; readonly until: number }[] = [];
  let ordered = false;
  let epoch = 0;
  let timer: NodeJS.Timeout | undefined;
  let complained = false;
  /** An invitation that came while a link was on its way. */
  let invitation: (() => void) | undefined;
  let onHearing = (): void => {};
  /** Ends this thread's guard. */
  let relieve = (): void => {};

  const cell = (name: number): number => (slot === undefined ? 0 : Atomics.load(cells, at(slot, name)));
  /** The parent has taken the link, so that an order comes over it, and what goes up arrives. */
  const isLinked = (): boolean => port !== undefined && cell(Cell.linked) === Linked.yes;
  const phase = (): number => Atomics.load(cells, Header.phase);
  /** A link that has not arrived by the time at which the root, or its parent, blocks does not arrive any more. */
  const isUnreachable = (): boolean =>
    cell(Cell.linked) === Linked.never ||
    (!isLinked() && (phase() === Phase.orderedSync || (cell(Cell.order) & Ordered.sync) !== 0));
  const isHeard = (): boolean => port !== undefined && !isUnreachable();
  const isOnItsWay = (): boolean => isHeard() && !isLinked();

  function setSlot(claimed: number | undefined): void {
    slot = claimed;
    lookout.order = claimed === undefined ? Header.phase : at(claimed, Cell.order);
  }

  function setState(state: number): void {
    if (slot !== undefined) Atomics.store(cells, at(slot, Cell.state), state);
  }

  function ring(): void {
    Atomics.add(cells, Header.doorbell, 1);
    Atomics.notify(cells, Header.doorbell);
  }

  function hear(): void {
    const wait = Atomics.waitAsync(cells, Header.hearing, 0);
    if (wait.async) wait.value.then(() => onHearing());
    else onHearing();
  }

  function receive(message: unknown): void {
    if (isOrder(message)) obey(message);
    else if (isOver(message)) onOver();
    else if (!isPing(message) && !complained) {
      complained = true;
      log(`dropped a message from thread ${parentId}: ${describe(message)}`);
    }
  }

  function obey(posted: OrderMessage): void {
    // Its time runs since it was posted: a worker that was busy has less, or it would go on when its parent has given up.
    const late = Math.max(0, now() - posted.sentAt);
    const order = { ...posted, timeout: Math.max(0, posted.timeout - late) };
    clearTimeout(timer);
    ordered = true;
    epoch = order.epoch;
    if (slot !== undefined && !isThrough(stateOf(table, slot))) setState(State.read);
    const until = now() + order.timeout;
    output.relay(order.relay, (stream, chunk) => print(stream, chunk, until));
    // What the parent has not read yet, it will not read.
    if (order.sync) output.flush(true);
    onOrder(order);
  }

  function print(stream: keyof Streams, chunk: Chunk, until: number): void {
    if (port === undefined || (isUnreachable() && withdraw())) {
      writeDirectly(stream, chunk, until);
      return;
    }
    port.postMessage({ type: 'print', version: VERSION, stream, chunk } satisfies PrintMessage);
    if (!isLinked()) unheard.push({ stream, chunk, until });
    if (phase() === Phase.orderedSync) ring();
  }

  /** Takes the link back, and writes what was printed into it. False if the parent has taken it after all. */
  function withdraw(): boolean {
    if (slot === undefined) return true;
    const found = Atomics.compareExchange(cells, at(slot, Cell.linked), Linked.notYet, Linked.never);
    const printed = unheard.splice(0);
    if (found === Linked.yes) return false;
    for (const { stream, chunk, until } of printed) writeDirectly(stream, chunk, until);
    return true;
  }

  /** Settles once the parent has taken the link, or it is not to be waited for any longer. */
  function arrival(): Promise<void> {
    // A parent may be blocked for as long as it likes. Only one that has told this thread to end waits for its ack.
    const until = ordered ? Number.POSITIVE_INFINITY : now() + RELAY;
    return new Promise((resolve) => {
      onDelivered = () => {
        if (isOnItsWay() && now() < until) return;
        clearInterval(looking);
        resolve();
      };
      const looking = setInterval(onDelivered, PULSE).unref();
    });
  }

  /** As `arrival`, for a thread whose event loop no longer turns. */
  function awaitArrival(claimed: number): void {
    const until = now() + RELAY;
    while (isOnItsWay() && now() < until) Atomics.wait(cells, at(claimed, Cell.linked), Linked.notYet, PULSE);
  }

  function reason(): Reason {
    const signal = Atomics.load(cells, Header.signal);
    return {
      route: ROUTES[Atomics.load(cells, Header.route)] ?? 'shutdown',
      exitCode: Atomics.load(cells, Header.exitCode),
      ...(signal > 0 && { signal: signalName(signal) }),
    };
  }

  /** How long this worker has while no ancestor has told it: what each leaves those below it of the time of the whole tree. */
  function timeOfTree(): number {
    let timeout = Atomics.load(cells, Header.timeout);
    for (let above = workersAbove(table, parentId); above > 0; above--) timeout = workersTime(ownTime(timeout));
    return timeout;
  }

  /** No order has come: what it would have said is in the table. */
  function actAlone(): void {
    if (ordered || slot === undefined) return;
    const told = cell(Cell.order);
    obey({
      type: 'order',
      version: VERSION,
      epoch: 0,
      reason: phase() === Phase.running ? { route: ROUTES[cell(Cell.route)] ?? 'terminate' } : reason(),
      timeout: told === 0 ? timeOfTree() : cell(Cell.timeout),
      sentAt: now() - ((Math.trunc(now()) - (told === 0 ? Atomics.load(cells, Header.sentAt) : cell(Cell.sentAt))) | 0),
      sync: phase() === Phase.orderedSync || (told & Ordered.sync) !== 0,
      relay: { stdout: !(told & Ordered.stdoutCaptured), stderr: !(told & Ordered.stderrCaptured) },
    });
  }

  const isExpecting = (): boolean =>
    slot !== undefined && !ordered && phase() >= Phase.ordered && stateOf(table, slot) !== State.idle;

  /** The whole tree was ordered to shut down: the order is on its way, unless an ancestor cannot relay it. */
  function expectOrder(): void {
    clearTimeout(timer);
    if (!isExpecting()) return;
    const parent = slotOf(table, parentId);
    const pulse = parent === undefined ? 0 : Atomics.load(cells, at(parent, Cell.pulse));
    timer = setTimeout(
      () => {
        if (!isExpecting()) return;
        // The parent's event loop turns, and it has not come to its workers yet.
        const turns = parent !== undefined && Atomics.load(cells, at(parent, Cell.pulse)) !== pulse;
        if (turns && cell(Cell.order) === 0) expectOrder();
        else actAlone();
      },
      isUnreachable() ? 0 : RELAY,
    );
  }

  /**
   * Its parent has ordered it, alone perhaps. A linked worker gets the order by message; where the link is still on its
   * way, the order follows or the worker acts alone.
   */
  function expectOwn(claimed: number): void {
    if (expecting === claimed) return;
    expecting = claimed;
    const wait = Atomics.waitAsync(cells, at(claimed, Cell.order), 0);
    const told = (): void => {
      expecting = undefined;
      if (slot !== claimed || ordered) return;
      const isAlone = (cell(Cell.order) & Ordered.alone) !== 0;
      if (isAlone) actAlone();
      if (isAlone || isLinked()) return;
      clearTimeout(timer);
      timer = setTimeout(() => (isLinked() ? undefined : actAlone()), isUnreachable() ? 0 : RELAY);
    };
    if (wait.async) wait.value.then(told);
    else told();
  }

  /** Follows the phase of the whole tree. A pending `Atomics.waitAsync` keeps no thread alive. */
  function watch(seen: number): void {
    const wait = Atomics.waitAsync(cells, Header.phase, seen);
    const changed = (): void => {
      const current = phase();
      if (current !== seen) {
        // A linked worker is told by a message, once.
        if (current === Phase.running && !isLinked()) onOver();
        if (seen === Phase.running && current !== Phase.running) onBegin(reason());
        expectOrder();
      }
      watch(current);
    };
    if (wait.async) wait.value.then(changed);
    else changed();
  }

  function beStranger(): void {
    Atomics.add(cells, Header.strangers, 1);
    watch(Phase.running);
  }

  if (inherited) beStranger();

  function join(): void {
    if (slot === undefined) setSlot(claim(table, threadId, parentId));
    else {
      setState(State.joined);
      countJoin(table, parentId);
    }
    if (slot === undefined) log(`no slot is free, so worker ${threadId} works alone`);
    else if (port === undefined) {
      link(slot);
      expectOwn(slot);
    }
    // A parent that blocks looks for those that have joined.
    ring();
    expectOrder();
  }

  function link(claimed: number): void {
    const home = table;
    const channel = new MessageChannel();
    port = channel.port1;
    port.on('message', receive);
    port.on('messageerror', () => receive(undefined));
    port.unref();
    const message: LinkMessage = {
      [KEY]: VERSION,
      slot: claimed,
      port: channel.port2,
      ...(!inherited && { buffer: table.buffer }),
    };
    const delivered = (): void => {
      if (cell(Cell.linked) === Linked.yes) {
        unheard.length = 0;
        onLinked();
        onDelivered();
        return;
      }
      if (cell(Cell.linked) === Linked.never) return;
      withdraw();
      // No ancestor uses the library: this worker's handlers run when its own thread ends.
      port?.close();
      port = undefined;
      setSlot(undefined);
      // Those of its own workers stay: it lives.
      free(home, claimed, threadId);
      onDelivered();
      invitation?.();
    };
    // It is taken, too, by a listener of somebody else's.
    deliver(parentId, message).then(delivered, delivered);
  }

  return {
    join() {
      joined = true;
      join();
    },

    reserve() {
      if (slot !== undefined || !inherited) return;
      setSlot(claim(table, threadId, parentId, State.idle));
      if (slot !== undefined) expectOwn(slot);
    },

    get slot() {
      return slot;
    },

    move(parent, buffer) {
      if (inherited || isLinked()) return;
      invitation = (): void => {
        invitation = undefined;
        table = createTable(buffer);
        cells = table.cells;
        lookout.cells = cells;
        parentId = parent;
        inherited = true;
        beStranger();
        if (joined) join();
        hear();
      };
      if (port === undefined) invitation();
    },

    isHeard,

    lookout,

    heed() {
      const isBegun = inherited && phase() !== Phase.running && cell(Cell.state) !== State.idle;
      if (isBegun || cell(Cell.order) !== 0) actAlone();
    },

    pulse() {
      const index = slot;
      if (index === undefined) return () => {};
      const interval = setInterval(() => Atomics.add(cells, at(index, Cell.pulse), 1), PULSE);
      return () => clearInterval(interval);
    },

    entrust() {
      if (slot !== undefined) Atomics.add(cells, at(slot, Cell.entrusted), 1);
    },

    isMainHearing: () => Atomics.load(cells, Header.hearing) !== 0,

    whenMainHears(listener) {
      onHearing = listener;
      hear();
    },

    showProgress(handler, count, name) {
      if (slot !== undefined) showProgress(table, slot, handler, count, name);
    },

    flush(sync, isLast) {
      const flushed = output.flush(sync);
      // Where no ancestor was known to use the library, most likely none does.
      if (sync && inherited && slot !== undefined) awaitArrival(slot);
      if (sync || !isLast || !isOnItsWay()) return flushed;
      return Promise.all([flushed, arrival()]);
    },

    ack(handlers, workers, failures, isLast = false) {
      if (slot === undefined) return false;
      clearTimeout(timer);
      ordered = true;
      const isTold = port !== undefined && (isLinked() || !((isLast || isUnreachable()) && withdraw()));
      if (isTold) port?.postMessage({ type: 'ack', version: VERSION, epoch, handlers, workers });
      Atomics.store(cells, at(slot, Cell.failures), failures);
      setState(failures === 0 ? State.acked : State.failed);
      ring();
      relieve = standGuard(table, false);
      return isTold;
    },

    over(used) {
      relieve();
      ordered = false;
      epoch = 0;
      output.restore();
      if (slot === undefined) return;
      Atomics.store(cells, at(slot, Cell.order), 0);
      expectOwn(slot);
      if (!used) setState(State.idle);
      // A worker of its may have registered something by now.
      if (used || (cell(Cell.joins) > 0 && hasJoined(table, threadId))) join();
    },
  };
}
