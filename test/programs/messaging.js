// Messages between threads that the library must not swallow.   node messaging.js
import fs from 'node:fs';
import { isMainThread, parentPort, postMessageToThread, threadId, Worker } from 'node:worker_threads';
import { register } from 'worker-atexit';

register(() => {});
if (isMainThread) {
  const print = (text) => fs.writeSync(1, `${text}\n`);
  const send = (to, what) =>
    postMessageToThread(to, what).then(
      () => print(`${what}: heard`),
      (error) => print(`${what}: ${error.code}`),
    );
  const worker = new Worker(new URL(import.meta.url));
  await new Promise((resolve) => worker.once('message', resolve));
  await send(worker.threadId, 'to a worker');
  const listen = (value) => print(`listener: ${value}`);
  worker.once('message', async (what) => {
    print(what);
    process.on('workerMessage', listen);
    worker.once('message', async (heard) => {
      print(heard);
      await worker.terminate();
      print('ended');
    });
    worker.postMessage('again');
  });
  worker.postMessage('send');
} else {
  parentPort.on('message', () =>
    postMessageToThread(0, `from worker ${threadId}`).then(
      () => parentPort.postMessage('to main: heard'),
      (error) => parentPort.postMessage(`to main: ${error.code}`),
    ),
  );
  parentPort.postMessage('ready');
}
