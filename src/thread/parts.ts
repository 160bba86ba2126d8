/** What a thread is made of, as its rooms know each other. */
import type { Children } from '../children/children.ts';
import type { Entrusted } from '../handlers/entrusted.ts';
import type { Finalize } from '../handlers/finalizers.ts';
import type { Registry } from '../handlers/registry.ts';
import type { Settings } from '../options.ts';
import type { ShutdownError } from '../report/errors.ts';
import type { HandlerReport, ShutdownReport } from '../report/report.ts';
import type { Call } from '../sequence/call.ts';
import type { Table } from '../table/cells.ts';
import type { LinkMessage } from '../wire/messages.ts';
import type { Reason, Route } from '../wire/reason.ts';
import type { Others } from './others.ts';
import type { Pools } from './pools.ts';
import type { Supervisor } from './supervision.ts';

/** What is asked for: a shutdown, why, and how long it may take. */
export interface ShutdownRequest {
  readonly reason: Reason;
  readonly cause?: unknown;
  readonly timeout?: number | undefined;
}

/** A shutdown that went the straight way so far, and carries on as any other. */
export interface Begun {
  readonly startedAt: number;
  /** With this the signal was aborted. */
  readonly error: ShutdownError;
  /** How long it has, and since when: what is over first counts. */
  readonly limits: { readonly since: number; readonly timeout: number }[];
  /** Of the handlers that have started, those that failed again, and what there is to note. */
  readonly reports: HandlerReport[];
  readonly failed: readonly HandlerReport[];
  readonly notes: readonly string[];
  /** The handler that is waited for. */
  readonly call: Call | undefined;
}

/** One shutdown of this thread, from its beginning on. */
export interface Shutdown {
  readonly stage: 'begun' | 'draining' | 'collecting' | 'handling' | 'told';
  /** Settles when its report has been told. Never rejects. */
  readonly ended: Promise<unknown>;
  /** Resolves to its report, when that has been told. Never rejects. */
  report(): Promise<ShutdownReport>;
  /** Goes through its steps, awaiting each. */
  drive(): void;
  /** Goes through the rest of its steps, synchronously: no event loop turns any more, by `route`. */
  takeOver(route: Route): void;
  /** From now on it has so many ms, unless it has less anyway. */
  shorten(timeout: number): void;
  /** When `share` of its time is used up. */
  deadline(share: number): number;
  /** Puts a line into its report. */
  note(message: string): void;
  /** Nobody but the event loop, which ran empty, has ended this thread. */
  readonly isRevivable: boolean;
}

/** What listens for one way in which this thread may end, and takes its listeners away again without a trace. */
export interface ExitListener {
  install(): void;
  uninstall(): void;
}

/** All of this thread's exit listeners. */
export interface Hooks extends ExitListener {
  readonly routes: Routes;
  /** What the process's own supervisor asks and is told. Undefined in a worker. */
  readonly supervisor?: Supervisor | undefined;
  /** This thread has made a Worker, which may register something before this thread does, or hears of it. */
  watch(): void;
  /** The settings have changed. */
  reinstall(): void;
  /** Ends this thread because of `cause`, unless it ends already. */
  endBy(cause: Error): void;
}

/** What the routes do at the places at which a thread hears that it is about to end. */
export interface Routes {
  /** `own`: the listener that has heard it. */
  onBeforeExit(own: () => void): void;
  /** On Node 20 a code that was given as a string arrives as one. */
  onExit(code: number | string): void;
  onReallyExit(code: unknown): void;
  onCrash(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void;
  /** Of the main thread alone. */
  onSignal(signal: NodeJS.Signals): void;
}

/** How the process is to end after the shutdown. */
export interface Ending {
  readonly signal?: NodeJS.Signals;
  /** When the signal was heard: ms of `now()`. */
  readonly heardAt?: number;
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
  use(): void;
  /** A shutdown will come, or has much to do: it is to find its way prepared. In the main thread only. */
  rehearse(): void;
  isShuttingDown(): boolean;
  /** Whether there is anything to do for a shutdown: something was used here, or registered in a worker. */
  isUsed(): boolean;
  readonly state: 'running' | 'ending' | 'ended';
  /** Undefined while the process is to live on. */
  ending: Ending | undefined;
  /** The `'exit'` event is being emitted: nothing asynchronous happens any more. */
  isExiting: boolean;
  /** Begins the asynchronous shutdown, or joins the one that runs. */
  shutDown(request: ShutdownRequest): Promise<ShutdownReport>;
  /** The shutdown that runs, if one does, has so many ms from now on, unless it has less anyway. */
  shorten(timeout: number): void;
  /** When the drain stage of the shutdown that runs has to be over, on this thread's clock; undefined if none runs. */
  drainDeadline(): number | undefined;
  /** When the time of the shutdown that runs, or is through, is up, on this thread's clock. */
  readonly deadline: number | undefined;
  /** Puts a line into the report of the shutdown that runs: nothing has failed, but somebody may wonder. Without one, logs it. */
  note(message: string): void;
  /** Called with every shutdown's report, synchronously, before the program's `onReport`. */
  onEnd(listener: (report: ShutdownReport) => void): void;
  /** All is done, and the process ends: waits for workers that have joined only now, as long as there is time. */
  seeLateThrough(): void;
  /** Does what is left to do, synchronously. */
  shutDownNow(request: ShutdownRequest): void;
  /** Why `shutdownSignal` aborts. */
  createError(reason: Reason, cause?: unknown): ShutdownError;
  /** After a shutdown in a thread that lives on: ends what was registered, and all is as new. */
  liveOn(): Promise<void>;
  log(message: string): void;
}

/** Where a thread is in the tree, and what it shares with the others. */
export interface Position {
  readonly isMain: boolean;
  readonly threadId: number;
  readonly table: Table;
  /** The nearest ancestor that uses the library; undefined where nobody above shares this thread's table. */
  readonly ancestorId: number | undefined;
  /** This worker may be parked before its event loop has turned: a pool's. */
  readonly isParked?: boolean;
  /** Sends a link to another thread; settles once it was heard there. */
  deliver(to: number, message: LinkMessage): Promise<unknown>;
  /** Goes through a shutdown that is none, so that the way is prepared. Undefined where this is one: it is silent. */
  readonly rehearse: (() => void) | undefined;
}
