import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { nameOf } from '../../src/handlers/handler.ts';
import { createRegistry } from '../../src/handlers/registry.ts';
import { disposalOf } from '../../src/handlers/resource.ts';

it.each([5, 60])('agrees with a plain list over random registrations and removals of %i functions', (count) => {
  const registry = createRegistry();
  const called: number[] = [];
  const functions = Array.from({ length: count }, (_, n) => () => called.push(n));
  const list: number[] = [];
  for (let step = 0; step < 4000; step++) {
    const n = (step * 7919 + (step >> 3)) % count;
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
  const addResource = (resource: unknown) => registry.add(resource, [], disposalOf(resource));
  registry.add(function close() {}, []);
  registry.add(() => {}, []);
  addResource(new Server());
  addResource({ [Symbol.dispose]() {} });
  addResource(Object.assign(Object.create(null), { [Symbol.dispose]() {} }));
  const names = Array.from({ length: 5 }, () => registry.take()?.name);
  expect(names).toEqual([
    'resource[Symbol.dispose]',
    'Object[Symbol.dispose]',
    'Server[Symbol.asyncDispose]',
    '(anonymous)',
    'close',
  ]);
});

it('gives each function its arguments, and no this', () => {
  const registry = createRegistry();
  const calls: unknown[] = [];
  function close(this: unknown, ...args: unknown[]): string {
    calls.push([this, ...args]);
    return 'closed';
  }
  expect(registry.add(close, [1, 'two'])).toBe(true);
  expect(registry.add(close, [])).toBe(true);
  expect(registry.take()?.call()).toBe('closed');
  expect(registry.take()?.call()).toBe('closed');
  expect(calls).toEqual([[undefined], [undefined, 1, 'two']]);
});

it('disposes of a resource as its own method, asynchronously where it can be', () => {
  const registry = createRegistry();
  const both = { [Symbol.dispose]: () => 'now', [Symbol.asyncDispose]: () => 'later' };
  const server = {
    port: 80,
    [Symbol.dispose](...args: unknown[]) {
      return [this.port, ...args];
    },
  };
  registry.add(both, [], disposalOf(both));
  registry.add(server, ['unused'], disposalOf(server));
  expect(registry.take()?.call()).toEqual([80]);
  expect(registry.take()?.call()).toBe('later');
});

it.each([
  undefined,
  null,
  'close',
  5,
  Symbol.dispose,
  {},
  [],
  { [Symbol.dispose]: 'no function' },
  { [Symbol.asyncDispose]: null },
])('adds nothing for %s', (key) => {
  const registry = createRegistry();
  expect(registry.add(key, [], disposalOf(key))).toBe(false);
  expect(registry.size).toBe(0);
  expect(registry.take()).toBeUndefined();
});

it('removes what is at either end or between, and nothing for a stranger', () => {
  const registry = createRegistry();
  const [oldest, middle, newest] = [() => 'oldest', () => 'middle', () => 'newest'];
  for (const fn of [oldest, middle, newest]) registry.add(fn, []);
  registry.remove(() => {});
  registry.remove(middle);
  expect(registry.size).toBe(2);
  registry.add(middle, []);
  registry.remove(newest);
  registry.remove(oldest);
  expect(registry.size).toBe(1);
  expect(registry.take()?.call()).toBe('middle');
  expect(registry.take()).toBeUndefined();
  expect(registry.size).toBe(0);
});

it('removes one that was taken and added again', () => {
  const registry = createRegistry();
  const fn = () => {};
  registry.add(fn, []);
  registry.add(fn, []);
  registry.take();
  registry.remove(fn);
  expect(registry.size).toBe(0);
  registry.add(fn, []);
  registry.take();
  registry.remove(fn);
  expect(registry.size).toBe(0);
  expect(registry.take()).toBeUndefined();
});

it('holds on to nothing that was taken or removed', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const registry = createRegistry();
  // In a function of its own, which leaves nothing on the stack.
  const useUp = (): WeakRef<object>[] => {
    const [taken, removed] = [() => new Date(), () => new Date()];
    registry.add(removed, []);
    registry.add(taken, []);
    registry.take();
    registry.remove(removed);
    return [new WeakRef(taken), new WeakRef(removed)];
  };
  registry.add(() => {}, []);
  const refs = useUp();
  await expect
    .poll(() => {
      collect();
      return refs.map((ref) => ref.deref() === undefined);
    })
    .toEqual([true, true]);
});

it('takes for a name what is a text of the function’s own, and nothing else', () => {
  const trap = new Proxy(() => {}, {
    get() {
      throw new Error('called');
    },
  });
  const odd = Object.defineProperty(() => {}, 'name', { value: 5 });
  const { proxy: revoked, revoke } = Proxy.revocable(() => {}, {});
  revoke();
  const nameless = () => {};
  Reflect.deleteProperty(nameless, 'name');
  const named = [function close() {}, () => {}, nameless, trap, revoked, odd, { name: 'object' }, undefined];
  expect(named.map((fn) => nameOf(fn, 'otherwise'))).toEqual(['close', ...Array(7).fill('otherwise')]);
});
