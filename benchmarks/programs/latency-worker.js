/** A worker with a handler of the library's, and the same by hand: as cold for the one as for the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'worker-atexit';

const { port, acked } = workerData;
const handler = async () => {};

register(async () => {});
port.on('message', async () => {
  await handler();
  port.postMessage('ack');
  Atomics.add(acked, 0, 1);
  Atomics.notify(acked, 0);
});
parentPort.postMessage('ready');
