// A worker that uses the library as it is built, and does what links-workers.test.ts tells it.
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'worker-atexit';

const blockFor = (ms) => {
  Atomics.store(workerData.closed, 1, 1);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};
const block = () => blockFor(60_000);

const handlers = {
  close() {
    Atomics.add(workerData.closed, 0, 1);
  },
  slow: () => new Promise((resolve) => setTimeout(resolve, 300)),
  hang: () => new Promise((resolve) => setTimeout(resolve, 60_000)),
  fail() {
    throw new Error('the handler failed');
  },
  print() {
    console.log('printed at the end');
  },
  block,
};

const commands = {
  block,
  blockAWhile: () => blockFor(500),
  throw() {
    throw new RangeError('the worker failed');
  },
  exit: () => process.exit(3),
  end: () => parentPort.close(),
};

if (workerData.handler) register(handlers[workerData.handler]);
parentPort.on('message', (command) => commands[command]());
parentPort.postMessage('ready');
