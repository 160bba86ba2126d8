import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'worker-atexit';
import { handler } from './handler.mjs';

register(handler);
if (workerData === 'hangs') register(() => new Promise(() => {}));
if (workerData instanceof Int32Array) {
  register(() => {});
  Atomics.store(workerData, 0, 1);
  Atomics.notify(workerData, 0);
}
setInterval(() => {}, 1000);
setTimeout(() => {
  parentPort.postMessage('ready');
  // Time for the message to leave, and for the library to be linked.
  if (workerData === 'busy')
    setTimeout(() => {
      for (;;);
    }, 20);
}, 50);
