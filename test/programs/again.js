// After a shutdown that all threads have survived, only a worker's worker registers something.   node again.js ROUTE
import { once } from 'node:events';
import fs from 'node:fs';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

const [route] = process.argv.slice(2);
const say = (line) => fs.writeSync(1, `${line}\n`);
const depth = workerData ?? 0;
const name = ['main', 'parent', 'child'][depth];
let round = 1;

async function startWorker() {
  const worker = new Worker(new URL(import.meta.url), { argv: [route], workerData: depth + 1 });
  await once(worker, 'message');
  return worker;
}

const routes = {
  'exit()': () => atexit.exit(),
  'process.exit()': () => process.exit(),
  SIGTERM: () => process.kill(process.pid, 'SIGTERM'),
  'an empty event loop': (worker) => worker.unref(),
  'shutdown()': async (worker) => {
    await atexit.shutdown();
    worker.unref();
  },
  'terminate()': (worker) => atexit.registerWorker(worker, { name: 'parent' }) && worker.terminate(),
};

const worker = depth < 2 ? await startWorker() : undefined;
if (depth > 0) {
  atexit.register(() => say(`${name}: round ${round}`));
  parentPort.on('message', async (message) => {
    round = 2;
    if (worker) {
      worker.postMessage(message);
      await once(worker, 'message');
    } else {
      atexit.register(async () => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        say(`${name}: round ${round}`);
      });
    }
    parentPort.postMessage('registered');
  });
  parentPort.postMessage('ready');
} else {
  await atexit.shutdown();
  atexit.configure({
    syncTimeout: 5000,
    onReport: ({ workers }) => say(workers.map(({ path, status }) => `depth ${path.length} ${status}`).join(', ')),
  });
  worker.postMessage('again');
  await once(worker, 'message');
  routes[route](worker);
}
