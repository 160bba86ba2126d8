/**
 * The one instance a thread. A program may load several copies of this library; whoever comes first serves them all, and
 * the pools' adapters, so that there is one list of handlers and one shutdown.
 */
import type { Worker } from 'node:worker_threads';
import type { Finalizer } from '../handlers/finalizers.ts';
import type { Handler } from '../handlers/handler.ts';
import type { CreateServerHandler } from '../handlers/servers.ts';
import { type Door, misuse } from '../misuse.ts';
import type { Options } from '../options.ts';
import { home } from '../platform.ts';
import type { ShutdownReport, WorkerReport } from '../report/report.ts';
import type { OtherChildren } from '../thread/others.ts';
import type { Pool } from '../thread/pools.ts';
import type { Supervision } from '../thread/supervision.ts';
import { KEY, VERSION } from '../wire/reason.ts';

export interface ShutdownOptions {
  /** Whatever should travel with the shutdown: the `cause` of the {@link ShutdownError}. */
  reason?: unknown;
  /** ms for the whole sequence, instead of the configured `timeout`. */
  timeout?: number;
}

export interface WorkerOptions {
  /** What the report calls it, followed by its thread id. */
  name?: string;
  /** ms that it may take to clean up, at most. */
  timeout?: number;
  /**
   * Whether this thread cannot do without it: when it dies without having been told to end (an error, an exit code other
   * than 0, out of memory), this thread shuts down, by the route `'worker'`, and exits with `failureExitCode`.
   */
  essential?: boolean;
  /**
   * Called with what became of it if it was not clean: at once, or in a shutdown before the handlers, which it is one of
   * then. Called once at most.
   */
  onFailure?: (report: WorkerReport) => unknown;
}

/** What {@link registerWorker} returns. */
export interface WorkerLink {
  /** Lets the worker clean up and ends it, while the process lives on. Resolves to what became of it. */
  shutdown(): Promise<WorkerReport>;
  /** As {@link shutdown}: `await using link = registerWorker(worker)`. */
  [Symbol.asyncDispose](): Promise<void>;
  /** Takes back what was said of the worker. Its own link stays. */
  unregister(): void;
}

/** What {@link registerOnMain} returns. */
export interface MainHandler {
  /** Takes it back, unless it has run. */
  unregister(): void;
}

/** What the copies of this library in one thread share. */
export interface Instance {
  readonly version: number;
  readonly signal: AbortSignal;
  onNewSignal(listener: (signal: AbortSignal) => void): void;
  register(handler: unknown, args: readonly unknown[]): void;
  onDrain(handler: unknown, args: readonly unknown[]): void;
  /** A drain that knows how to go about it, registered under the program's own object. */
  addDrain(key: object, handler: Handler): void;
  /** What knows how to drain a server is loaded. */
  knowServers(create: CreateServerHandler): void;
  /** What speaks to systemd is loaded. */
  knowSystemd(supervision: Supervision): void;
  notifyReady(): void;
  unregister(handler: unknown): void;
  registerWorker(worker: unknown, options: WorkerOptions): WorkerLink;
  registerOnMain(module: unknown, exportName: unknown, args: readonly unknown[]): MainHandler;
  finalize(object: unknown, fn: unknown, args: readonly unknown[]): Finalizer;
  /** `owner` is the program's own object of the pool. */
  addPool(owner: object, pool: Pool): void;
  hasPool(owner: object): boolean;
  /** A pool that refuses tasks was given one: a thread that is revived takes it. */
  usePool(): void;
  /** Names a pool's worker and sets its terms; the pool itself ends it. `wake`: see the terms of a link. */
  addPoolWorker(worker: Worker, options: WorkerOptions, wake: () => boolean): void;
  /** Children of this thread that are no threads, which its shutdown orders and waits for from now on. */
  addChildren(children: OtherChildren): void;
  /** Lets a worker clean up that its pool is about to end by other means than `terminate()`. */
  cleanUp(worker: Worker): Promise<void> | undefined;
  isShuttingDown(): boolean;
  /** `door`: what the program has called. */
  shutdown(options: ShutdownOptions, door?: Door): Promise<ShutdownReport>;
  exit(code?: number, door?: Door): Promise<never>;
  configure(options: Options): void;
  /** As `configure()`, and no use of the library: nothing is installed before the program itself, or a worker, uses it. */
  preset(options: Options): void;
  /** Called with every report, synchronously, before the program's `onReport`. */
  onEnd(listener: (report: ShutdownReport) => void): void;
  /** Until when this thread's drain stage may take, while a shutdown runs: what `process.hrtime()` says, in ms. */
  drainDeadline(): number | undefined;
  /** Whether no event loop turns any more. */
  isExiting(): boolean;
  /** Puts a line into the report of the shutdown that runs, or else into the log. */
  note(message: string): void;
  /** Names a failure where the program wants that to be named. */
  log(message: string): void;
}

const INSTANCE = Symbol.for(KEY);

const isInstance = (value: unknown): value is Instance =>
  typeof value === 'object' && value !== null && 'version' in value && typeof value.version === 'number';

/** The instance of this thread, if a copy that fits to this one has made it. */
export function findInstance(): Instance | undefined {
  const found: unknown = Reflect.get(home, INSTANCE);
  if (!isInstance(found) || found.version === VERSION) return isInstance(found) ? found : undefined;
  throw misuse(
    'VERSION_MISMATCH',
    `two copies of worker-atexit in one thread do not fit together: protocol ${found.version} is loaded, and this is ${VERSION}; install one version`,
  );
}

/** Makes `instance` the one of this thread. */
export function publishInstance(instance: Instance): Instance {
  Object.defineProperty(home, INSTANCE, { value: instance, configurable: true });
  return instance;
}
