/** The two halves of a thread, as they know each other: what every thread loads, and the rest, for whoever needs it. */
import type { AsyncResource } from 'node:async_hooks';
import type { Worker } from 'node:worker_threads';
import type { Rare } from '../../workers/link.ts';
import type { Parent } from '../../workers/parent.ts';
import type { Handler } from '../handlers/handler.ts';
import type { Registry } from '../handlers/registry.ts';
import type { ShutdownError } from '../report/errors.ts';
import type { HandlerReport, ShutdownReport } from '../report/report.ts';
import type { Reason } from '../wire/reason.ts';
import type { HearingSignals } from './hearing-signals.ts';
import type { Life } from './life.ts';
import type { Listening } from './listening.ts';
import type { Begun, Ending, Hooks, Position, Shutdown, ShutdownRequest, Thread } from './parts.ts';
import type { ShutdownSignal } from './signal.ts';

/** What every thread loads of itself. */
export interface Core {
  readonly position: Position;
  /** No ancestor uses the library: this thread's shutdown is its tree's. */
  readonly isRoot: boolean;
  readonly handlers: Registry;
  readonly drains: Registry;
  readonly life: Life;
  readonly signal: ShutdownSignal;
  readonly listening: Listening;
  /** In the main thread. */
  readonly hearingSignals: HearingSignals | undefined;
  readonly isInstalled: boolean;
  /** No request's context. */
  readonly outside: AsyncResource;
  /** Absent in the main thread. */
  readonly parent: Parent | undefined;
  /** Undefined while the process is to live on. */
  ending: Ending | undefined;
  /** The `'exit'` event is being emitted: nothing asynchronous happens any more. */
  isExiting: boolean;
  isShuttingDown(): boolean;
  /** Goes through a shutdown that is none, in `ms`, unless somebody would see it by then. */
  rehearseSoon(ms: number, isObserved: () => boolean): void;
  /** Goes on after something was waited for. */
  goOn(act: () => void): void;
  createError(reason: Reason, cause?: unknown): ShutdownError;
  /** What was loaded, if it was. */
  readonly rest: Rest | undefined;
  load(): Rest;
  /** What is loaded, too, and makes nothing. */
  rare(): Rare;
  /** The program uses the library. The first use installs the hooks and, in a worker, links it to its parent. */
  use(): void;
  /** A worker's parent may look how many handlers are registered in it. */
  showRegistered(): void;
  /** A message from another thread. */
  hear(message: unknown, source: number): void;
  /** This thread has made a Worker. */
  workerCreated(worker: Worker): void;
}

/** The rest of a thread: its workers, pools and routes, its settings and reports. */
export interface Rest {
  readonly thread: Thread;
  readonly hooks: Hooks;
  /** Makes a shutdown, which calls `onTold` when it is through; `begun`: one that went the straight way so far. */
  begin(request: ShutdownRequest, onTold: () => void, begun?: Begun): Shutdown;
  /** What is reported of a shutdown that went the straight way to its end. */
  conclude(begun: Begun): ShutdownReport;
  /** Names the handlers that failed, where no parent does. */
  tell(failed: readonly HandlerReport[]): void;
  log(message: string): void;
  /** How a resource is disposed of; undefined for what is none. */
  disposalOf(resource: unknown): Handler | undefined;
  /**
   * Ends the pools and workers that were registered, within the time of the shutdown that is over; undefined where there are
   * none. Never rejects.
   */
  close(over: Shutdown): Promise<unknown> | undefined;
  /** Makes all as new. */
  renew(): void;
  /** Whether pools or child processes are registered. */
  hasMore(): boolean;
  /** Whether there are workers whose slot is known. */
  hasWorkers(): boolean;
  /** Whether a worker of this thread has registered something. */
  hasJoinedWorkers(): boolean;
  /** Hears of the end of the thread for the sake of workers that may register something. */
  watchLiving(): void;
  /** Calls what was registered when all was done. */
  runLate(): void;
  /** The shutdown of the whole tree has begun. */
  beginBelow(): void;
  accept(message: unknown, source: number): void;
  workerCreated(worker: Worker): void;
}
