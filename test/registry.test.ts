import { expect, it } from 'vitest';
import { createRegistry } from '../src/registry.ts';

it('agrees with a plain list over random registrations and removals', () => {
  const registry = createRegistry();
  const called: number[] = [];
  const functions = [0, 1, 2, 3, 4].map((n) => () => called.push(n));
  const list: number[] = [];
  for (let step = 0; step < 20_000; step++) {
    const n = (step * 7919 + (step >> 3)) % 5;
    const fn = functions[n] ?? (() => {});
    if (step % 11 === 3) {
      registry.remove(fn);
      for (let index = list.length - 1; index >= 0; index--) if (list[index] === n) list.splice(index, 1);
    } else if (step % 5 === 1) {
      called.length = 0;
      registry.take()?.call();
      expect(called).toEqual(list.splice(-1));
    } else {
      registry.add(fn, []);
      list.push(n);
    }
    expect(registry.size).toBe(list.length);
  }
  called.length = 0;
  for (let handler = registry.take(); handler; handler = registry.take()) handler.call();
  expect(called).toEqual(list.reverse());
  expect(registry.size).toBe(0);
});

it('names what it calls', () => {
  const registry = createRegistry();
  class Server {
    async [Symbol.asyncDispose]() {}
  }
  registry.add(function close() {}, []);
  registry.add(() => {}, []);
  registry.add(new Server(), []);
  registry.add({ [Symbol.dispose]() {} }, []);
  registry.add(Object.assign(Object.create(null), { [Symbol.dispose]() {} }), []);
  const names = Array.from({ length: 5 }, () => registry.take()?.name);
  expect(names).toEqual([
    'resource[Symbol.dispose]',
    'Object[Symbol.dispose]',
    'Server[Symbol.asyncDispose]',
    '(anonymous)',
    'close',
  ]);
});
