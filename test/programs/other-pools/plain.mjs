import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'worker-atexit';
import { handler } from './handler.mjs';

register(handler);
if (workerData === 'hangs') register(() => new Promise(() => {}));
setInterval(() => {}, 1000);
setTimeout(() => {
  parentPort.postMessage('ready');
  // Time for the message to leave, and for the library to be linked.
  if (workerData === 'busy')
    setTimeout(() => {
      for (;;);
    }, 20);
}, 50);
