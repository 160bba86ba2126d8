/** Until when a handler may take: the others that wait behind it are left some of the time. */
import { now } from '../clock.ts';
import { RESERVE, SHARES } from '../times.ts';

/** `behind`: how many are to run after it, those that it registers among them. */
export function handlerUntil(
  deadline: (share: number) => number,
  behind: () => number,
): { readonly left: number; readonly until: number } {
  const left = deadline(SHARES.handlers) - now();
  return {
    left,
    get until() {
      const waiting = behind();
      return deadline(SHARES.handlers) - waiting * Math.min(RESERVE, left / (waiting + 1));
    },
  };
}
