import type { Writable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { now } from '../../src/clock.ts';
import { whenWritten, writeDirectly } from '../../src/output/output.ts';
import { ignoreErrors } from '../../src/output/silence.ts';
import { createStream } from './stand-ins.ts';

// A pipe that is full, or breaks, cannot be had without a process at its other end: only this call is not real.
const written = vi.spyOn(process.getBuiltinModule('node:fs'), 'writeSync');

afterEach(() => {
  written.mockReset();
});

describe('a stream', () => {
  const whenPassedOn = (stream: Writable) => whenWritten(stream as NodeJS.WriteStream);

  it('has nothing to wait for while nothing was written', () => {
    expect(whenPassedOn(createStream().stream)).toBeUndefined();
  });

  it('is not waited for where it does not say what it holds', () => {
    expect(whenWritten({ write: () => true } as unknown as NodeJS.WriteStream)).toBeUndefined();
  });

  it('is waited for until its reader has taken all that was written', async () => {
    const { stream, take, taken } = createStream();
    stream.write('one');
    stream.write('two');
    let isWritten = false;
    const waiting = whenPassedOn(stream)?.then(() => {
      isWritten = true;
    });
    for (const _ of ['one', 'two']) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(isWritten).toBe(false);
      take();
    }
    await new Promise((resolve) => setImmediate(resolve));
    take();
    await waiting;
    expect(taken.join('')).toBe('onetwo');
    expect(isWritten).toBe(true);
  });
});

describe('the descriptor itself', () => {
  const full = () => Object.assign(new Error('full'), { code: 'EAGAIN' });
  const texts = () => written.mock.calls.map(([descriptor, bytes, offset]) => [descriptor, String(bytes), offset]);

  it.each([
    ['stdout', 1],
    ['stderr', 2],
  ] as const)('of %s is %d', (stream, descriptor) => {
    written.mockReturnValue(5);
    writeDirectly(stream, 'hello', now());
    writeDirectly(stream, Buffer.from('world'), now());
    expect(texts()).toEqual([
      [descriptor, 'hello', 0],
      [descriptor, 'world', 0],
    ]);
  });

  it('may take a chunk in pieces', () => {
    written.mockReturnValueOnce(3).mockReturnValueOnce(4).mockReturnValueOnce(2);
    writeDirectly('stdout', 'pieces ü', now());
    expect(texts().map(([, , offset]) => offset)).toEqual([0, 3, 7]);
    // Of bytes, that is: a text has fewer characters.
    expect(written.mock.calls[0]?.[1]).toEqual(Buffer.from('pieces ü'));
  });

  it('is not called for nothing', () => {
    writeDirectly('stdout', '', now());
    expect(written).not.toHaveBeenCalled();
  });

  it('is tried again while the pipe is full', () => {
    for (let time = 0; time < 3; time++) {
      written.mockImplementationOnce(() => {
        throw full();
      });
    }
    written.mockReturnValueOnce(5);
    writeDirectly('stdout', 'hello', now() + 10_000);
    expect(written).toHaveBeenCalledTimes(4);
  });

  it('is given up when the time is up', () => {
    written.mockImplementation(() => {
      throw full();
    });
    const startedAt = now();
    writeDirectly('stdout', 'hello', startedAt + 300);
    expect(now()).toBeGreaterThan(startedAt + 300);
    // It was not tried without a break.
    expect(written.mock.calls.length).toBeGreaterThan(1);
    expect(written.mock.calls.length).toBeLessThan(1000);
  });

  it.each([
    ['an error of another kind', () => Object.assign(new Error('closed'), { code: 'EPIPE' })],
    ['an error without a code', () => new Error('no code')],
    ['what is no error', () => ({ code: 'EAGAIN' })],
  ])('is given up at %s', (_, thrown) => {
    written.mockImplementation(() => {
      throw thrown();
    });
    writeDirectly('stdout', 'hello', now() + 300);
    expect(written).toHaveBeenCalledTimes(1);
  });
});

it('errors are ignored without a word about many listeners, as many as there are workers whose output is piped there', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const { stream } = createStream();
  const most = stream.getMaxListeners();
  stream.setMaxListeners(0);
  for (let worker = 0; worker < 16; worker++) stream.on('error', () => {});
  stream.setMaxListeners(most);
  ignoreErrors(stream as NodeJS.WriteStream);
  expect(stream.listenerCount('error')).toBe(17);
  expect(stream.getMaxListeners()).toBe(most);
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});
