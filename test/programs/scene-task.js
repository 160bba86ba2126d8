// A task file of a pool, whose thread cleans up. A task waits until as many run at once as there are threads.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import { register } from 'worker-atexit';

register(async function cleanUp() {
  console.log(`worker ${threadId} cleans up`);
  await sleep(20);
  fs.writeFileSync(path.join(workerData.dir, `worker-${threadId}`), 'pool', { flag: 'wx' });
  fs.appendFileSync(path.join(workerData.dir, 'main.log'), 'worker pool\n');
  console.log(`worker ${threadId} is done`);
});

export default async function task({ barrier, count }) {
  const cell = new Int32Array(barrier);
  Atomics.add(cell, 0, 1);
  while (Atomics.load(cell, 0) < count) await sleep(1);
  return threadId;
}
