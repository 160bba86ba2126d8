/** The options of `configure()`: their defaults, and what they may be. */
import { checkOptions, checkTimeout, misuse, shown } from './misuse.ts';
import { process } from './platform.ts';
import type { ShutdownReport } from './report/report.ts';
import { isSignal } from './signal-names.ts';
import { SYNC_TIMEOUT, TIMEOUT } from './times.ts';

/** What {@link configure} takes. */
export interface Options {
  /**
   * ms for the whole asynchronous sequence; default 8000, since `docker stop` kills after 10 s. The drain stage may
   * use it to 50 %, the workers stage to 75 %, the handlers to 100 %; time that is not used rolls on.
   */
  timeout?: number;
  /** ms for which a synchronous route blocks for workers; default 1000. Handlers are each called, whatever it is. */
  syncTimeout?: number;
  /**
   * `'auto'`: SIGINT, SIGTERM, SIGHUP (SIGBREAK on Windows), each only while the program has no listener of its own for
   * it. An array: those, always. `[]`: none.
   */
  signals?: 'auto' | readonly NodeJS.Signals[];
  /**
   * On an uncaught error: `'sync'` runs the synchronous route, Node's own report and exit code untouched. `'graceful'`
   * runs the whole sequence and then throws the error again. `'off'` runs nothing.
   */
  crash?: 'sync' | 'graceful' | 'off';
  /** Whether to shut down on the parent's `disconnect` or PM2's `'shutdown'` message. Keeps a forked child alive. */
  ipc?: boolean;
  /** The exit code where it would have been 0 but something was not clean; default 1, 0 turns this off. */
  failureExitCode?: number;
  /**
   * Whether a main thread that is still blocked 500 ms after `timeout` is reported and the process ended (SIGKILL).
   * `'auto'`: by a worker that has acked; without workers by nobody. `true`: by a thread that is started for it then.
   * `false`: by nobody. Off while an inspector is attached.
   */
  watchdog?: 'auto' | boolean;
  /**
   * What a call of `process.exit()` in the main thread does. `'sync'`: the synchronous route. `'graceful'`: it sets the exit
   * code, begins the asynchronous sequence and throws a {@link ShutdownError} that nobody need catch, as Python's
   * `sys.exit` does. Inside a handler or an `'exit'` listener, and once the shutdown has begun, it is as ever.
   */
  exit?: 'sync' | 'graceful';
  /** `'auto'`: the terms of PM2 and systemd are kept where the environment says that one of them is there. `'none'`: not. */
  supervisor?: 'auto' | 'none';
  /** Where a failure is named; default: stderr. `false`: nowhere. */
  logger?: { error(message: string): void } | false;
  /** Called with the report, synchronously, last of all. */
  onReport?: ((report: ShutdownReport) => void) | undefined;
}

export type Settings = Required<Options>;

/** Written to stderr by way of the stream, so that a program that redirects it gets these lines, too. */
const stderr = { error: (message: string): void => void process.stderr.write(`${message}\n`) };

export const defaults: Settings = {
  timeout: TIMEOUT,
  syncTimeout: SYNC_TIMEOUT,
  signals: 'auto',
  crash: 'sync',
  ipc: false,
  failureExitCode: 1,
  watchdog: 'auto',
  exit: 'sync',
  supervisor: 'auto',
  logger: stderr,
  onReport: undefined,
};

/** What `signals: 'auto'` stands for. */
export const AUTO_SIGNALS: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];

const UNCATCHABLE = ['SIGKILL', 'SIGSTOP'];

function checkSignals(signals: unknown): void {
  if (signals === 'auto') return;
  if (!Array.isArray(signals)) {
    throw misuse('INVALID_ARGUMENT', `options.signals must be 'auto' or an array of signals; it is ${shown(signals)}`);
  }
  for (const signal of signals) {
    if (!isSignal(signal)) {
      throw misuse('INVALID_ARGUMENT', `options.signals has ${shown(signal)}, which is no signal of this system`);
    }
    if (UNCATCHABLE.includes(signal)) {
      throw misuse('INVALID_ARGUMENT', `options.signals has ${signal}, which no process can catch: leave it out`);
    }
  }
}

const checks: { readonly [option in keyof Settings]: (value: unknown) => void } = {
  timeout: (value) => checkTimeout('options.timeout', value),
  syncTimeout: (value) => checkTimeout('options.syncTimeout', value),
  signals: checkSignals,
  crash: (value) => {
    if (value !== 'sync' && value !== 'graceful' && value !== 'off') {
      throw misuse('INVALID_ARGUMENT', `options.crash must be 'sync', 'graceful' or 'off'; it is ${shown(value)}`);
    }
  },
  ipc: (value) => {
    if (typeof value !== 'boolean') {
      throw misuse('INVALID_ARGUMENT', `options.ipc must be true or false; it is ${shown(value)}`);
    }
  },
  failureExitCode: (value) => {
    if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > 255) {
      throw misuse(
        'INVALID_ARGUMENT',
        `options.failureExitCode must be an integer from 0 to 255; it is ${shown(value)}`,
      );
    }
  },
  watchdog: (value) => {
    if (value !== 'auto' && typeof value !== 'boolean') {
      throw misuse('INVALID_ARGUMENT', `options.watchdog must be 'auto', true or false; it is ${shown(value)}`);
    }
  },
  exit: (value) => {
    if (value !== 'sync' && value !== 'graceful') {
      throw misuse('INVALID_ARGUMENT', `options.exit must be 'sync' or 'graceful'; it is ${shown(value)}`);
    }
    if (value === 'graceful' && ('Bun' in globalThis || 'Deno' in globalThis)) {
      throw misuse(
        'INVALID_ARGUMENT',
        "options.exit can be 'graceful' on Node alone: elsewhere an error that nobody catches ends the process; call exit()",
      );
    }
  },
  supervisor: (value) => {
    if (value !== 'auto' && value !== 'none') {
      throw misuse('INVALID_ARGUMENT', `options.supervisor must be 'auto' or 'none'; it is ${shown(value)}`);
    }
  },
  logger: (value) => {
    if (value === false) return;
    if (typeof value === 'object' && value !== null && typeof Reflect.get(value, 'error') === 'function') return;
    throw misuse(
      'INVALID_ARGUMENT',
      `options.logger must be false or have a method error(message); it is ${shown(value)}`,
    );
  },
  onReport: (value) => {
    if (value !== undefined && typeof value !== 'function') {
      throw misuse('INVALID_ARGUMENT', `options.onReport must be a function; it is ${shown(value)}`);
    }
  },
};

/** `options` on top of `settings`; an option that is undefined stays as it was. Throws on misuse, changing nothing. */
export function withOptions(settings: Settings, options: Options): Settings {
  checkOptions('options', options, Object.keys(checks));
  const changed: Options = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  for (const [option, check] of Object.entries(checks)) if (option in changed) check(Reflect.get(changed, option));
  return { ...settings, ...changed };
}
