/** What a worker does if something is amiss, and what it says then: loaded by whom that befalls. */
import { describe } from '../src/wire/validators.ts';

export { writeDirectly } from '../src/output/output.ts';
export { toOutcome } from '../src/report/outcomes.ts';
export { standGuard } from './guard.ts';

const ALONE = 'what it has registered runs if it ends by itself, and not if it is terminated or the process ends';

export const noParent = (threadId: number): string =>
  `no thread above worker ${threadId} has loaded worker-atexit, so that ${ALONE}: import 'worker-atexit' in the main thread`;

export const noMemory = (threadId: number): string =>
  `SharedArrayBuffer or Atomics is turned off in this process, so worker ${threadId} works alone: ${ALONE}`;

export const noSlot = (threadId: number): string => `no slot is free, so worker ${threadId} works alone`;

export const dropped = (parentId: number, message: unknown): string =>
  `dropped a message from thread ${parentId}: ${describe(message)}`;
