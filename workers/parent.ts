/**
 * The parent, as this worker knows it: the nearest ancestor that uses the library. It is told of this worker by its slot
 * and its link, and gives the order to end.
 */
import { now } from '../src/clock.ts';
import { clearInterval, setInterval } from '../src/platform.ts';
import { Cell, Header, isThrough, State, type Table } from '../src/table/cells.ts';
import { showProgress } from '../src/table/progress.ts';
import { hasJoined } from '../src/table/slots.ts';
import { PULSE, RELAY } from '../src/times.ts';
import type { LinkMessage, OrderMessage } from '../src/wire/messages.ts';
import type { HandlerOutcome, WorkerOutcome } from '../src/wire/outcomes.ts';
import { type Reason, VERSION } from '../src/wire/reason.ts';
import { awaitDuty, type StandGuard } from './duty.ts';
import { createHearing } from './hearing.ts';
import { createLink, type Rare } from './link.ts';
import { createOwnSlot, type FlagCells } from './own-slot.ts';
import { type Console, createConsole } from './relay.ts';
import { createWatch } from './watch.ts';

export interface Parent {
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
  /** Takes what the parent has said, without the event loop. */
  readAll(): void;
  readonly flagCells: FlagCells;
  /**
   * This thread ends by itself. If it is to end anyway, it does so as if its order had come: what it prints would be lost,
   * if it left that to an event loop that its parent may be about to end.
   */
  actOnPendingOrder(): void;
  /** Shows the workers below that this thread's event loop turns; what it returns stops that. */
  pulse(): () => void;
  /** So many handlers are registered in this worker: its slot says so, should it end before its parent knows of it. */
  showRegistered(count: number): void;
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
   * back. `readAt`: when its order was read.
   */
  ack(
    handlers: readonly HandlerOutcome[],
    workers: readonly WorkerOutcome[],
    failures: number,
    isLast?: boolean,
    readAt?: number,
  ): boolean;
  /** The shutdown is over and this thread lives on. `used`: something is registered for the next one, which `order` has begun. */
  over(used: boolean, order?: OrderMessage): void;
  /** Something is registered for the next shutdown, while the last one is not over in this thread. */
  rejoin(): void;
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
  standGuard: StandGuard;
  rare(): Rare;
}

