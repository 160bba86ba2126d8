/** What of BullMQ 5 and 6 is used, and whether a value has it. What BullMQ does not declare is looked up by its name. */
import type { ChildProcess } from 'node:child_process';
import type { Worker } from 'node:worker_threads';
import { misuse, shown } from '../../misuse.ts';

export interface BullJob {
  readonly id?: string | undefined;
  readonly name: string;
  /** Hands it back, for whoever comes first. */
  moveToWait(token?: string): Promise<unknown>;
}

/** A Worker of BullMQ. */
export interface BullWorker {
  readonly name: string;
  closing: Promise<void> | undefined;
  pause(doNotWaitActive?: boolean): Promise<void>;
  close(force?: boolean): Promise<void>;
  cancelAllJobs(reason?: string): void;
  once(event: 'closed', listener: () => void): unknown;
}

export type ProcessJob = (job: BullJob, token: string, signal?: AbortSignal) => Promise<unknown>;

/** One sandbox: BullMQ's own object of a thread or a child process in which a processor runs. */
export interface Sandbox {
  readonly worker?: Worker | undefined;
  readonly childProcess?: ChildProcess | undefined;
}

/** BullMQ's sandboxes of one Worker: those that run a job, and those that wait for one. */
export interface ChildPool {
  retain(processFile: string): Promise<Sandbox>;
  clean(): Promise<void>;
  retained: Readonly<Record<string, Sandbox>>;
  free: Readonly<Record<string, readonly Sandbox[]>>;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const has = (value: object, ...methods: readonly string[]): boolean =>
  methods.every((method) => typeof Reflect.get(value, method) === 'function');

const isChildPool = (value: unknown): value is ChildPool =>
  isObject(value) && has(value, 'retain', 'clean') && isObject(Reflect.get(value, 'retained'));

export const isProcessJob = (value: unknown): value is ProcessJob => typeof value === 'function';

/** BullMQ's version, where 5 and 6 keep it. */
function versionOf(worker: object): string | undefined {
  const [connection, backend]: unknown[] = [Reflect.get(worker, 'connection'), Reflect.get(worker, 'backend')];
  const version: unknown = isObject(connection)
    ? Reflect.get(connection, 'packageVersion')
    : isObject(backend) && Reflect.get(backend, 'version');
  return typeof version === 'string' ? version : undefined;
}

const METHODS = ['pause', 'close', 'cancelAllJobs', 'callProcessJob', 'once'];

/** The sandboxes of a Worker that is one of BullMQ 5 or 6; undefined if its processor runs in this thread. */
export function checkWorker(worker: unknown): ChildPool | undefined {
  const wanted = 'worker must be a Worker of BullMQ 5.81 or later, or of BullMQ 6';
  if (!isObject(worker)) throw misuse('INVALID_ARGUMENT', `${wanted}; it is ${shown(worker)}`);
  const version = versionOf(worker);
  if (version !== undefined && !/^[56][.]/.test(version)) {
    throw misuse('INVALID_ARGUMENT', `${wanted}; it is one of BullMQ ${version}`);
  }
  const missing = METHODS.find((method) => !has(worker, method));
  if (missing !== undefined) throw misuse('INVALID_ARGUMENT', `${wanted}; it is ${shown(worker)} without ${missing}()`);
  const pool: unknown = Reflect.get(worker, 'childPool');
  if (pool === undefined || isChildPool(pool)) return pool;
  throw misuse('INVALID_ARGUMENT', `${wanted}; the sandboxes of this one are not known`);
}
