// A service with one Worker of BullMQ.
//   node service.js JSON
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configure, register } from 'worker-atexit';
import { registerWorker } from 'worker-atexit/bullmq';

const {
  folder,
  queue,
  port,
  bullmq = 'bullmq',
  kind = 'threads',
  concurrency = 4,
  workers = 1,
  slow,
  unregistered,
  options = {},
  library: settings = {},
} = JSON.parse(process.argv[2]);
const { Worker } = await import(bullmq);
const file = fileURLToPath(new URL('processor.js', import.meta.url));
const note = (line) => appendFileSync(join(folder, 'events'), `${line}\n`);

configure({
  ...settings,
  logger: { error: (message) => note(message) },
  onReport: (report) => writeFileSync(join(folder, `report-${process.pid}`), `${report}\n`),
});
register(() => note(`the service is done`));

const processor = kind === 'here' ? (await import('./processor.js')).default : file;
if (slow) process.env.SLOW = String(slow);
const made = Array.from({ length: workers }, (_, number) => {
  const worker = new Worker(queue, processor, {
    connection: { host: '127.0.0.1', port, maxRetriesPerRequest: null },
    concurrency,
    name: String(process.pid),
    useWorkerThreads: kind === 'threads',
  });
  worker.on('error', (error) => note(`error: ${error.message}`));
  if (!unregistered) registerWorker(worker, { name: number === 0 ? 'index' : `index${number + 1}`, ...options });
  return worker;
});

process.stdin.on('data', async (chunk) => {
  const what = String(chunk).trim();
  if (what === 'exit') process.exit(0);
  for (const worker of made) await worker.close(what === 'close by force');
  console.log('closed');
  process.stdin.destroy();
});
for (const worker of made) await worker.waitUntilReady();
console.log('ready');
