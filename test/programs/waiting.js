// A shutdown that somebody has to wait for: drains, workers, handlers, a second and a half each.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { configure, onDrain, register, registerWorker } from 'worker-atexit';

const STAGE = 1500;

if (isMainThread) {
  const [, , logger] = process.argv;
  if (logger === 'off') configure({ logger: false });
  const worker = new Worker(new URL(import.meta.url));
  registerWorker(worker, { name: 'indexer' });
  await once(worker, 'message');
  onDrain(async function stopConsumer() {
    await sleep(STAGE);
    console.log('the consumer has stopped');
  });
  register(async function closeDatabase() {
    await sleep(STAGE);
  });
  setInterval(() => {}, 1000);
  console.log('ready');
} else {
  register(function first() {});
  register(async function flushIndex() {
    await sleep(STAGE);
  });
  parentPort.on('message', () => {}).postMessage('ready');
}
