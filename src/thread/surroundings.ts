/** What a shutdown finds in its thread, and works on. */
import type { Parent } from '../../workers/parent.ts';
import type { Children } from '../children/children.ts';
import type { Entrusted } from '../handlers/entrusted.ts';
import type { Registry } from '../handlers/registry.ts';
import type { Settings } from '../options.ts';
import type { ShutdownError } from '../report/errors.ts';
import type { Telling } from '../report/telling.ts';
import type { Table } from '../table/cells.ts';
import type { OrderMessage } from '../wire/messages.ts';
import type { Reason } from '../wire/reason.ts';
import type { Others } from './others.ts';
import type { Ending } from './parts.ts';
import type { TreePhase } from './phase.ts';
import type { Pools } from './pools.ts';
import type { Supervisor } from './supervision.ts';

export interface Surroundings {
  readonly isMain: boolean;
  /** Its shutdown is the whole tree's. */
  readonly isRoot: boolean;
  readonly table: Table;
  readonly handlers: Registry;
  readonly drains: Registry;
  readonly pools: Pools;
  readonly entrusted: Entrusted;
  readonly children: Children;
  /** Children that are no threads. */
  readonly others: Others;
  /** Absent in the main thread. */
  readonly parent: Parent | undefined;
  readonly phase: TreePhase;
  readonly telling: Telling;
  settings(): Settings;
  createError(reason: Reason, cause?: unknown): ShutdownError;
  /** What supervises the process; undefined in a worker. */
  supervisor(): Supervisor | undefined;
  /** What has told this worker to end, if anything has. */
  order(): OrderMessage | undefined;
  /** How the process is to end; undefined while it is to live on. */
  ending(): Ending | undefined;
  /** Whether the `'exit'` event is being emitted. */
  isExiting(): boolean;
  /** Whether this thread was told to end, or ends by itself. */
  isEnding(): boolean;
  /** Aborts `shutdownSignal`. */
  abort(error: ShutdownError): void;
  /** Shows which handler runs, of how many. */
  showProgress(handler: number, count: number, name: string): void;
}
