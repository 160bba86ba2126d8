// Workers, each with something to clean up and one without; ends by SIGTERM.   node --cpu-prof profiled.js
import fs from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

if (isMainThread) {
  const { register } = await import('worker-atexit');
  register(async () => {});
  const workers = ['registers', 'registers', 'nothing'].map(
    (what) => new Worker(new URL(import.meta.url), { workerData: what }),
  );
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  process.on('exit', () => fs.writeSync(1, 'exit\n'));
  process.kill(process.pid, 'SIGTERM');
} else {
  if (workerData === 'registers') {
    const { register } = await import('worker-atexit');
    register(async () => {});
  }
  parentPort.on('message', () => {});
  parentPort.postMessage('ready');
}
