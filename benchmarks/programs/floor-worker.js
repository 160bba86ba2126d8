import { parentPort, workerData } from 'node:worker_threads';

const { port, acked } = workerData;
const handler = async () => {};

port.on('message', async () => {
  await handler();
  port.postMessage('ack');
  Atomics.add(acked, 0, 1);
  Atomics.notify(acked, 0);
});
parentPort.postMessage('ready');
