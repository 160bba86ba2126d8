import { expect, it } from 'vitest';
import { now } from '../../src/clock.ts';
import { LONGEST } from '../../src/times.ts';

it('counts milliseconds on the clock of the process', () => {
  const before = Number(process.hrtime.bigint()) / 1e6;
  const read = now();
  const after = Number(process.hrtime.bigint()) / 1e6;
  expect(read).toBeGreaterThanOrEqual(before - 0.01);
  expect(read).toBeLessThanOrEqual(after + 0.01);
});

it('knows the longest time that Node accepts for a timer', () => {
  const timer = setTimeout(() => {}, LONGEST);
  // One that it does not accept becomes 1 ms.
  expect(Reflect.get(timer, '_idleTimeout')).toBe(LONGEST);
  clearTimeout(timer);
  expect(LONGEST).toBe(0x7fff_ffff);
});
