import { constants } from 'node:os';
import { expect, it } from 'vitest';
import { isSignal, signalName, signalNumber } from '../../src/signal-names.ts';

it('knows the signals of this system', () => {
  for (const name of Object.keys(constants.signals)) expect(isSignal(name)).toBe(true);
});

it.each(['SIGFOO', 'sigint', 'toString', '', 2, undefined, null, ['SIGINT']])('takes %s for no signal', (name) => {
  expect(isSignal(name)).toBe(false);
});

it('finds a signal’s number, and by that its name again', () => {
  expect(signalNumber('SIGINT')).toBe(2);
  expect(signalNumber('SIGTERM')).toBe(15);
  expect(signalName(2)).toBe('SIGINT');
  expect(signalName(15)).toBe('SIGTERM');
});

it('has the number 0 for a signal that the system does not have, and no name for that', () => {
  expect(signalNumber('SIGBREAK')).toBe(0);
  expect(signalName(0)).toBeUndefined();
  expect(signalName(1000)).toBeUndefined();
});
