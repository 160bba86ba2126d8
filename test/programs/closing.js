// The program exits while its pool is still being ended after a shutdown().   node closing.js
import { once } from 'node:events';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as atexit from 'worker-atexit';
import { registerPool } from 'worker-atexit/workerpool';
import workerpool from 'workerpool';

const say = (line) => fs.writeSync(1, `${line}\n`);

if (isMainThread) {
  atexit.configure({ syncTimeout: 5000 });
  const pool = registerPool(workerpool.pool(fileURLToPath(import.meta.url), { workerType: 'thread', maxWorkers: 1 }));
  await pool.exec('start');
  atexit.register(() => say('first shutdown'));
  void atexit.shutdown();
  while (!atexit.isShuttingDown()) await sleep(1);
  await sleep(100);
  atexit.onDrain(() => say('drains'));
  atexit.register(() => say('next shutdown'));
  const worker = new Worker(new URL(import.meta.url), { workerData: 'late' });
  await once(worker, 'message');
  process.exit(3);
} else if (workerData === 'late') {
  atexit.register(async () => {
    await sleep(50);
    say('worker');
  });
  parentPort.on('message', () => {});
  parentPort.postMessage('ready');
} else workerpool.worker({ start() {} }, { onTerminate: () => sleep(900) });
