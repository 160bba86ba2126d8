/**
 * For a program that nobody wants to touch: `node --require worker-atexit/auto app.js`. Its workers that use the library
 * are told of every end, what was not clean is reported on stderr, and environment variables set the options.
 *
 * @module
 */
import { isMainThread } from 'node:worker_threads';
import { instance } from './adapters/adapter.ts';
import { misuse } from './misuse.ts';
import { defaults, type Options } from './options.ts';
import { process } from './platform.ts';
import { toError, toErrorText } from './report/errors.ts';
import type { ShutdownReport } from './report/report.ts';

const variables = {
  WORKER_ATEXIT_TIMEOUT: 'timeout',
  WORKER_ATEXIT_SYNC_TIMEOUT: 'syncTimeout',
  WORKER_ATEXIT_SIGNALS: 'signals',
  WORKER_ATEXIT_CRASH: 'crash',
  WORKER_ATEXIT_IPC: 'ipc',
  WORKER_ATEXIT_FAILURE_EXIT_CODE: 'failureExitCode',
  WORKER_ATEXIT_WATCHDOG: 'watchdog',
} as const satisfies Record<string, keyof Options>;

/** A variable's text as an option's value. What does not fit stays text, which the option's own check then refuses. */
function read(text: string, option: keyof Options): unknown {
  if (option === 'signals') {
    if (text === 'auto') return text;
    return text === 'none' ? [] : text.split(',').map((name) => name.trim());
  }
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : text;
}

function setOptions(): void {
  const library = instance();
  for (const [variable, option] of Object.entries(variables)) {
    const text = process.env[variable];
    if (text === undefined || text === '') continue;
    try {
      library.preset({ [option]: read(text, option) });
    } catch (thrown) {
      const { message } = toError(thrown);
      throw misuse('INVALID_ARGUMENT', message.replace(`options.${option}`, variable));
    }
  }
}

function print(report: ShutdownReport): void {
  const { logger } = defaults;
  if (!report.ok && logger) logger.error(String(report));
}

/** Nothing that fails here costs the program its end. */
function trace(folder: string, report: ShutdownReport): void {
  try {
    // What draws the trace is loaded by now, and not before: few shutdowns are looked at so closely.
    const { writeTrace }: { writeTrace(folder: string, report: ShutdownReport): void } = process
      .getBuiltinModule('node:module')
      .createRequire(import.meta.url)('./trace-file.js');
    writeTrace(folder, report);
  } catch (thrown) {
    const { logger } = defaults;
    const { message } = toErrorText(toError(thrown));
    if (logger) logger.error(`worker-atexit: WORKER_ATEXIT_TRACE must be a folder that can be written to: ${message}`);
  }
}

if (isMainThread) {
  setOptions();
  instance().preset({ onReport: print });
  const { WORKER_ATEXIT_TRACE: named } = process.env;
  if (named) {
    // The program may change its directory.
    const folder = process.getBuiltinModule('node:path').resolve(named);
    instance().onEnd((report) => trace(folder, report));
  }
}

/**
 * Idle workers of Piscina and Tinypool are parked where they hear nothing, and nobody has registered their pool, so that it
 * could wake them. Both pools have this way to wait in the event loop instead.
 */
const VARIABLE = 'PISCINA_DISABLE_ATOMICS';

/**
 * Only whoever asks for it by its name finds it: neither a child process of the worker, nor a main thread that shares its
 * environment, nor who copies that. What is no variable is looked up in the prototype, which each thread has of its own.
 */
function answer(env: NodeJS.ProcessEnv): void {
  const prototype: object | null = Object.getPrototypeOf(env);
  // Somebody may have put an object of his own in its place.
  const asked = prototype === null || prototype === Object.prototype ? env : prototype;
  if (Object.hasOwn(asked, VARIABLE)) return;
  Object.defineProperty(asked, VARIABLE, { value: '1', configurable: true, writable: true });
}

// Bun and Deno do not load this module in a worker, whose environment is a copy of the main thread's.
if ('Bun' in globalThis || 'Deno' in globalThis) process.env[VARIABLE] ??= '1';
else if (!isMainThread) answer(process.env);
