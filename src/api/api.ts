/** What the public functions do that not every thread calls, for whichever copy of the library calls them. */
import threads, { type Worker } from 'node:worker_threads';
import { isCallable, nameOf } from '../handlers/handler.ts';
import { callOwn, isInsideHandler } from '../handlers/inside-handler.ts';
import type { Registry } from '../handlers/registry.ts';
import { disposalOf } from '../handlers/resource.ts';
import { APPLICATION, holderOf, isApplicationFunction, isApplicationObject, knowServers } from '../handlers/servers.ts';
import { checkOptions, checkTerms, checkTimeout, type Door, misuse, seenFrom, shown } from '../misuse.ts';
import { withOptions } from '../options.ts';
import { process } from '../platform.ts';
import { toError } from '../report/errors.ts';
import type { ShutdownReport } from '../report/report.ts';
import { exitProcess } from '../routes/ending.ts';
import type { Rest } from '../thread/halves.ts';
import type { Instance } from './instance.ts';

/** The URL of a module that is named by a URL or an absolute path. */
function toUrl(module: unknown): string | undefined {
  if (module instanceof URL) return module.href;
  if (typeof module !== 'string') return undefined;
  if (process.getBuiltinModule('node:path').isAbsolute(module)) {
    return process.getBuiltinModule('node:url').pathToFileURL(module).href;
  }
  // `C:module.js` is a path of Windows, and would be a URL of the scheme `c`.
  return URL.canParse(module) && !/^\w:/.test(module) ? module : undefined;
}

/**
 * Calls `listener` should somebody wait for `promise`. `await` asks for a promise's `then` only where its constructor is not
 * `Promise` itself.
 */
function whenAwaited(promise: Promise<never>, listener: () => void): Promise<never> {
  const then = (...args: unknown[]): unknown => {
    listener();
    return Reflect.apply(Promise.prototype.then, promise, args);
  };
  // biome-ignore lint/suspicious/noThenProperty: it is a promise, and hears of whoever awaits it.
  return Object.defineProperties(promise, { constructor: { value: undefined }, then: { value: then } });
}

const isPromise = (value: unknown): boolean => process.getBuiltinModule('node:util').types.isPromise(value);

/** Why the registry takes it for no handler. */
function whyNoHandler(value: unknown): string {
  const holder = holderOf(value);
  if (holder) return `handler must be the server, and this object holds it: give it its .${holder}`;
  if (isApplicationObject(value)) return APPLICATION;
  const what = isPromise(value) ? 'a Promise; pass the function itself, not what it returns' : shown(value);
  return `handler must be a function, or an object with [Symbol.dispose] or [Symbol.asyncDispose]; it is ${what}`;
}

/** Nobody reads the arguments of what is no function. */
function checkArgs(handler: unknown): void {
  if (typeof handler !== 'object' || handler === null || isPromise(handler)) return;
  throw misuse(
    'INVALID_ARGUMENT',
    `args are what a function is called with, and handler is ${shown(handler)}: leave them out`,
  );
}

/** What an {@link Instance} does that has to be loaded for it. */
export type Api = Omit<
  Instance,
  'version' | 'signal' | 'onNewSignal' | 'register' | 'unregister' | 'isShuttingDown' | 'isExiting'
> & {
  /** Registers what is no function; throws for what is no resource. */
  registerResource(resource: unknown, args: readonly unknown[]): void;
  /** Throws: it is none that can have been registered. */
  refuseKey(handler: unknown): never;
};

