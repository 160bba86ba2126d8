import { afterEach, describe, expect, it } from 'vitest';
import { findInstance, type Instance, publishInstance } from '../../src/api/instance.ts';
import { VERSION } from '../../src/wire/reason.ts';

const INSTANCE = Symbol.for('worker-atexit');
afterEach(() => Reflect.deleteProperty(globalThis, INSTANCE));

const create = (version: unknown) => ({ version }) as Instance;

describe('the one instance of a thread', () => {
  it('is none until a copy of the library has made it', () => {
    expect(findInstance()).toBeUndefined();
  });

  it('is found by every copy', () => {
    const instance = create(VERSION);
    expect(publishInstance(instance)).toBe(instance);
    expect(findInstance()).toBe(instance);
    // By its name alone: another copy has nothing else in common with this one.
    expect(Reflect.get(globalThis, INSTANCE)).toBe(instance);
    expect(Object.keys(globalThis)).not.toContain(INSTANCE);
  });

  it('can be replaced', () => {
    publishInstance(create(VERSION));
    const other = create(VERSION);
    publishInstance(other);
    expect(findInstance()).toBe(other);
  });

  it('is refused where it is of another protocol, and it is said what to do', () => {
    publishInstance(create(VERSION + 1));
    expect(findInstance).toThrow(
      expect.objectContaining({
        code: 'ERR_WORKER_ATEXIT_VERSION_MISMATCH',
        message:
          `two copies of worker-atexit in one thread do not fit together: protocol ${VERSION + 1} is loaded, ` +
          `and this is ${VERSION}; install one version`,
      }),
    );
  });

  it.each([undefined, null, 5, 'instance', {}, { version: `${VERSION}` }])('is not %j', (value) => {
    Reflect.set(globalThis, INSTANCE, value);
    expect(findInstance()).toBeUndefined();
  });
});
