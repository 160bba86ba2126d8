/** A worker's console: its streams stand in for those that its parent reads, one chunk at a time. */
import type { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConsole } from '../../workers/relay.ts';
import { createProcess, createStream, isPending } from './stand-ins.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

let [out, err] = [createStream(), createStream()];
let printed: [string, unknown][];
const print = (stream: string, chunk: unknown): void => void printed.push([stream, chunk]);
const both = { stdout: true, stderr: true };
beforeEach(() => {
  [out, err, printed] = [createStream(), createStream(), []];
  vi.stubGlobal('process', createProcess({ stdout: out.stream, stderr: err.stream }));
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** Whether nothing is waited for, or no more. */
async function isFlushed(waiting: Promise<unknown> | undefined): Promise<boolean> {
  await turn();
  return !(await isPending(waiting));
}

describe('what is printed after the order', () => {
  it('goes over the link, from either stream', () => {
    createConsole().relay(both, print);
    expect(process.stdout.write('one')).toBe(true);
    process.stderr.write('two');
    expect(printed).toEqual([
      ['stdout', 'one'],
      ['stderr', 'two'],
    ]);
    expect([out.taken, err.taken]).toEqual([[], []]);
  });

  it('goes there for the streams that nobody captures', () => {
    createConsole().relay({ stdout: false, stderr: true }, print);
    process.stdout.write('one');
    process.stderr.write('two');
    expect(printed).toEqual([['stderr', 'two']]);
    expect(out.taken).toEqual(['one']);
  });

  it('goes there once, whatever comes after the order', () => {
    const console = createConsole();
    console.relay({ stdout: true, stderr: false }, print);
    console.relay(both, print);
    process.stdout.write('one');
    process.stderr.write('two');
    expect(printed).toEqual([['stdout', 'one']]);
  });

  it('is as it was when it was printed', () => {
    createConsole().relay(both, print);
    const bytes = new Uint8Array([97, 98, 99, 100]);
    process.stdout.write(bytes.subarray(1, 3));
    const words = new Uint16Array([0x6161, 0x6262]);
    Reflect.apply(process.stdout.write, process.stdout, [words.subarray(1)]);
    bytes.fill(0);
    words.fill(0);
    expect(printed).toEqual([
      ['stdout', new Uint8Array([98, 99])],
      ['stdout', new Uint8Array([98, 98])],
    ]);
  });

  it.each<[unknown, string | Uint8Array]>([
    [undefined, '6869'],
    ['utf8', '6869'],
    ['utf-8', '6869'],
    ['UTF8', '6869'],
    ['no encoding', '6869'],
    [{ encoding: 'hex' }, '6869'],
    ['hex', new Uint8Array([104, 105])],
    ['not-utf8', '6869'],
    ['latin1', new Uint8Array([54, 56, 54, 57])],
    ['utf16le', new Uint8Array([54, 0, 56, 0, 54, 0, 57, 0])],
  ])('in the encoding %s arrives as it was meant', (encoding, expected) => {
    createConsole().relay(both, print);
    Reflect.apply(process.stdout.write, process.stdout, ['6869', encoding]);
    expect(printed).toEqual([['stdout', expected]]);
    expect(Object.getPrototypeOf(printed[0]?.[1])).toBe(Object.getPrototypeOf(expected));
  });

  it('is called done later, whether or not there is an encoding', async () => {
    createConsole().relay(both, print);
    const done: string[] = [];
    process.stdout.write('one', () => done.push('one'));
    process.stdout.write('two', 'utf8', () => done.push('two'));
    expect(done).toEqual([]);
    await turn();
    expect(done).toEqual(['one', 'two']);
  });

  it.each([5, null, undefined, {}])('is Node’s matter where it is %j', (data) => {
    const original = vi.spyOn(out.stream, 'write').mockReturnValue(false);
    createConsole().relay(both, print);
    const done = (): void => {};
    expect(Reflect.apply(process.stdout.write, process.stdout, [data, 'utf8', done])).toBe(false);
    expect(original.mock.calls).toEqual([[data, 'utf8', done]]);
    expect(original.mock.contexts).toEqual([out.stream]);
    expect(printed).toEqual([]);
  });
});

describe('what was printed before the order', () => {
  it('is read first', async () => {
    out.stream.write('before');
    const console = createConsole();
    console.relay(both, print);
    process.stdout.write('one');
    process.stdout.write('two');
    const flushed = console.flush(false);
    expect(await isFlushed(flushed)).toBe(false);
    expect(printed).toEqual([]);
    out.take();
    await turn();
    out.take();
    expect(await isFlushed(flushed)).toBe(true);
    expect(out.taken).toEqual(['before', '']);
    expect(printed).toEqual([
      ['stdout', 'one'],
      ['stdout', 'two'],
    ]);
    process.stdout.write('three');
    expect(printed.slice(2)).toEqual([['stdout', 'three']]);
    expect(console.flush(false)).toBeUndefined();
  });

  it('holds up its own stream only', () => {
    out.stream.write('before');
    const console = createConsole();
    console.relay(both, print);
    process.stderr.write('one');
    expect(printed).toEqual([['stderr', 'one']]);
  });

  it('is not waited for where nobody reads it any more', async () => {
    out.stream.write('before');
    const console = createConsole();
    console.relay(both, print);
    process.stdout.write('one');
    const flushed = console.flush(false);
    expect(console.flush(true)).toBeUndefined();
    expect(printed).toEqual([['stdout', 'one']]);
    expect(await isFlushed(flushed)).toBe(true);
    // It is read after all, and nothing is printed again.
    out.take();
    await turn();
    out.take();
    await turn();
    expect(printed).toHaveLength(1);
  });

  it('is nothing to wait for where there is nothing', () => {
    const console = createConsole();
    expect(console.flush(false)).toBeUndefined();
    console.relay(both, print);
    expect(console.flush(false)).toBeUndefined();
    expect(console.flush(true)).toBeUndefined();
  });

  it('is waited for on every stream', async () => {
    for (const { stream } of [out, err]) stream.write('before');
    const console = createConsole();
    console.relay(both, print);
    const flushed = console.flush(false);
    for (const { take } of [out, err]) {
      expect(await isFlushed(flushed)).toBe(false);
      take();
      await turn();
      take();
    }
    expect(await isFlushed(flushed)).toBe(true);
  });
});

describe('a stream that somebody captures', () => {
  const captured = { stdout: false, stderr: false };

  it('is waited for until all is read', async () => {
    const console = createConsole();
    console.relay(captured, print);
    expect(console.flush(false)).toBeUndefined();
    process.stdout.write('one');
    const flushed = console.flush(false);
    expect(await isFlushed(flushed)).toBe(false);
    out.take();
    await turn();
    out.take();
    expect(await isFlushed(flushed)).toBe(true);
    expect(out.taken).toEqual(['one', '']);
  });

  it('is not waited for where nobody reads it any more', async () => {
    const console = createConsole();
    console.relay(captured, print);
    process.stdout.write('one');
    const flushed = console.flush(false);
    expect(console.flush(true)).toBeUndefined();
    expect(await isFlushed(flushed)).toBe(true);
    expect(out.taken).toEqual(['one']);
  });

  it('is waited for by all who wait', async () => {
    const console = createConsole();
    console.relay(captured, print);
    process.stdout.write('one');
    const flushed = [console.flush(false), console.flush(false)];
    for (const waiting of flushed) expect(await isFlushed(waiting)).toBe(false);
    for (let chunk = 0; chunk < 3; chunk++) {
      out.take();
      await turn();
    }
    for (const waiting of flushed) expect(await isFlushed(waiting)).toBe(true);
  });

  it('stays as it is', () => {
    const console = createConsole();
    console.relay(captured, print);
    expect(Object.hasOwn(out.stream, 'write')).toBe(false);
    console.restore();
    expect(Object.hasOwn(out.stream, 'write')).toBe(false);
  });
});

describe('the streams', () => {
  it('are as before when all is over', () => {
    const own = vi.fn(() => true);
    Object.assign(err.stream, { write: own });
    const console = createConsole();
    console.relay(both, print);
    expect(process.stderr.write).not.toBe(own);
    console.restore();
    expect(Object.hasOwn(out.stream, 'write')).toBe(false);
    expect(process.stderr.write).toBe(own);
    process.stdout.write('one');
    expect(out.taken).toEqual(['one']);
    expect(printed).toEqual([]);
  });

  it('are not before what was held is printed', async () => {
    out.stream.write('before');
    const console = createConsole();
    console.relay(both, print);
    process.stdout.write('one');
    const flushed = console.flush(false);
    console.restore();
    expect(printed).toEqual([['stdout', 'one']]);
    expect(await isFlushed(flushed)).toBe(true);
  });

  it('can go over the link again', () => {
    const console = createConsole();
    console.relay(both, print);
    console.restore();
    expect(console.flush(false)).toBeUndefined();
    console.relay(both, print);
    process.stdout.write('one');
    expect(printed).toEqual([['stdout', 'one']]);
  });

  it('may be wrapped by others meanwhile', () => {
    const console = createConsole();
    console.relay(both, print);
    const { write } = process.stdout;
    const wrapped = vi.fn(write);
    Reflect.set(process.stdout, 'write', wrapped);
    process.stdout.write('one');
    expect(printed).toEqual([['stdout', 'one']]);
    expect(Object.getOwnPropertyDescriptor(process.stdout, 'write')).toMatchObject({
      configurable: true,
      writable: true,
    });
  });

  it.each([
    ['has a write() for good', (stream: Writable) => Object.defineProperty(stream, 'write', { value: stream.write })],
    ['takes no property', (stream: Writable) => Object.preventExtensions(stream)],
  ])('stay as they are where one %s, which is waited for all the same', async (_, close) => {
    const { write } = close(out.stream);
    process.stdout.write('before');
    const console = createConsole();
    console.relay(both, print);
    expect(process.stdout.write).toBe(write);
    process.stderr.write('two');
    expect(printed).toEqual([['stderr', 'two']]);
    expect(await isFlushed(console.flush(false))).toBe(false);
    console.restore();
    expect(process.stdout.write).toBe(write);
  });

  it.each([
    ['nothing', { value: undefined }],
    ['a sink', { value: { write: () => true } }],
    [
      'an error',
      {
        get() {
          throw new Error('no stdout');
        },
      },
    ],
  ])('are left alone where there is %s in the place of one', (_, stdout) => {
    const stub = Object.defineProperty(createProcess({ stdout: out.stream, stderr: err.stream }), 'stdout', stdout);
    vi.stubGlobal('process', stub);
    const console = createConsole();
    console.relay(both, print);
    process.stderr.write('two');
    expect(printed).toEqual([['stderr', 'two']]);
    expect(console.flush(false)).toBeUndefined();
    console.restore();
  });
});
