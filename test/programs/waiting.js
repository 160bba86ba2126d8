// A shutdown that somebody has to wait for: drains, workers, handlers, a second and a half each.
//   node waiting.js [off|say|FILE]     no logger; a worker that says something meanwhile; what is written when all is done

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { configure, onDrain, register, registerWorker } from 'worker-atexit';

const STAGE = 1500;

if (isMainThread) {
  const [, , how = ''] = process.argv;
  if (how === 'off') configure({ logger: false });
  const worker = new Worker(new URL(import.meta.url), { workerData: how });
  registerWorker(worker, { name: 'indexer' });
  await once(worker, 'message');
  onDrain(async function stopConsumer() {
    await sleep(STAGE);
    console.log('the consumer has stopped');
  });
  register(async function closeDatabase() {
    await sleep(STAGE);
    if (how.startsWith('/')) writeFileSync(how, 'closed');
  });
  setInterval(() => {}, 1000);
  console.log('ready');
} else {
  register(function first() {});
  register(async function flushIndex() {
    await sleep(STAGE / 2);
    if (workerData === 'say') console.log('the index is half written');
    await sleep(STAGE / 2);
  });
  parentPort.on('message', () => {}).postMessage('ready');
}
