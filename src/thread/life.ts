/**
 * The life of a thread, as far as the library has a part in it. Each line of {@link transitions} is one thing that may
 * happen, and what the thread is after it; whatever is not there changes nothing.
 *
 *   fresh    nothing was used, since the thread began or since it lived on after a shutdown
 *   used     there is something to do for a shutdown: the hooks are there, and a parent knows
 *   ending   a shutdown runs
 *   ended    it is through. What is used now comes late, unless the thread lives on
 *   closing  it is through, the thread lives on, and what was registered is being ended
 */

import { queueMicrotask } from '../platform.ts';
import type { ShutdownReport } from '../report/report.ts';
import { ownTime, SHARES } from '../times.ts';
import type { OrderMessage } from '../wire/messages.ts';
import type { Shutdown, ShutdownRequest } from './parts.ts';

export type LifeState = 'fresh' | 'used' | 'ending' | 'ended' | 'closing';

type LifeEvent = 'use' | 'begin' | 'tell' | 'close' | 'renew' | 'stay';

const transitions: Readonly<Record<LifeState, Partial<Readonly<Record<LifeEvent, LifeState>>>>> = {
  fresh: { use: 'used', begin: 'ending' },
  used: { begin: 'ending', renew: 'fresh' },
  ending: { tell: 'ended' },
  // Revived: nobody but the event loop had ended this thread, and somebody has given it new work.
  ended: { close: 'closing', renew: 'fresh' },
  // It stays ended where it was told to end meanwhile, and nothing was registered: there is nothing to do.
  closing: { renew: 'fresh', stay: 'ended' },
};

/** What a thread does in the course of its life. */
export interface Body {
  /** Makes a shutdown, which calls `onTold` when it is through. */
  begin(request: ShutdownRequest, onTold: () => void): Shutdown;
  /** Installs the hooks and, in a worker, links it to its parent. */
  join(): void;
  /**
   * Ends the pools and workers that were registered, within the time of the shutdown that is over; undefined where there can
   * be none. Never rejects.
   */
  close(over: Shutdown): Promise<unknown> | undefined;
  /** Makes all as new, except that `order` has come meanwhile. Returns whether something is in use already. */
  renew(order: OrderMessage | undefined): boolean;
  /** Tells the parent that something is registered for the next shutdown, and this worker is not ready for that yet. */
  rejoin(): void;
  /** Calls what was registered when all was done. */
  runLate(): void;
  /** Tells the parent that there is nothing to clean up. */
  ackNothing(): void;
  /** A worker that ends by itself acts on the order that it has not read yet. */
  actOnPendingOrder(): void;
  hasHandlers(): boolean;
  /** Whether a worker of this thread has registered something. */
  hasJoinedWorkers(): boolean;
  /** Takes what the parent has said, without the event loop. */
  readFromParent(): void;
  /** Whether the whole tree lives on. */
  isTreeRunning(): boolean;
  /** Whether this thread ends by itself. */
  isLeaving(): boolean;
  /** Whether the `'exit'` event is being emitted. */
  isExiting(): boolean;
}

export interface Life {
  readonly state: LifeState;
  /** Whether a shutdown has begun, and this thread has not become as new since. A function, for hot loops: a getter costs more. */
  isShutDown(): boolean;
  /** Whether the next use changes nothing. */
  isInUse(): boolean;
  /** Whether anything was used, also while a shutdown runs. */
  readonly isUsed: boolean;
  /** What has told this worker to end. */
  readonly order: OrderMessage | undefined;
  /** Whether this thread was told to end, or ends by itself. */
  isEnding(): boolean;
  use(): void;
  /** Begins the asynchronous shutdown, or joins the one that runs. */
  shutDown(request: ShutdownRequest): Promise<ShutdownReport>;
  /** Does what is left to do, synchronously. */
  shutDownNow(request: ShutdownRequest): void;
  /** The shutdown that runs. */
  readonly current: Shutdown | undefined;
  /** When the time of the shutdown that runs, or is through, is up. */
  readonly deadline: number | undefined;
  /** The shutdown that runs has so many ms from now on, unless it has less anyway. */
  shorten(timeout: number): void;
  /** The parent has ordered this worker to end. */
  obey(order: OrderMessage): void;
  /** The shutdown of whoever ordered it is over, and this worker lives on. */
  hearOver(): void;
  /** The parent has taken the link, and tells by messages from now on; that the shutdown is over it may have told before. */
  lookWhetherOver(): void;
  /** After a shutdown in a thread that lives on, unless it was told to end. */
  liveOn(): Promise<void>;
}

