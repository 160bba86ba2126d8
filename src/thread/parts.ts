/** What a thread is made of, as its rooms know each other. */
import type { Worker } from 'node:worker_threads';
import type { Children } from '../children/children.ts';
import type { Entrusted } from '../handlers/entrusted.ts';
import type { Finalize } from '../handlers/finalizers.ts';
import type { Registry } from '../handlers/registry.ts';
import type { Settings } from '../options.ts';
import type { ShutdownReport } from '../report/report.ts';
import type { Driver } from '../sequence/drivers.ts';
import type { Table } from '../table/cells.ts';
import type { LinkMessage } from '../wire/messages.ts';
import type { Reason } from '../wire/reason.ts';
import type { Others } from './others.ts';
import type { Pools } from './pools.ts';

/** How a shutdown is to go. */
export interface Terms {
  readonly reason: Reason;
  readonly cause?: unknown;
  readonly timeout?: number | undefined;
}

/** One shutdown, from its beginning on. */
export interface Run {
  readonly driver: Driver;
  readonly finished: Promise<ShutdownReport>;
  /** From now on it has so many ms, unless it has less anyway. */
  shorten(timeout: number): void;
  /** Set once it is through. */
  report: ShutdownReport | undefined;
  /** Nobody but the event loop, which ran empty, has ended this thread. */
  readonly isRevivable: boolean;
}

/** What listens for an exit route, and takes its listeners away again without a trace. */
export interface Route {
  install(): void;
  uninstall(): void;
}

/** All of this thread's exit routes. */
export interface Hooks extends Route {
  /** This thread has made a Worker, which may register something before this thread does, or hears of it. */
  watch(): void;
  /** The settings have changed. */
  reinstall(): void;
  /** Ends this thread because of `cause`, unless it ends already. */
  endBy(cause: Error): void;
}

export interface Thread {
  readonly isMain: boolean;
  readonly handlers: Registry;
  readonly drains: Registry;
  readonly children: Children;
  readonly pools: Pools;
  /** Children that are no threads. */
  readonly others: Others;
  readonly entrusted: Entrusted;
  readonly finalize: Finalize;
  readonly settings: Settings;
  configure(settings: Settings): void;
  /** Aborted when this thread is to end. A new one after each shutdown in a thread that lives on. */
  readonly signal: AbortSignal;
  onNewSignal(listener: (signal: AbortSignal) => void): void;
  /** The first use: installs the hooks and, in a worker, children it up. */
  use(): void;
  isShuttingDown(): boolean;
  /** Whether there is anything to do for a shutdown: something was used here, or registered in a worker. */
  isUsed(): boolean;
  readonly state: 'running' | 'ending' | 'ended';
  /** How the process is to end after the shutdown. Undefined while it is to live on. */
  ending: { readonly signal?: NodeJS.Signals } | undefined;
  /** The `'exit'` event is being emitted: nothing asynchronous happens any more. */
  isExiting: boolean;
  /** Begins the asynchronous shutdown, or joins the one that runs. */
  shutDown(terms: Terms): Promise<ShutdownReport>;
  /** The shutdown that runs, if one does, has so many ms from now on, unless it has less anyway. */
  shorten(timeout: number): void;
  /** Called with every shutdown's report, synchronously, before the program's `onReport`. */
  onEnd(listener: (report: ShutdownReport) => void): void;
  /** Does what is left to do, synchronously. */
  shutDownNow(terms: Terms): void;
  /** A message from another thread. */
  hear(message: unknown, source: number): void;
  /** This thread has made a Worker. */
  workerCreated(worker: Worker): void;
  /** After a shutdown in a thread that lives on: ends what was registered, and all is as new. */
  liveOn(): Promise<void>;
  log(message: string): void;
}

/** Where a thread is in the tree, and what it shares with the others. */
export interface Place {
  readonly isMain: boolean;
  readonly threadId: number;
  readonly table: Table;
  /** The nearest ancestor that uses the library; undefined where nobody above shares this thread's table. */
  readonly ancestorId: number | undefined;
  /** Sends a link to another thread; settles once it was heard there. */
  deliver(to: number, message: LinkMessage): Promise<unknown>;
  /** Goes through a shutdown that is none, so that the way is prepared. Undefined where this is one: it is silent. */
  readonly rehearse: (() => void) | undefined;
}
