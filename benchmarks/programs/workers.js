/** Workers that use the library, ready and linked. */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import 'worker-atexit';

/** Workers go on compiling and collecting garbage for a moment after they say that they are ready: ms. */
const settled = (count) => 100 + count;

/** Resolves to their Workers. `options` are the Worker's. */
export async function startWorkers(count, program, options = {}) {
  const starting = Array.from({ length: count }, async () => {
    const worker = new Worker(new URL(program, import.meta.url), options);
    await once(worker, 'message');
    return worker;
  });
  return Promise.all(starting);
}

export const settle = (count) => pause(settled(count));
