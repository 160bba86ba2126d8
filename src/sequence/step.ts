/** What the sequence yields to its driver, and what it works on. */
import type { Handler } from '../handlers/handler.ts';
import type { Registry } from '../handlers/registry.ts';
import type { HandlerMessage } from '../report/diagnostics.ts';
import type { HandlerReport, PoolReport, StageReport } from '../report/report.ts';

/** One thing to do. An asynchronous driver awaits what `start` returns; a synchronous one then calls `block`, or `cut`. */
export interface Step {
  /** Until when an asynchronous driver waits. It may come nearer meanwhile. */
  readonly until: number;
  start(sync: boolean): PromiseLike<unknown> | undefined;
  /** Waits where no event loop turns, if that is possible. */
  readonly block?: () => void;
  /** It is given up before it is done: its time is up, or (`sync`) no event loop turns any more. */
  readonly cut?: (sync: boolean) => void;
}

/** What the sequence works on. Steps, not the generator, call these. */
export interface Parts {
  readonly drains: Registry;
  readonly handlers: Registry;
  /** When `share` of the timeout is used up. It may come nearer. */
  deadline(share: number): number;
  /** ms that a drain's own delay may take. */
  readonly delay: number;
  begin(): void;
  hasToDrain(): boolean;
  refuse(): void;
  idle(sync: boolean): Promise<unknown> | undefined;
  /** Whether no worker of this thread is known, so that what comes after their acks may be left out. */
  isLeaf(): boolean;
  /** Tells the workers, and waits for their acks. */
  readonly workers: {
    start(sync: boolean): Promise<void> | undefined;
    block(): void;
    terminateSilent(): boolean;
    /** Finds out why those do not end that were terminated, if there are such. `isLast`: it does so for the last time. */
    look(isLast: boolean): void;
  };
  /** Adds to the handlers what is due once the workers are through. */
  handOver(): void;
  /** What is left to do when all has run, and before it is told. */
  flush(sync: boolean): Promise<unknown> | undefined;
  /** Adds a line to the report. */
  note(line: string): void;
  /** A handler is about to run, and `behind` others after it. */
  onHandler(handler: Handler, behind: number): void;
  /** `sync`: it could not be waited for. */
  onFailure(report: HandlerReport, sync: boolean): void;
  /** Nothing more becomes of a handler. */
  onSettled(stage: HandlerMessage['stage'], report: HandlerReport): void;
}

/** What became of it all, filled in as it happens. */
export interface Outcome {
  readonly stages: StageReport[];
  readonly drained: HandlerReport[];
  readonly handlers: HandlerReport[];
  readonly pools: PoolReport[];
}
