/** Loaded where a signal has to be named: few threads ever do. */
import { process } from './platform.ts';

const signals = (): Readonly<Record<string, number>> => process.getBuiltinModule('node:os').constants.signals;

/** Whether this system has a signal of that name. */
export function isSignal(name: unknown): name is NodeJS.Signals {
  return typeof name === 'string' && Object.hasOwn(signals(), name);
}

/** The signal's number on this system; 0 for one that it has not. */
export const signalNumber = (signal: NodeJS.Signals): number => signals()[signal] ?? 0;

/** The inverse of {@link signalNumber}. */
export const signalName = (number: number): NodeJS.Signals | undefined =>
  Object.keys(signals())
    .filter(isSignal)
    .find((name) => signalNumber(name) === number);
