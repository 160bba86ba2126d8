/**
 * What is printed at the very end. A pipe is written asynchronously, and what its reader has not taken by the time the
 * process exits is lost; so it is waited for where the event loop turns, and written to the descriptor where it does not.
 */
import { now } from '../clock.ts';
import { isError, process } from '../platform.ts';
import { PIPE_RETRY } from '../times.ts';
import type { Streams } from '../wire/messages.ts';

export type Chunk = string | Uint8Array;

/** Settles once `stream` has passed on all of its data; undefined if it has, or does not say. */
export function whenWritten(stream: NodeJS.WriteStream): Promise<void> | undefined {
  if (!stream.writableLength) return undefined;
  return new Promise((resolve) => stream.write('', () => resolve()));
}

const DESCRIPTORS = { stdout: 1, stderr: 2 } as const;

const isFull = (error: unknown): boolean => isError(error) && 'code' in error && error.code === 'EAGAIN';

/**
 * Writes to the descriptor itself, for a thread whose event loop, or whose parent's, no longer turns. A pipe takes a
 * chunk in pieces, and nothing while it is full; at `until` the rest is given up.
 */
export function writeDirectly(stream: keyof Streams, chunk: Chunk, until: number): void {
  // As no module of Node's, it is not imported: an `import` reads each of its exports, and so loads what Node itself loads when
  // that is needed. `node:fs` takes 3 ms that way.
  const fs = process.getBuiltinModule('node:fs');
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  for (let written = 0; written < bytes.length; ) {
    try {
      written += fs.writeSync(DESCRIPTORS[stream], bytes, written);
    } catch (error) {
      if (!isFull(error) || now() > until) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_RETRY);
    }
  }
}
