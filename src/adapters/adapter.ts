/**
 * What the adapters of all pools share: how a pool's arguments are checked, and where the library is.
 */
import { findInstance, type Instance } from '../api/instance.ts';
import '../index.ts';
import { behind, checkTerms, type Door, misuse, shown } from '../misuse.ts';
import { setTimeout } from '../platform.ts';
import type { Pool } from '../thread/pools.ts';
import { POOL_LOOK } from '../times.ts';

/** The library, which the import above has loaded. */
export function instance(): Instance {
  const found = findInstance();
  if (found === undefined) throw new Error('worker-atexit is not loaded');
  return found;
}

/** Resolves once `isSo`, for a pool that tells nobody: it is asked again and again. */
export async function whenIs(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, POOL_LOOK));
}

/** Whether `pool` is registered already: then it is left as it is. */
export function isRegistered(pool: object): boolean {
  return instance().hasPool(pool);
}

/** Registers a pool whose workers are child processes as far as it goes, and says so now and in each report. */
export function addPoolOfProcesses(owner: object, pool: Pool, instead: string): void {
  const line =
    `the workers of pool ${pool.name} are child processes, which nobody tells to clean up: use ${instead}, or registerProcess ` +
    'of worker-atexit/process for children of your own';
  instance().log(line);
  instance().addPool(owner, { ...pool, wake: () => [pool.wake(), line].filter(Boolean).join('; ') });
}

/** What every `registerPool` takes. */
export interface PoolOptions {
  /** What the report calls the pool's workers, followed by their thread ids. */
  name?: string;
  /** ms that each of its workers may take to clean up, at most. */
  timeout?: number;
  /** Whether a shutdown rejects what is queued, with the `ShutdownError`, instead of having it finished. */
  force?: boolean;
}

function checkPoolOptions(options: PoolOptions): void {
  checkTerms(options, ['force']);
  if (options.force === undefined || typeof options.force === 'boolean') return;
  throw misuse('INVALID_ARGUMENT', `options.force must be true or false; it is ${shown(options.force)}`);
}

/** Throws unless `pool`, which `door` was given, has every one of `members`, and `options` is what every door takes. */
export function checkPool(
  door: Door,
  kind: string,
  pool: unknown,
  members: readonly string[],
  options: PoolOptions,
): void {
  behind(door, () => {
    checkMembers(kind, pool, members);
    checkPoolOptions(options);
  });
}

function checkMembers(kind: string, pool: unknown, members: readonly string[]): void {
  const isObject = typeof pool === 'object' && pool !== null;
  const missing = members.find((member) => !isObject || !(member in pool));
  if (missing === undefined) return;
  throw misuse(
    'INVALID_ARGUMENT',
    `pool must be a ${kind} pool; it is ${shown(pool)}${isObject ? ` without ${missing}` : ''}`,
  );
}
