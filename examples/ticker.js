// A worker that goes on until it is told to end.
import { parentPort } from 'node:worker_threads';
import { register } from 'worker-atexit';

const interval = setInterval(() => {}, 1000);
register(function stop() {
  clearInterval(interval);
});
parentPort.postMessage('ready');
