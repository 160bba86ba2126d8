/**
 * The floor: a shutdown as bare as it can be written by hand. Nothing is checked, reported or given a deadline. Its
 * workers use the library as well, so that half as many threads are to be started for a sample.
 */
import { once } from 'node:events';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';

const acked = new Int32Array(new SharedArrayBuffer(4));

async function start() {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./latency-worker.js', import.meta.url), {
    workerData: { port: port2, acked },
    transferList: [port2],
  });
  await once(worker, 'message');
  return port1;
}

export async function startFloor(count) {
  const ports = await Promise.all(Array.from({ length: count }, start));
  let acks = 0;
  let done = () => {};
  const onAck = () => {
    if (++acks === count) done();
  };
  for (const port of ports) port.on('message', onAck).unref();

  return {
    shutDown() {
      return new Promise((resolve) => {
        done = resolve;
        for (const port of ports) port.postMessage('shutdown');
      });
    },

    shutDownNow() {
      for (const port of ports) port.postMessage('shutdown');
      for (let seen = 0; seen < count; seen = Atomics.load(acked, 0)) Atomics.wait(acked, 0, seen, 1000);
      if (!ports.every(receiveMessageOnPort)) throw new Error('an ack is missing');
    },
  };
}
