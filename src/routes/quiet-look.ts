/**
 * Whether an event loop that has run empty stays empty. Not all that keeps a loop alive is listed anywhere (a worker, a job
 * of the thread pool), but all of it makes the loop turn. The look itself makes the loop run empty once more, which is
 * nobody else's business: their `'beforeExit'` listeners are put aside for it, and called once, as without this library.
 */
import { clearImmediate, process, setImmediate } from '../platform.ts';

type Listener = ReturnType<typeof process.rawListeners>[number];

/** Handles that are listed as active although they keep no loop alive: those of stdin, stdout and stderr. */
const STANDARD_STREAMS = ['PipeWrap', 'TTYWrap'];

/** Whether nothing is listed that will make the loop turn. */
export const isIdle = (): boolean => process.getActiveResourcesInfo().every((name) => STANDARD_STREAMS.includes(name));

export interface QuietLook {
  /** Lets the loop turn once more, and tells whether it has run empty again without anything else to do. */
  begin(then: (isEmpty: boolean) => void): void;
  /** To be asked at each `'beforeExit'` that `own` hears: whether that was the end of the look. */
  end(): boolean;
}

/** `own`: the listener that is not put aside. */
export function createQuietLook(own: () => Listener): QuietLook {
  const aside: Listener[] = [];
  let answer: ((isEmpty: boolean) => void) | undefined;
  let turn: NodeJS.Immediate | undefined;

  const takeOff = (listeners: readonly Listener[]): void => {
    for (const listener of listeners) Reflect.apply(process.off, process, ['beforeExit', listener]);
  };

  function putAside(): void {
    // As they were added: those of `once` are called once.
    const others = process.rawListeners('beforeExit').filter((listener) => listener !== own());
    takeOff(others);
    aside.push(...others);
  }

  function putBack(): void {
    const since = process.rawListeners('beforeExit').filter((listener) => listener !== own());
    takeOff(since);
    for (const listener of [...aside.splice(0), ...since]) Reflect.apply(process.on, process, ['beforeExit', listener]);
  }

  function settle(isEmpty: boolean): void {
    clearImmediate(turn);
    const told = answer;
    answer = undefined;
    putBack();
    told?.(isEmpty);
  }

  return {
    begin(then) {
      answer = then;
      putAside();
      setImmediate(() => {
        turn = setImmediate(() => settle(false)).unref();
      });
    },
    end() {
      if (answer === undefined) return false;
      settle(true);
      return true;
    },
  };
}
