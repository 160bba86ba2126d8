import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Splits `total` into so many parts that hardly differ. */
export const split = (total, parts) =>
  Array.from({ length: Math.min(parts, total) }, (_, index) => Math.floor((total + index) / Math.min(parts, total)));

/** A worker with all below it, `size` in all; resolves when all of them are ready. A thousand heaps must fit. */
export async function branch(size, width, depth = 1) {
  const worker = new Worker(new URL('./scale-worker.js', import.meta.url), {
    workerData: { size, width, depth },
    resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
  });
  await once(worker, 'message');
}
