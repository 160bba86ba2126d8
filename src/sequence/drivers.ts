/**
 * The two drivers of a sequence. The asynchronous one awaits each step. The synchronous one, for a thread whose event
 * loop no longer turns, blocks where a step can be waited for and leaves it unfinished where it cannot; it may take over
 * at any moment, also from within a step.
 */
import { now } from '../clock.ts';
import { asKept } from '../iteration.ts';
import { clearTimeout, nextTick, queueMicrotask, setTimeout } from '../platform.ts';
import { STEP_LOOK } from '../times.ts';
import type { Step } from './step.ts';

export interface Driver {
  /** Goes through the steps, awaiting each. */
  drive(): void;
  /** Goes through the rest of the steps, now. Returns when all is done. */
  takeOver(): void;
}

/** Resolves to whether `waiting` settled before the step's time was up. Its timer keeps the thread alive meanwhile. */
export function inTime(waiting: PromiseLike<unknown>, step: Pick<Step, 'until'>): Promise<boolean> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let isSettled = false;
    const wait = (): void => {
      timer = setTimeout(look, Math.min(Math.max(0, step.until - now()), STEP_LOOK));
    };
    const look = (): void => {
      if (step.until > now()) wait();
      else resolve(false);
    };
    const settled = (): void => {
      isSettled = true;
      clearTimeout(timer);
      resolve(true);
    };
    waiting.then(settled, settled);
    // Most handlers settle before the event loop turns, and are spared the timer.
    queueMicrotask(() => {
      nextTick(() => {
        if (!isSettled) wait();
      });
    });
  });
}

interface Listeners {
  /** A step failed as such: neither a handler nor a worker, which have their own reports. */
  onError(error: unknown): void;
  onEnd(): void;
}

export function createDriver(steps: Generator<Step, void, void>, { onError, onEnd }: Listeners): Driver {
  let current: Step | undefined;
  /** Whether `current.start` is on the stack: then it is user code that made the synchronous driver take over. */
  let starting = false;
  let takenOver = false;
  let done = false;

  function advance(): Step | undefined {
    const { value, done: ended } = steps.next();
    current = ended ? undefined : value;
    return current;
  }

  function start(step: Step): PromiseLike<unknown> | undefined {
    starting = true;
    try {
      return step.start(takenOver);
    } catch (error) {
      onError(error);
      return undefined;
    } finally {
      starting = false;
    }
  }

  function end(): void {
    if (done) return;
    done = true;
    onEnd();
  }

  function drive(): void {
    for (let step = advance(); step !== undefined; step = advance()) {
      const waiting = start(step);
      if (takenOver) return;
      if (waiting === undefined) continue;
      inTime(waiting, step).then((settled) => {
        if (takenOver) return;
        asKept(() => {
          if (!settled) step.cut?.(false);
          drive();
        });
      });
      return;
    }
    end();
  }

  return {
    drive,

    takeOver() {
      takenOver = true;
      if (current !== undefined && !starting) leave(current, true);
      for (let step = advance(); step !== undefined; step = advance()) {
        const waiting = start(step);
        if (done) return;
        leave(step, waiting !== undefined);
      }
      end();
    },
  };

  function leave({ block, cut }: Step, isWaiting: boolean): void {
    try {
      if (block) block();
      else if (isWaiting) cut?.(true);
    } catch (error) {
      onError(error);
    }
  }
}
