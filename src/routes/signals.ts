/** The signal route of the main thread: who may handle a signal, and what a second one does. */
import { now } from '../clock.ts';
import { AUTO_SIGNALS } from '../options.ts';
import { signalNumber } from '../signal-names.ts';
import type { Route, Thread } from '../thread/parts.ts';
import { exitProcess } from './ending.ts';

/** A signal that comes again so soon is the same keystroke, handed on by a parent such as npm: ms. */
const SAME_KEYSTROKE = 250;

/**
 * signal-exit listens to signals only to act when nobody else does, so its listeners are no decision of the program's.
 * Versions 3 and 4 keep count of them in places of their own.
 */
function signalExitListeners(): number {
  const emitters: unknown[] = [
    Reflect.get(globalThis, Symbol.for('signal-exit emitter')),
    Reflect.get(process, '__signal_exit_emitter__'),
  ];
  return emitters.reduce<number>((sum, emitter) => {
    const count: unknown = typeof emitter === 'object' && emitter !== null && 'count' in emitter ? emitter.count : 0;
    return sum + (typeof count === 'number' ? count : 0);
  }, 0);
}

export function createSignalRoute(thread: Thread): Route {
  const installed = new Set<NodeJS.Signals>();
  let first: number | undefined;

  function onSignal(signal: NodeJS.Signals): void {
    // First in line, so that a listener of the program's that goes by `once` is still there to be counted.
    const others = process.listenerCount(signal) - 1 - signalExitListeners();
    if (thread.settings.signals === 'auto' && others > 0) return;
    if (thread.ending?.signal === undefined || first === undefined) {
      first = now();
      const exitCode = 128 + signalNumber(signal);
      process.exitCode = exitCode;
      thread.ending = { signal };
      thread.shutDown({ reason: { route: 'signal', signal, exitCode } }).then(exitProcess);
    } else if (now() - first >= SAME_KEYSTROKE) {
      thread.log(`${signal} again: the shutdown is cut short, what is left to do is done synchronously`);
      exitProcess();
    }
  }

  return {
    install() {
      first = undefined;
      const { signals } = thread.settings;
      const wanted = signals === 'auto' ? AUTO_SIGNALS : signals;
      for (const signal of wanted) {
        if (!installed.has(signal)) process.prependListener(signal, onSignal);
        installed.add(signal);
      }
      // Those that stay are left alone: a signal that has come when its only listener is taken away is lost.
      for (const signal of installed) {
        if (wanted.includes(signal)) continue;
        process.off(signal, onSignal);
        installed.delete(signal);
      }
    },

    uninstall() {
      for (const signal of installed) process.off(signal, onSignal);
      installed.clear();
    },
  };
}
