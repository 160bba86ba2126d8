/**
 * What a worker writes to its console travels through its parent's event loop. A parent that blocks in a synchronous
 * route reads none of it any more, so the worker writes to the descriptors itself meanwhile.
 */
import { writeSync } from 'node:fs';
import { now } from '../src/clock.ts';

const RETRY = 1;
const pause = new Int32Array(new SharedArrayBuffer(4));

const isBusy = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EAGAIN';

/** Writes all of `chunk`: a pipe takes it in pieces, and not at all while its reader is slow. Gives up at `until`. */
function writeAll(descriptor: number, chunk: Uint8Array, until: number): void {
  for (let written = 0; written < chunk.length; ) {
    try {
      written += writeSync(descriptor, chunk, written);
    } catch (error) {
      if (!isBusy(error) || now() > until) return;
      Atomics.wait(pause, 0, 0, RETRY);
    }
  }
}

function redirect(stream: NodeJS.WriteStream, descriptor: number, until: number): void {
  const write = (chunk: string | Uint8Array, encodingOrDone?: unknown, done?: unknown): boolean => {
    const encoding = typeof encodingOrDone === 'string' && Buffer.isEncoding(encodingOrDone) ? encodingOrDone : 'utf8';
    writeAll(descriptor, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, until);
    const callback = typeof encodingOrDone === 'function' ? encodingOrDone : done;
    if (typeof callback === 'function') process.nextTick(() => callback());
    return true;
  };
  Object.defineProperty(stream, 'write', { value: write, configurable: true, writable: true });
}

/** From now on what this thread prints goes to the descriptors, unless somebody upstream captures it. */
export function writeDirectly({ stdout, stderr }: { stdout: boolean; stderr: boolean }, until: number): void {
  if (stdout) redirect(process.stdout, 1, until);
  if (stderr) redirect(process.stderr, 2, until);
}

/** Settles once the parent has read what this thread has printed. */
export function flush(): Promise<unknown> | undefined {
  const waiting = [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0);
  if (waiting.length === 0) return undefined;
  return Promise.all(waiting.map((stream) => new Promise((resolve) => stream.write('', resolve))));
}
