import { expect, it } from 'vitest';

const house: { inspect(): Promise<{ faults: string[]; found: string; drawn: string }> } = await import(
  `${import.meta.dirname}/../scripts/house.js`
);
const { faults, found, drawn } = await house.inspect();

it('has no import in a circle, none that goes upwards, and no room without a wing', () => {
  expect(faults).toEqual([]);
});

it('is what ARCHITECTURE.md draws', () => {
  expect(found).toBe(drawn);
});
