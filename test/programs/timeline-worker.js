// A worker of its own and a pool's task: slow to clean up, or blocked.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'worker-atexit';

register(async function flushIndex() {
  if (workerData === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  await sleep(150);
});

if (workerData === 'slow' || workerData === 'block') parentPort.on('message', () => {}).postMessage('ready');

export default (ms) => sleep(ms);
