/**
 * What is relayed fails as silently as what `console.log` prints here: a pipe whose reader is gone, or a terminal that is
 * closed, must not turn a shutdown into a crash.
 */
import { setImmediate } from '../platform.ts';

const ignore = (): void => {};

/** For how many shutdowns the errors of a stream are ignored: a rehearsal is one as well. */
const shutdowns = new WeakMap<NodeJS.WriteStream, number>();

function count(stream: NodeJS.WriteStream, change: 1 | -1): number {
  const counted = (shutdowns.get(stream) ?? 0) + change;
  shutdowns.set(stream, counted);
  return counted;
}

/** Until {@link hearErrors}, an error of `stream` is nobody's end. Whoever listens to its errors hears them as before. */
export function ignoreErrors(stream: NodeJS.WriteStream): void {
  if (count(stream, 1) > 1) return;
  // Node has one for each worker whose output it pipes there, and does not count those: one more is no leak.
  const most = stream.getMaxListeners();
  stream.setMaxListeners(0);
  stream.on('error', ignore);
  stream.setMaxListeners(most);
}

/** The inverse of {@link ignoreErrors}, once the stream has written what it holds. */
export function hearErrors(stream: NodeJS.WriteStream): void {
  // Whoever has asked for the shutdown goes on before that.
  setImmediate(() => {
    const hear = (): void => {
      if (count(stream, -1) === 0) stream.off('error', ignore);
    };
    if (stream.writableLength) stream.write('', () => setImmediate(hear));
    else setImmediate(hear);
  });
}
