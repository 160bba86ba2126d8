/** The workers stage of one shutdown: this thread orders its workers and waits for their acks. */
import { now } from '../clock.ts';
import { clearTimeout, setTimeout } from '../platform.ts';
import { NATIVE, SHARES, SPREAD } from '../times.ts';
import type { Reason } from '../wire/reason.ts';
import type { Surroundings } from './surroundings.ts';

export interface Collecting {
  /** Until the workers are ordered, this thread shows them that its event loop turns. */
  pulse(): void;
  /** Orders the workers. Settles when all acks are there; `undefined` where they are to be blocked for. */
  start(sync: boolean): Promise<void> | undefined;
  /** Orders the workers, and blocks until their acks are there, or the time for them is up. */
  block(): void;
  terminateSilent(): boolean;
  /** Finds out which workers do not end although they were terminated. `isLast`: for the last time. */
  look(isLast: boolean): void;
  end(): void;
}

/** `deadline`: of the shutdown, by the share of its time. `wakePools`: makes parked workers read their orders. */
export function createCollecting(
  { isRoot, children, others, parent, pools, phase, settings, order }: Surroundings,
  reason: Reason,
  deadline: (share: number) => number,
  wakePools: () => void,
): Collecting {
  let stopPulse = (): void => {};
  let notifying: NodeJS.Timeout | undefined;
  let isOrdered = false;
  /** Once this thread's event loop no longer turns: until when it blocks for its workers. */
  let blockUntil: number | undefined;

  const until = (): number => blockUntil ?? deadline(SHARES.workers);

  const toOrder = () => ({
    reason,
    until: until(),
    sync: blockUntil !== undefined || order()?.sync === true,
    relay: order()?.relay ?? { stdout: true, stderr: true },
  });

  return {
    pulse() {
      if (children.size > 0) stopPulse = parent?.pulse() ?? stopPulse;
    },

    start(sync) {
      if (sync) return undefined;
      if (isOrdered && others.size === 0 && children.areThrough()) return undefined;
      isOrdered = true;
      stopPulse();
      const orders = toOrder();
      const acks = children.order(orders);
      const ends = others.order(orders);
      phase.order(until(), false);
      wakePools();
      if (acks && isRoot) notifying ??= setTimeout(phase.notifyPhase, SPREAD).unref();
      return ends ? Promise.all([acks, ends]).then(() => {}) : acks;
    },

    block() {
      stopPulse();
      // A worker that was told to end has no more than its order leaves it, however its end goes on.
      blockUntil ??= Math.min(
        now() + settings().syncTimeout,
        order() === undefined ? Number.POSITIVE_INFINITY : deadline(SHARES.workers),
      );
      const spreadAt = now() + SPREAD;
      others.order(toOrder());
      children.block(toOrder(), {
        onOrdered() {
          phase.order(until(), true);
          wakePools();
        },
        wakeStarting: () => pools.wakeStarting(),
        spreadAt,
        spread: phase.notifyPhase,
      });
      others.block(blockUntil);
    },

    terminateSilent() {
      const isOneSilent = children.terminateSilent();
      return others.terminateSilent() || isOneSilent;
    },

    look(isLast) {
      // On a synchronous route handlers have as long as they take; whoever blocks for this thread waits for its ack.
      const isFree = blockUntil !== undefined && order() === undefined;
      const left = Math.max(0, deadline(SHARES.handlers) - now());
      const share = isLast ? NATIVE.share.last : NATIVE.share.first;
      children.look(isFree ? Number.POSITIVE_INFINITY : now() + left * share);
    },
    end: () => clearTimeout(notifying),
  };
}
