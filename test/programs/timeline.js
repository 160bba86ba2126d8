// A shutdown with one of everything, by the signal that it sends itself; its report as JSON on stdout.
//   node timeline.js slow|block
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { configure, onDrain, register, registerWorker } from 'worker-atexit';
import { registerPool } from 'worker-atexit/piscina';

const [, , mode] = process.argv;
configure({
  timeout: 8000,
  logger: false,
  onReport: (report) => process.stdout.write(JSON.stringify(report)),
});

const task = new URL('./timeline-worker.js', import.meta.url).href;
const pool = registerPool(new Piscina({ filename: task, minThreads: 1, maxThreads: 1 }), { name: 'resize' });

const server = onDrain(
  createServer(async (_, response) => {
    await sleep(200);
    // The last request has left the pool something to do.
    pool.run(1000);
    response.end('hello');
  }),
);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
onDrain(async function stopConsumer() {
  await sleep(50);
});

const worker = new Worker(new URL('./timeline-worker.js', import.meta.url), { workerData: mode });
registerWorker(worker, { name: 'indexer' });
await once(worker, 'message');

register(async function closeDatabase() {
  await sleep(100);
});
fetch(`http://127.0.0.1:${server.address().port}`).then((response) => response.text());
server.once('request', () => process.kill(process.pid, 'SIGTERM'));