export function createLife(body: Body): Life {
  let state: LifeState = 'fresh';
  let isUsed = false;
  /** The shutdown that runs, or is through. */
  let shutdown: Shutdown | undefined;
  /** A shutdown of which nothing is left to do, its ack included. */
  let through: Shutdown | undefined;
  /** `isUnanswered`: no ack has gone, or will go, to it from the shutdown that is being closed. */
  let told:
    | { readonly order: OrderMessage; readonly isForWholeTree: boolean; readonly isUnanswered: boolean }
    | undefined;
  let closing: Promise<unknown> | undefined;

  function go(event: LifeEvent): void {
    state = transitions[state][event] ?? state;
  }

  const isEnding = (): boolean => told !== undefined || body.isLeaving();

  function begin(request: ShutdownRequest): Shutdown {
    const begun = body.begin(request, () => go('tell'));
    shutdown = begun;
    go('begin');
    begun.ended.then(() => {
      through = begun;
    });
    return begun;
  }

  function renew(order?: OrderMessage): void {
    shutdown = undefined;
    told = undefined;
    go('renew');
    isUsed = body.renew(order);
    if (isUsed) go('use');
  }

  function useFirst(): void {
    isUsed = true;
    go('use');
    body.join();
  }

  /** What comes when all is done. */
  function useAfterwards(): void {
    lookWhetherOver();
    if (state !== 'ended') {
      use();
      return;
    }
    // It was told to end, and is through: what comes now has as long as there is.
    if (body.isExiting()) body.runLate();
    else if (isEnding()) queueMicrotask(body.runLate);
    else if (shutdown?.isRevivable) {
      renew();
      useFirst();
    }
  }

  /** Whether the shutdown that this worker was told of is over: the root's flag may be here before the message. */
  const isOrderOver = (): boolean => told?.isForWholeTree === true && body.isTreeRunning();

  /** What the parent has posted meanwhile is of that shutdown, and read before it is taken for over. */
  function lookWhetherOver(): void {
    if (isOrderOver()) body.readFromParent();
    if (isOrderOver()) hearOver();
  }

  function hearOver(): void {
    told = undefined;
    if (shutdown === undefined) renew();
    else if (through === shutdown) close(shutdown);
    else {
      const over = shutdown;
      over.ended.then(() => close(over));
    }
  }

  /** Ends what was registered. What is used meanwhile is for the next shutdown, which waits. */
  function close(over: Shutdown): Promise<void> | undefined {
    if (shutdown !== over) return undefined;
    go('close');
    closing = body.close(over);
    // What has used this thread just now is known to the parent before anything else happens.
    if (!closing) setOut(over);
    return closing?.then(() => setOut(over));
  }

  function setOut(over: Shutdown): void {
    closing = undefined;
    if (shutdown !== over) return;
    // This thread may have been told to end meanwhile.
    const { order, isUnanswered } = told ?? {};
    if (order && !body.hasHandlers()) {
      go('stay');
      if (isUnanswered) body.ackNothing();
    } else renew(order);
    if (order) obey(order);
  }

  function obey(order: OrderMessage): void {
    // It acted on the flag, and now the order has come down after all.
    const isAgain = told !== undefined;
    // By then all may be over: it is the order of that shutdown nevertheless, and not one for this worker alone.
    const isSame = told?.isForWholeTree === true && told.order.reason.route === order.reason.route;
    told = {
      order,
      isForWholeTree: isSame || !body.isTreeRunning(),
      // A shutdown that runs still acks what has come since it began, although it may be over for whoever had ordered it.
      isUnanswered: state === 'closing',
    };
    if (state === 'closing') return;
    if (state === 'ended' && !isAgain) body.ackNothing();
    const timeout = ownTime(order.timeout);
    // The parent blocks now, or ends while it had ended this thread alone: that may leave less time.
    if (shutdown) shutdown.shorten(timeout);
    else begin({ reason: order.reason, timeout }).drive();
  }

  function use(): void {
    if (state === 'ended') useAfterwards();
    else if (state !== 'closing') {
      if (!isUsed) useFirst();
    } else if (!body.isExiting()) body.rejoin();
    else if (body.hasHandlers() || body.hasJoinedWorkers()) {
      // The next shutdown waits no longer.
      closing = undefined;
      renew();
    }
  }

  function shutDown(request: ShutdownRequest): Promise<ShutdownReport> {
    if (closing) {
      return closing.then(() => {
        // The hooks may be gone by then, and how the process ends is up to them.
        use();
        return shutDown(request);
      });
    }
    if (!shutdown) body.actOnPendingOrder();
    if (shutdown) return shutdown.report();
    const begun = begin(request);
    begun.drive();
    return begun.report();
  }

  return {
    get state() {
      return state;
    },
    isShutDown: () => state !== 'fresh' && state !== 'used',
    isInUse: () => state === 'used',
    get isUsed() {
      return isUsed;
    },
    get order() {
      return told?.order;
    },
    isEnding,

    use,
    shutDown,

    shutDownNow(request) {
      if (!shutdown) body.actOnPendingOrder();
      (shutdown ?? begin(request)).takeOver(request.reason.route);
    },

    shorten: (timeout) => shutdown?.shorten(timeout),

    get current() {
      return state === 'ending' ? shutdown : undefined;
    },

    get deadline() {
      return shutdown?.deadline(SHARES.handlers);
    },

    obey,
    hearOver,
    lookWhetherOver,

    async liveOn() {
      if (shutdown && !isEnding()) await close(shutdown);
    },
  };
}
