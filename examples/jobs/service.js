// One of the two services.
//   node service.js PORT QUEUE [--without]
import { Worker } from 'bullmq';

const [port, queue, without] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const processor = new URL(without ? './processor-without.js' : './processor.js', import.meta.url);
const worker = new Worker(queue, processor, { connection, concurrency: 2, useWorkerThreads: true });

if (without) {
  // As the documentation of BullMQ has it.
  process.once('SIGTERM', async () => {
    await worker.close();
    process.exit(0);
  });
} else {
  const { configure } = await import('worker-atexit');
  const { registerWorker } = await import('worker-atexit/bullmq');
  configure({ onReport: (report) => console.log(String(report)) });
  registerWorker(worker, { name: 'indexer' });
}
await worker.waitUntilReady();
process.send('ready');
