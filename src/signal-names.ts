import { constants } from 'node:os';

/** Whether this system has a signal of that name. */
export function isSignal(name: unknown): name is NodeJS.Signals {
  return typeof name === 'string' && Object.hasOwn(constants.signals, name);
}

/** The signal's number on this system; 0 for one that it has not. */
export const signalNumber = (signal: NodeJS.Signals): number => constants.signals[signal] ?? 0;

/** The inverse of {@link signalNumber}. */
export const signalName = (number: number): NodeJS.Signals | undefined =>
  Object.keys(constants.signals)
    .filter(isSignal)
    .find((name) => signalNumber(name) === number);