export function createApi({ thread, hooks }: Pick<Rest, 'thread' | 'hooks'>): Api {
  let shutdown: Promise<ShutdownReport> | undefined;

  function add(registry: Registry, handler: unknown, args: readonly unknown[]): void {
    if (args.length > 0) checkArgs(handler);
    if (!registry.add(handler, args, disposalOf(handler))) throw misuse('INVALID_ARGUMENT', whyNoHandler(handler));
    thread.use();
  }

  /** Waiting for oneself never ends, so it is refused. Not awaited, it goes unnoticed: `exit(code)` sets the code then. */
  function refuseInside(name: string, door: Door | undefined): Promise<never> | undefined {
    if (thread.state !== 'ending' || !isInsideHandler()) return undefined;
    const error = misuse(
      'INSIDE_HANDLER',
      `${name}() inside a handler would wait for itself; process.exit(code) sets the exit code`,
    );
    const refused = Promise.reject(door ? seenFrom(door, error) : error);
    refused.catch(() => {});
    return refused;
  }

  return {
    registerResource: (resource, args) => add(thread.handlers, resource, args),

    refuseKey(handler) {
      throw misuse('INVALID_ARGUMENT', `handler must be what was registered; it is ${shown(handler)}`);
    },

    onDrain(handler, args) {
      // Where a server is expected it is taken for one.
      if (isApplicationFunction(handler)) throw misuse('INVALID_ARGUMENT', APPLICATION);
      add(thread.drains, handler, args);
      thread.rehearse();
    },

    addDrain(key, handler) {
      thread.drains.add(key, [], handler);
      thread.use();
      thread.rehearse();
    },

    knowServers,

    knowSystemd: (supervision) => hooks.supervisor?.know(supervision),

    notifyReady() {
      if (!thread.isMain)
        throw misuse('MAIN_THREAD_ONLY', 'notifyReady() is for the main thread: it concerns the process');
      hooks.supervisor?.ready();
    },

    registerWorker(worker, options) {
      if (!(worker instanceof threads.Worker)) {
        throw misuse('INVALID_ARGUMENT', `worker must be a Worker of node:worker_threads; it is ${shown(worker)}`);
      }
      checkTerms(options, ['essential', 'onFailure']);
      const { name, timeout, essential, onFailure } = options;
      if (essential !== undefined && typeof essential !== 'boolean') {
        throw misuse('INVALID_ARGUMENT', `options.essential must be true or false; it is ${shown(essential)}`);
      }
      if (onFailure !== undefined && typeof onFailure !== 'function') {
        throw misuse('INVALID_ARGUMENT', `options.onFailure must be a function; it is ${shown(onFailure)}`);
      }
      thread.use();
      const registered: Worker = worker;
      thread.children.setTerms(registered, { name, timeout, essential, onFailure });
      const end = () => thread.children.shutdown(registered);
      return {
        shutdown: end,
        [Symbol.asyncDispose]: async () => void (await end()),
        unregister: () => thread.children.forget(registered),
      };
    },

    registerOnMain(module, exportName, args) {
      const url = toUrl(module);
      if (url === undefined) {
        throw misuse(
          'INVALID_ARGUMENT',
          `module must be a URL or an absolute path, such as new URL('./module.js', import.meta.url); it is ${shown(module)}`,
        );
      }
      if (typeof exportName !== 'string') {
        throw misuse('INVALID_ARGUMENT', `exportName must be a string; it is ${shown(exportName)}`);
      }
      thread.use();
      try {
        return { unregister: thread.entrusted.add({ module: url, exportName, args }) };
      } catch (error) {
        throw misuse('INVALID_ARGUMENT', `args cannot be cloned for the main thread: ${toError(error).message}`);
      }
    },

    finalize(object, fn, args) {
      if ((typeof object !== 'object' && typeof object !== 'function') || object === null) {
        throw misuse('INVALID_ARGUMENT', `object must be an object; it is ${shown(object)}`);
      }
      if (!isCallable(fn)) throw misuse('INVALID_ARGUMENT', `fn must be a function; it is ${shown(fn)}`);
      if (fn === object || args.includes(object)) {
        throw misuse('INVALID_ARGUMENT', 'object must not be fn or one of its arguments: it would never be collected');
      }
      const finalizer = thread.finalize(object, () => callOwn(fn, undefined, args), nameOf(fn, '(anonymous)'));
      thread.use();
      return finalizer;
    },

    addPoolWorker(worker, { name, timeout }, wake) {
      thread.children.setTerms(worker, { name, timeout, pool: { wake } });
    },

    cleanUp: thread.children.cleanUp,

    addPool(owner, pool) {
      thread.use();
      thread.pools.add(owner, pool);
    },

    hasPool: thread.pools.has,
    usePool: thread.use,

    addChildren(children) {
      thread.use();
      thread.others.add(children);
      thread.rehearse();
    },

    shutdown(options, door) {
      checkOptions('options', options, ['reason', 'timeout']);
      const { reason: cause, timeout } = options;
      if (timeout !== undefined) checkTimeout('options.timeout', timeout);
      const refused = refuseInside('shutdown', door);
      if (refused) return refused;
      thread.use();
      shutdown ??= thread.shutDown({ reason: { route: 'shutdown' }, cause, timeout }).then(async (report) => {
        await thread.liveOn();
        shutdown = undefined;
        return report;
      });
      return shutdown;
    },

    exit(code, door) {
      if (code !== undefined && !Number.isInteger(code)) {
        throw misuse('INVALID_ARGUMENT', `code must be an integer; it is ${shown(code)}`);
      }
      const refused = refuseInside('exit', door);
      if (refused) {
        if (code === undefined) return refused;
        const before = process.exitCode;
        process.exitCode = code;
        return whenAwaited(refused, () => {
          if (process.exitCode === code) process.exitCode = before;
        });
      }
      thread.use();
      if (code !== undefined) process.exitCode = code;
      thread.ending ??= {};
      const exitCode = Number(process.exitCode ?? 0);
      // Never settles: the process is gone by then.
      return thread.shutDown({ reason: { route: 'exit', exitCode } }).then((): Promise<never> => {
        exitProcess();
        return new Promise(() => {});
      });
    },

    configure(options) {
      if (!thread.isMain) {
        throw misuse('MAIN_THREAD_ONLY', 'configure() is for the main thread: its settings hold for the whole process');
      }
      const settings = withOptions(thread.settings, options);
      thread.use();
      thread.configure(settings);
      hooks.reinstall();
    },

    preset(options) {
      if (thread.isUsed()) this.configure(options);
      else thread.configure(withOptions(thread.settings, options));
    },

    onEnd: thread.onEnd,

    drainDeadline: () => thread.drainDeadline(),
    note: (message) => thread.note(message),
    log: thread.log,
  };
}
