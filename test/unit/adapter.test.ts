import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { checkPool, instance, isRegistered, type PoolOptions } from '../../src/adapters/adapter.ts';
import { findInstance, type Instance, publishInstance } from '../../src/api/instance.ts';
import { VERSION } from '../../src/wire/reason.ts';

const loaded = findInstance();
const forget = () => Reflect.deleteProperty(globalThis, Symbol.for('worker-atexit'));
afterEach(() => {
  if (loaded) publishInstance(loaded);
});
afterAll(forget);

const misuse = (message: string, code = 'INVALID_ARGUMENT') =>
  expect.objectContaining({ message, code: `ERR_WORKER_ATEXIT_${code}` });

describe('an adapter', () => {
  it('loads the library', () => {
    expect(loaded).toBeDefined();
    expect(instance()).toBe(loaded);
  });

  it('says so where there is none', () => {
    forget();
    expect(instance).toThrow('worker-atexit is not loaded');
  });

  it('asks whichever instance there is for a pool', () => {
    const pool = {};
    const hasPool = vi.fn((owner) => owner === pool);
    publishInstance({ version: VERSION, hasPool } as unknown as Instance);
    expect(isRegistered(pool)).toBe(true);
    expect(isRegistered({})).toBe(false);
  });
});

function registerPool(kind: string, pool: unknown, members: readonly string[], options: PoolOptions = {}): void {
  checkPool(registerPool, kind, pool, members, options);
}
const checkPoolOptions = (options: PoolOptions) => registerPool('Piscina', {}, [], options);

describe('the options of a pool', () => {
  it.each([{}, { name: 'renderer', timeout: 5 }, { force: true }, { force: false }])('may be %j', (options) => {
    expect(checkPoolOptions(options)).toBeUndefined();
  });

  it('have a force that is true or false', () => {
    const options: object = { force: 1 };
    expect(() => checkPoolOptions(options)).toThrow(misuse('options.force must be true or false; it is 1'));
  });

  it('are otherwise a worker’s', () => {
    const options: object = { forse: true };
    expect(() => checkPoolOptions(options)).toThrow(
      misuse('options has no option "forse"; it has name, timeout, force', 'UNKNOWN_OPTION'),
    );
  });
});

describe('a pool', () => {
  it('has every member that is used, its own or inherited', () => {
    class Pool {
      readonly threads = [];
      run(): void {}
    }
    expect(registerPool('Piscina', new Pool(), ['run', 'threads'])).toBeUndefined();
    expect(registerPool('Piscina', {}, [])).toBeUndefined();
  });

  it('lacks none, or it is said which', () => {
    expect(() => registerPool('Piscina', { run() {} }, ['run', 'threads', 'destroy'])).toThrow(
      misuse('pool must be a Piscina pool; it is an object without threads'),
    );
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, '5'],
    [function pool() {}, 'function pool'],
  ])('is not %s', (pool, text) => {
    expect(() => registerPool('Tinypool', pool, ['run'])).toThrow(
      misuse(`pool must be a Tinypool pool; it is ${text}`),
    );
  });
});
