/**
 * `configure({ exit: 'graceful' })`: a call of `process.exit()` that begins a shutdown lets it wait. As Python's `sys.exit`
 * does, it throws, so that nothing after the call runs, `finally` blocks do, and the event loop turns on.
 */
import { ShutdownError } from '../report/errors.ts';
import type { ExitListener, Thread } from '../thread/parts.ts';
import type { Reason } from '../wire/reason.ts';
import { exitProcess } from './ending.ts';

/** By these Node tells of an error that nobody has caught. */
const UNCAUGHT: readonly unknown[] = ['uncaughtException', 'uncaughtExceptionMonitor', 'unhandledRejection'];

type Method = 'exit' | 'emit';
type Next = (...args: readonly unknown[]) => unknown;

export function createGracefulExitRoute(thread: Thread): ExitListener {
  /** What is being thrown, until the event loop has turned. */
  let unwinding: ShutdownError | undefined;
  /** The errors that nobody is to hear of, however they end up. */
  const thrown = new WeakSet<object>();
  let takeAway: (() => void) | undefined;

  function exit(next: Next, ...args: readonly unknown[]): unknown {
    // Who catches it, and calls `process.exit(1)` because of it, has decided nothing: the end has its code.
    if (unwinding) throw unwinding;
    if (thread.state !== 'running' || thread.isExiting || !thread.isUsed()) return next(...args);
    // Node checks it.
    if (args[0] !== undefined) Reflect.set(process, 'exitCode', args[0]);
    const reason: Reason = { route: 'process.exit', exitCode: Number(process.exitCode ?? 0) };
    unwinding = new ShutdownError(reason);
    thrown.add(unwinding);
    setImmediate(() => {
      unwinding = undefined;
      thread.ending ??= {};
      thread.shutDown({ reason }).then(exitProcess);
    });
    throw unwinding;
  }

  function emit(next: Next, ...args: readonly unknown[]): unknown {
    const [event, error] = args;
    return UNCAUGHT.includes(event) && thrown.has(Object(error)) ? true : next(...args);
  }

  return {
    install() {
      if (takeAway || !thread.isMain || thread.settings.exit !== 'graceful') return;
      const restore = [replace('exit', exit), replace('emit', emit)];
      sync();
      takeAway = () => {
        for (const each of restore) each();
        sync();
      };
    },

    uninstall() {
      takeAway?.();
      takeAway = undefined;
    },
  };
}

/** Puts `stand` in place of a method of the process's. What it returns takes it away, unless somebody has wrapped it. */
function replace(method: Method, stand: (next: Next, ...args: readonly unknown[]) => unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(process, method);
  const before: unknown = process[method];
  const next: Next = (...args) => (typeof before === 'function' ? Reflect.apply(before, process, args) : undefined);
  let isThere = true;
  const standIn: Next = (...args) => (isThere ? stand(next, ...args) : next(...args));
  Object.defineProperty(process, method, { value: standIn, configurable: true, writable: true, enumerable: true });
  return () => {
    isThere = false;
    if (Reflect.get(process, method) !== standIn) return;
    if (own) Object.defineProperty(process, method, own);
    else Reflect.deleteProperty(process, method);
  };
}

/** For programs that have imported `exit` from `node:process`. */
const sync = (): void => process.getBuiltinModule('node:module').syncBuiltinESMExports();
