/** The signals that the main thread listens to. What one does is up to the signal route, which may be loaded only then. */
import { asKept } from '../iteration.ts';
import { process } from '../platform.ts';

export interface HearingSignals {
  /** From now on it listens to these, and to no others. */
  listenTo(wanted: readonly NodeJS.Signals[]): void;
}

export function createHearingSignals(onSignal: (signal: NodeJS.Signals) => void): HearingSignals {
  const listeners = new Map<NodeJS.Signals, () => void>();

  return {
    listenTo(wanted) {
      for (const signal of wanted) {
        if (listeners.has(signal)) continue;
        // Who emits the event in place of the system may leave out the signal's name.
        const listener = (): void => asKept(() => onSignal(signal));
        process.prependListener(signal, listener);
        listeners.set(signal, listener);
      }
      // Those that stay are left alone: a signal that has come when its only listener is taken away is lost.
      for (const [signal, listener] of listeners) {
        if (wanted.includes(signal)) continue;
        process.off(signal, listener);
        listeners.delete(signal);
      }
    },
  };
}
