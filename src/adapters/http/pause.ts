/** What a server that goes down waits for before it stops listening. */
import { now } from '../../clock.ts';
import { clearTimeout, setImmediate, setTimeout } from '../../platform.ts';
import { ACCEPTING } from '../../times.ts';

/** A pause that may be cut short. */
export interface Pause {
  /** Resolves in so many ms, or when it is ended. */
  begin(ms: number): Promise<void>;
  end(): void;
}

export function createPause(): Pause {
  let end = (): void => {};
  return {
    begin: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        end = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    end: () => end(),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/**
 * What has come by now is heard of before connections are taken for idle, and before those go that nobody has accepted:
 * Node accepts one connection a turn of the event loop, and resets those that still wait when it stops listening.
 * `arrived`: how many have come so far.
 */
export async function acceptAll(arrived: () => number): Promise<void> {
  const until = now() + ACCEPTING;
  let before: number;
  do {
    before = arrived();
    await turn();
  } while (arrived() > before && now() < until);
}
