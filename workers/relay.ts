/**
 * A worker's console. What it prints travels through its parent's event loop, in pieces that the parent asks for; a
 * parent that blocks in a synchronous route asks no more. So from the order on, a worker's output goes over its link:
 * the parent reads that in either way, and before the ack.
 */
import { type Chunk, whenWritten } from '../src/output/output.ts';
import { nextTick, process } from '../src/platform.ts';
import { isReplaceable, standIn } from '../src/stand-in.ts';
import type { Streams } from '../src/wire/messages.ts';

export interface Console {
  /** From now on what this thread prints goes to `print`, for the streams that nobody captures. */
  relay(streams: Streams, print: (stream: keyof Streams, chunk: Chunk) => void): void;
  /** What was printed before is read first; undefined if it is. `sync`: nobody reads it any more. */
  flush(sync: boolean): Promise<unknown> | undefined;
  restore(): void;
}

interface Output {
  flush(sync: boolean): Promise<unknown> | undefined;
  restore(): void;
}

/** What was printed, as it is now: a buffer may be filled anew by whoever printed it. */
function toChunk(data: string | ArrayBufferView, encoding: unknown): Chunk {
  if (typeof data !== 'string') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  if (typeof encoding !== 'string' || !Buffer.isEncoding(encoding) || /^utf-?8$/i.test(encoding)) return data;
  return Uint8Array.from(Buffer.from(data, encoding));
}

/** This thread's stream; undefined where the program has put something else in its place, which goes where it wants. */
function streamOf(name: keyof Streams): NodeJS.WriteStream | undefined {
  try {
    const stream = process[name];
    return typeof stream.writableLength === 'number' ? stream : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined where the stream does not let itself be relayed. */
function createOutput(stream: NodeJS.WriteStream, print: (chunk: Chunk) => void): Output | undefined {
  if (!isReplaceable(stream, 'write')) return undefined;
  /** What is printed while the parent still reads what was printed before. */
  let held: Chunk[] | undefined;
  let release = (): void => {};

  let released: Promise<void> | undefined;

  const reading = whenWritten(stream);
  if (reading) {
    held = [];
    released = new Promise((resolve) => {
      release = () => {
        for (const chunk of held ?? []) print(chunk);
        held = undefined;
        resolve();
      };
    });
    reading.then(release);
  }

  const relaying = standIn(stream, 'write', (next, data, ...rest) => {
    // Node has an error for what cannot be written.
    if (typeof data !== 'string' && !ArrayBuffer.isView(data)) return next(data, ...rest);
    const done = rest.find((argument) => typeof argument === 'function');
    const chunk = toChunk(data, rest[0]);
    if (held) held.push(chunk);
    else print(chunk);
    if (done) nextTick(done);
    return true;
  });

  return {
    flush(sync) {
      if (sync) release();
      return held && released;
    },
    restore() {
      release();
      relaying.takeAway();
    },
  };
}

/** A stream that somebody captures, or that cannot be relayed, stays as it is. */
function createCaptured(stream: NodeJS.WriteStream): Output {
  let release = (): void => {};
  return {
    flush(sync) {
      if (sync) release();
      const reading = sync ? undefined : whenWritten(stream);
      return (
        reading &&
        new Promise<void>((resolve) => {
          release = resolve;
          reading.then(resolve);
        })
      );
    },
    restore() {},
  };
}

export function createConsole(): Console {
  let outputs: Output[] = [];

  return {
    relay({ stdout, stderr }, print) {
      if (outputs.length > 0) return;
      const open = (name: keyof Streams, isRelayed: boolean): void => {
        const stream = streamOf(name);
        if (!stream) return;
        const relayed = isRelayed ? createOutput(stream, (chunk) => print(name, chunk)) : undefined;
        outputs.push(relayed ?? createCaptured(stream));
      };
      open('stdout', stdout);
      open('stderr', stderr);
    },

    flush(sync) {
      let waiting: Promise<unknown>[] | undefined;
      for (const output of outputs) {
        const flushed = output.flush(sync);
        if (flushed) waiting = [...(waiting ?? []), flushed];
      }
      return waiting && Promise.all(waiting);
    },

    restore() {
      for (const output of outputs) output.restore();
      outputs = [];
    },
  };
}
