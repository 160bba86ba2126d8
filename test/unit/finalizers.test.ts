import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createFinalize } from '../../src/handlers/finalizers.ts';
import type { Handler } from '../../src/handlers/handler.ts';
import { createRegistry } from '../../src/handlers/registry.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function createScene() {
  const handlers = createRegistry();
  const due: Handler[] = [];
  const finalize = createFinalize(handlers, (handler) => due.push(handler));
  const calls: string[] = [];
  const fn = (): string => {
    calls.push('called');
    return 'result';
  };
  return { handlers, due, calls, finalize, fn };
}

describe('a finalizer', () => {
  it('is a handler of that name, which runs once', () => {
    const { handlers, calls, finalize, fn } = createScene();
    const object = {};
    const finalizer = finalize(object, fn, 'remove');
    expect(finalizer.alive).toBe(true);
    expect(handlers.size).toBe(1);
    const handler = handlers.take();
    expect(handler?.name).toBe('remove');
    expect(handler?.call()).toBe('result');
    expect(finalizer.alive).toBe(false);
    expect(finalizer.call()).toBeUndefined();
    expect(handler?.call()).toBeUndefined();
    expect(calls).toEqual(['called']);
  });

  it('can be called at once, and then is no handler any more', () => {
    const { handlers, calls, finalize, fn } = createScene();
    const finalizer = finalize({}, fn, 'remove');
    expect(finalizer.call()).toBe('result');
    expect(finalizer.alive).toBe(false);
    expect(handlers.size).toBe(0);
    expect(finalizer.call()).toBeUndefined();
    expect(calls).toEqual(['called']);
  });

  it('can be detached, if it is not too late', () => {
    const { handlers, calls, finalize, fn } = createScene();
    const finalizer = finalize({}, fn, 'remove');
    expect(finalizer.detach()).toBe(true);
    expect(finalizer.detach()).toBe(false);
    expect(finalizer.alive).toBe(false);
    expect(finalizer.call()).toBeUndefined();
    expect(handlers.size).toBe(0);
    expect(calls).toEqual([]);
  });

  it('can be disposed of', () => {
    const { calls, finalize, fn } = createScene();
    const finalizer = finalize({}, fn, 'remove');
    expect(finalizer[Symbol.dispose]()).toBeUndefined();
    finalizer[Symbol.dispose]();
    expect(calls).toEqual(['called']);
  });

  it('passes on what its function throws, and is not called again', () => {
    const { finalize } = createScene();
    const fail = (): never => {
      throw new Error('no');
    };
    const finalizer = finalize({}, fail, 'fail');
    expect(() => finalizer.call()).toThrow('no');
    expect(finalizer.call()).toBeUndefined();
  });
});

describe('once its object is collected', () => {
  it('a finalizer is due, by its name', async () => {
    const { due, calls, handlers, finalize, fn } = createScene();
    const finalizeGarbage = () => finalize({ garbage: true }, fn, 'remove');
    const finalizer = finalizeGarbage();
    await expect
      .poll(() => {
        collect();
        return due.map(({ name }) => name);
      })
      .toEqual(['remove']);
    expect(calls).toEqual([]);
    expect(finalizer.alive).toBe(true);
    expect(due[0]?.call()).toBe('result');
    expect(finalizer.alive).toBe(false);
    expect(handlers.size).toBe(0);
  });

  it('one that was detached is not, nor one whose object lives', async () => {
    const { due, finalize, fn } = createScene();
    const kept = {};
    finalize(kept, fn, 'kept');
    const finalizeGarbage = (name: string) => finalize({ garbage: true }, fn, name);
    finalizeGarbage('detached').detach();
    finalizeGarbage('remove');
    await expect
      .poll(() => {
        collect();
        return due.length;
      })
      .toBeGreaterThan(0);
    expect(due.map(({ name }) => name)).toEqual(['remove']);
    expect(kept).toEqual({});
  });
});
