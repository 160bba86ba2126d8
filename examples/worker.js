// A plain Worker: `terminate()` lets it clean up first, and so does the end of the program.
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { register, registerWorker } from 'worker-atexit';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  const link = registerWorker(worker, { name: 'ticker', timeout: 5000 });
  worker.once('message', async () => {
    const report = await link.shutdown();
    console.log(`main: ${report.status}, ${report.handlers.length} handler`);
  });
} else {
  register(() => console.log('worker: cleaned up'));
  parentPort.postMessage('ready');
  setInterval(() => {}, 1000);
}
