/** A Piscina pool of `count` threads, each of which has run a task. */
import { writeSync } from 'node:fs';
import { Piscina } from 'piscina';

export const createPool = (count, task) =>
  new Piscina({ filename: new URL(task, import.meta.url).href, minThreads: count, maxThreads: count });

/** Each task waits until all of them run, so that no thread gets two. */
export async function warmUp(pool, count) {
  const arrived = new Int32Array(new SharedArrayBuffer(8));
  await Promise.all(Array.from({ length: count }, () => pool.run({ arrived, count })));
  // The event loop turns once more, so that every link has been taken.
  await new Promise((resolve) => setTimeout(resolve, 100));
  writeSync(1, 'ready\n');
  return arrived;
}
