/**
 * The library keeps what it found of its platform when it was loaded. A unit test replaces that afterwards, and a module
 * is to meet what is there at present.
 */
import { vi } from 'vitest';

vi.mock('../../src/platform.ts', async (importOriginal) => {
  const kept = await importOriginal<typeof import('../../src/platform.ts')>();
  const ofGlobal = (name: string): PropertyDescriptor => ({
    get: () => Reflect.get(globalThis, name),
    enumerable: true,
  });
  const ofProcess = (name: string): PropertyDescriptor => ({ get: () => Reflect.get(process, name), enumerable: true });
  const timers = ['Timeout', 'Interval', 'Immediate'].flatMap((name) => [`set${name}`, `clear${name}`]);
  return Object.defineProperties(
    { ...kept },
    {
      ...Object.fromEntries(['process', 'queueMicrotask', ...timers].map((name) => [name, ofGlobal(name)])),
      nextTick: ofProcess('nextTick'),
      hrtime: ofProcess('hrtime'),
      wallClock: { get: () => Date.now, enumerable: true },
    },
  );
});
