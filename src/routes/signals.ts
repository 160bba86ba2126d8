/** The signal route of the main thread: who may handle a signal, and what a second one does. */
import { now } from '../clock.ts';
import { AUTO_SIGNALS } from '../options.ts';
import { clearTimeout, process, setImmediate, setTimeout } from '../platform.ts';
import { signalNumber } from '../signal-names.ts';
import { createHearingSignals, type HearingSignals } from '../thread/hearing-signals.ts';
import type { ExitListener, Routes, Thread } from '../thread/parts.ts';
import { SAME_KEYSTROKE } from '../times.ts';
import { exitProcess } from './ending.ts';

/** In so many pieces is that waited for; a turn that takes longer than a piece counts as one. */
const TICKS = 10;

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

/** A keyboard's signals. Whoever else has lost patience sends SIGKILL. */
const KEYBOARD: readonly NodeJS.Signals[] = ['SIGINT', 'SIGBREAK'];

export interface SignalRoute extends ExitListener, Pick<Routes, 'onSignal'> {
  /** Somebody else's order to end has begun a shutdown: a signal from now on is that order, heard again. */
  ordered(): void;
}

/**
 * Since when a signal is a second one. A thread that was blocked hears all that came meanwhile in one turn, so not the
 * time counts, but in how many turns a timer was due.
 */
function createPause(): { begin(): void; readonly isOver: boolean } {
  let left = 0;
  let timer: NodeJS.Timeout | undefined;
  const tick = (): void => {
    if (--left > 0) wait();
  };
  const wait = (): void => {
    timer = setTimeout(tick, SAME_KEYSTROKE / TICKS).unref();
  };
  return {
    begin() {
      clearTimeout(timer);
      left = TICKS;
      wait();
    },
    get isOver() {
      return left <= 0;
    },
  };
}

/** `heard`: what hears signals, which may listen already. */
export function createSignalRoute(thread: Thread, heard?: HearingSignals): SignalRoute {
  const hearing = heard ?? createHearingSignals(onSignal);
  const pause = createPause();
  /** What has begun the shutdown: a signal or an order. Undefined where it was neither. */
  let begunBy: NodeJS.Signals | 'order' | undefined;
  let isToldOfAgain = false;

  const isAgain = (): boolean =>
    thread.ending !== undefined && (begunBy === 'order' || (begunBy !== undefined && begunBy === thread.ending.signal));

  function onSignal(signal: NodeJS.Signals): void {
    // First in line, so that a listener of the program's that goes by `once` is still there to be counted.
    const others = process.listenerCount(signal) - 1 - signalExitListeners();
    if (thread.settings.signals === 'auto' && others > 0) return;
    if (isAgain()) hearAgain(signal);
    else begin(signal);
  }

  function begin(signal: NodeJS.Signals): void {
    begunBy = signal;
    isToldOfAgain = false;
    const exitCode = 128 + signalNumber(signal);
    process.exitCode = exitCode;
    thread.ending = { signal, heardAt: now() };
    pause.begin();
    // Handlers wait until everybody has heard the signal: a listener may have to pass it on, before its patience ends who
    // waits for that.
    setImmediate(() => {
      thread.shutDown({ reason: { route: 'signal', signal, exitCode } }).then(exitProcess);
    });
  }

  function hearAgain(signal: NodeJS.Signals): void {
    if (!pause.isOver) return;
    if (KEYBOARD.includes(signal)) {
      thread.log(`${signal} again: the shutdown is cut short, what is left to do is done synchronously`);
      exitProcess();
    } else if (!isToldOfAgain) {
      isToldOfAgain = true;
      thread.log(`${signal} again: ignored, the shutdown goes on until its deadline`);
    }
  }

  return {
    onSignal,

    ordered() {
      if (isAgain()) return;
      begunBy = 'order';
      isToldOfAgain = false;
      pause.begin();
    },

    install() {
      const { signals } = thread.settings;
      hearing.listenTo(signals === 'auto' ? AUTO_SIGNALS : signals);
    },

    uninstall() {
      begunBy = undefined;
      hearing.listenTo([]);
    },
  };
}