export function createParent(
  place: Place,
  { onBegin, onOrder, onLinked, onOver, log, standGuard, rare }: Listeners,
): Parent {
  const own = createOwnSlot(place);
  const hearing = createHearing(own);
  /** What this thread prints, from its first order on. */
  let output: Console | undefined;
  /** Whether this thread has used the library, so that it is to have a slot. */
  let isUsed = false;
  let registered = 0;
  /** It has read its order, or acts without one. */
  let isOrdered = false;
  let epoch = 0;
  /** An invitation that came while a link was on its way. */
  let invitation: (() => void) | undefined;
  let endGuard = (): void => {};
  let isAlone = false;

  /** Whoever is above may load the library later, and invite this worker; it has been told of once then. */
  function tellThatItIsAlone(): void {
    if (own.isInherited || isAlone) return;
    isAlone = true;
    log(rare().noParent(own.threadId));
  }

  const link = createLink(own, {
    deliver: place.deliver,
    onOrder: obey,
    onLinked,
    onRefused: () => (invitation ?? tellThatItIsAlone)(),
    onOver,
    log,
    rare,
  });
  const watch = createWatch(own, link, { isOrdered: () => isOrdered, onOrder: obey, onBegin, onOver });

  function obey(posted: OrderMessage): void {
    // Its time runs since it was posted: a worker that was busy has less, or it would go on when its parent has given up.
    const heardAt = now();
    const late = Math.max(0, heardAt - posted.sentAt);
    const order = { ...posted, timeout: Math.max(0, posted.timeout - late) };
    watch.stop();
    isOrdered = true;
    epoch = order.epoch;
    if (!isThrough(own.read(Cell.state))) own.setState(State.read);
    const until = heardAt + order.timeout;
    output ??= createConsole();
    output.relay(order.relay, (stream, chunk) => link.print(stream, chunk, until));
    // What the parent has not read yet, it will not read.
    if (order.sync) output.flush(true);
    onOrder(order);
  }

  /** No parent has taken this worker's link yet: the phase is all that it is told by. */
  function countAsUnlinked(): void {
    Atomics.add(own.table.cells, Header.unlinkedWorkers, 1);
    watch.followPhase();
  }

  if (own.isInherited) countAsUnlinked();

  function join(): void {
    if (own.index === undefined) own.claim(State.joined);
    else own.rejoin();
    if (own.index === undefined) log(rare().noSlot(own.threadId));
    else if (!link.isOpen()) {
      link.open(own.index);
      watch.expectOwn(own.index);
    }
    own.write(Cell.registered, registered);
    // A parent that blocks looks for those that have joined.
    own.ring();
    watch.expectOrder();
  }

  return {
    join() {
      isUsed = true;
      join();
    },

    reserve() {
      if (own.index !== undefined || !own.isInherited) return;
      own.claim(State.idle);
      if (own.index !== undefined) watch.expectOwn(own.index);
    },

    get slot() {
      return own.index;
    },

    move(parent, buffer) {
      if (own.isInherited || link.isLinked()) return;
      invitation = (): void => {
        invitation = undefined;
        own.move(parent, buffer);
        countAsUnlinked();
        if (isUsed) join();
        hearing.await();
      };
      if (!link.isOpen()) invitation();
    },

    isHeard: link.isHeard,
    readAll: link.readAll,
    flagCells: own.flagCells,
    actOnPendingOrder: watch.actOnPendingOrder,
    isMainHearing: hearing.isOn,
    whenMainHears: hearing.whenOn,

    rejoin() {
      if (own.index === undefined) return;
      own.rejoin();
      own.ring();
    },

    pulse() {
      if (own.index === undefined) return () => {};
      const interval = setInterval(() => own.add(Cell.pulse), PULSE);
      return () => clearInterval(interval);
    },

    showRegistered(count) {
      registered = count;
      own.write(Cell.registered, count);
    },

    entrust: () => own.add(Cell.entrusted),

    showProgress(handler, count, name) {
      if (own.index !== undefined) showProgress(own.table, own.index, handler, count, name);
    },

    flush(sync, isLast) {
      const flushed = output?.flush(sync);
      // Where no ancestor was known to use the library, most likely none does.
      if (sync && own.isInherited && own.index !== undefined) link.awaitArrival(own.index);
      if (sync || !isLast || !link.isOnItsWay()) return flushed;
      // A parent may be blocked for as long as it likes. Only one that has told this thread to end waits for its ack.
      return Promise.all([flushed, link.arrival(isOrdered ? Number.POSITIVE_INFINITY : now() + RELAY)]);
    },

    ack(handlers, workers, failures, isLast = false, readAt = now()) {
      if (own.index === undefined) return false;
      watch.stop();
      isOrdered = true;
      const isTold = link.ack({ type: 'ack', version: VERSION, epoch, readAt, handlers, workers }, isLast);
      own.write(Cell.failures, failures);
      own.setState(failures === 0 ? State.acked : State.failed);
      own.ring();
      endGuard = awaitDuty(own.table, standGuard);
      return isTold;
    },

    over(used, order) {
      endGuard();
      isOrdered = order !== undefined;
      epoch = order?.epoch ?? 0;
      if (!order) output?.restore();
      if (own.index === undefined) return;
      own.write(Cell.order, 0);
      watch.expectOwn(own.index);
      // A worker of its may have registered something by now, and must not be taken for idle by a parent that looks just then.
      const isUsedBelow = (): boolean => own.read(Cell.joins) > 0 && hasJoined(own.table, own.threadId);
      if (!used && !isUsedBelow()) own.setState(State.idle);
      // Or just now.
      if (used || isUsedBelow()) join();
    },
  };
}
