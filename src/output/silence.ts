/**
 * What is relayed fails as silently as what `console.log` prints here: a pipe whose reader is gone, or a terminal that is
 * closed, must not turn a shutdown into a crash.
 */
import { setImmediate } from '../platform.ts';

const ignore = (): void => {};

/** Until {@link hearErrors}, an error of `stream` is nobody's end. Whoever listens to its errors hears them as before. */
export function ignoreErrors(stream: NodeJS.WriteStream): void {
  if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
}

/** The inverse of {@link ignoreErrors}, once the stream has written what it holds. */
export function hearErrors(stream: NodeJS.WriteStream): void {
  stream.write('', () => setImmediate(() => stream.off('error', ignore)));
}
