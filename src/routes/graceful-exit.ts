/**
 * `configure({ exit: 'graceful' })`: a call of `process.exit()` that begins a shutdown lets it wait. As Python's `sys.exit`
 * does, it throws, so that nothing after the call runs, `finally` blocks do, and the event loop turns on.
 */

import { process, setImmediate } from '../platform.ts';
import type { ShutdownError } from '../report/errors.ts';
import { type Call, standIn } from '../stand-in.ts';
import type { ExitListener, Thread } from '../thread/parts.ts';
import type { Reason } from '../wire/reason.ts';
import { exitProcess } from './ending.ts';

/** By these Node tells of an error that nobody has caught. */
const UNCAUGHT: readonly unknown[] = ['uncaughtException', 'uncaughtExceptionMonitor', 'unhandledRejection'];

export function createGracefulExitRoute(thread: Thread): ExitListener {
  /** What is being thrown, until the event loop has turned. */
  let unwinding: ShutdownError | undefined;
  /** The errors that nobody is to hear of, however they end up. */
  const thrown = new WeakSet<object>();
  let takeAway: (() => void) | undefined;

  function exit(next: Call, ...args: readonly unknown[]): unknown {
    // Who catches it, and calls `process.exit(1)` because of it, has decided nothing: the end has its code.
    if (unwinding) throw unwinding;
    if (thread.state !== 'running' || thread.isExiting || !thread.isUsed()) return next(...args);
    // Node checks it.
    if (args[0] !== undefined) Reflect.set(process, 'exitCode', args[0]);
    const reason: Reason = { route: 'process.exit', exitCode: Number(process.exitCode ?? 0) };
    unwinding = thread.createError(reason);
    thrown.add(unwinding);
    setImmediate(() => {
      unwinding = undefined;
      thread.ending ??= {};
      thread.shutDown({ reason }).then(exitProcess);
    });
    throw unwinding;
  }

  function emit(next: Call, ...args: readonly unknown[]): unknown {
    const [event, error] = args;
    return UNCAUGHT.includes(event) && thrown.has(Object(error)) ? true : next(...args);
  }

  return {
    install() {
      if (takeAway || !thread.isMain || thread.settings.exit !== 'graceful') return;
      const standIns = [standIn(process, 'exit', exit), standIn(process, 'emit', emit)];
      sync();
      takeAway = () => {
        for (const each of standIns) each.takeAway();
        sync();
      };
    },

    uninstall() {
      takeAway?.();
      takeAway = undefined;
    },
  };
}

/** For programs that have imported `exit` from `node:process`. */
const sync = (): void => process.getBuiltinModule('node:module').syncBuiltinESMExports();
