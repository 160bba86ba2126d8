/**
 * A worker's console. What it prints travels through its parent's event loop; a parent that blocks in a synchronous
 * route reads none of it any more, so the worker writes to the descriptors itself from then on, and writes again what
 * was on its way.
 */
import { writeSync } from 'node:fs';
import { now } from '../src/clock.ts';

export interface Console {
  /** The parent still reads: remembers what it has not read yet, where `direct` says that it may be written again. */
  follow(direct: Direct): void;
  /** The parent reads no more: from now on, what this thread prints goes to the descriptors. Gives up at `until`. */
  writeDirectly(direct: Direct, until: number): void;
  /** Settles once all that was printed is read or written; undefined if it is. `sync`: now or never. */
  flush(sync: boolean): Promise<unknown> | undefined;
  restore(): void;
}

/** Whether a stream ends up at this process's own descriptor, and not with somebody who captures it. */
interface Direct {
  readonly stdout: boolean;
  readonly stderr: boolean;
}

interface Output {
  writeDirectly(until: number): void;
  flush(sync: boolean): Promise<unknown> | undefined;
  restore(): void;
}

/** How long to wait before a pipe that was full is tried again: ms. */
const RETRY = 1;

const isFull = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EAGAIN';

/** Writes all of `chunk`: a pipe takes it in pieces, and nothing while it is full. */
function writeAll(descriptor: number, chunk: Uint8Array, until: number): void {
  for (let written = 0; written < chunk.length; ) {
    try {
      written += writeSync(descriptor, chunk, written);
    } catch (error) {
      if (!isFull(error) || now() > until) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY);
    }
  }
}

/** Settles once the parent has read all of `stream`. */
function whenRead(stream: NodeJS.WriteStream): Promise<unknown> | undefined {
  if (stream.writableLength === 0) return undefined;
  return new Promise<void>((resolve) => stream.write('', () => resolve()));
}

/** A stream that somebody captures: it is left as it is. */
const createCaptured = (stream: NodeJS.WriteStream): Output => ({
  writeDirectly() {},
  flush: (sync) => (sync ? undefined : whenRead(stream)),
  restore() {},
});

function createOutput(stream: NodeJS.WriteStream, descriptor: number): Output {
  const write = stream.write.bind(stream);
  const unread = new Set<Uint8Array>();
  let until: number | undefined;
  let written: Promise<void> | undefined;

  function writeUnread(): void {
    for (const chunk of unread) writeAll(descriptor, chunk, until ?? 0);
    unread.clear();
    written = undefined;
  }

  const replacement = (data: string | Uint8Array, ...rest: unknown[]): boolean => {
    const encoding = rest.find((argument) => typeof argument === 'string');
    const done = rest.find((argument) => typeof argument === 'function');
    const chunk = typeof data === 'string' ? Buffer.from(data, toEncoding(encoding)) : data;
    const read = (error?: Error | null): void => {
      unread.delete(chunk);
      done?.(error);
    };
    if (until === undefined) {
      unread.add(chunk);
      return write(chunk, read);
    }
    if (unread.size > 0) unread.add(chunk);
    else writeAll(descriptor, chunk, until);
    if (done) process.nextTick(done);
    return true;
  };
  Object.defineProperty(stream, 'write', { value: replacement, configurable: true, writable: true });

  return {
    writeDirectly(end) {
      if (until !== undefined) return;
      until = end;
      if (unread.size === 0) return;
      // What the parent had read, it has said before it blocked: that news is in before this immediate runs.
      written = new Promise((resolve) => {
        setImmediate(() => {
          writeUnread();
          resolve();
        });
      });
    },

    flush(sync) {
      if (until === undefined) return sync ? undefined : whenRead(stream);
      if (sync) writeUnread();
      return written;
    },

    restore() {
      Reflect.deleteProperty(stream, 'write');
    },
  };
}

const toEncoding = (encoding: unknown): BufferEncoding =>
  typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8';

export function createConsole(): Console {
  let outputs: Output[] = [];

  function follow({ stdout, stderr }: Direct): void {
    if (outputs.length > 0) return;
    outputs = [
      stdout ? createOutput(process.stdout, 1) : createCaptured(process.stdout),
      stderr ? createOutput(process.stderr, 2) : createCaptured(process.stderr),
    ];
  }

  return {
    follow,

    writeDirectly(direct, until) {
      follow(direct);
      for (const output of outputs) output.writeDirectly(until);
    },

    flush(sync) {
      const waiting = outputs.map((output) => output.flush(sync)).filter((flushed) => flushed !== undefined);
      return waiting.length === 0 ? undefined : Promise.all(waiting);
    },

    restore() {
      for (const output of outputs) output.restore();
      outputs = [];
    },
  };
}
