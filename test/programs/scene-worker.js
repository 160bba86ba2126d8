// A worker that cleans up: asynchronously, with a file and a line on the console.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, threadId, Worker, workerData } from 'node:worker_threads';
import { register } from 'worker-atexit';

const { dir, kind } = workerData;
register(async function cleanUp() {
  console.log(`worker ${threadId} cleans up`);
  await sleep(20);
  fs.writeFileSync(path.join(dir, `worker-${threadId}`), kind, { flag: 'wx' });
  fs.appendFileSync(path.join(dir, 'main.log'), `worker ${kind}\n`);
  console.log(`worker ${threadId} is done`);
});
if (kind === 'parent') {
  const child = new Worker(new URL(import.meta.url), { workerData: { dir, kind: 'child' } });
  child.once('message', () => parentPort.postMessage('ready'));
} else {
  parentPort.postMessage('ready');
}
parentPort.on('message', () => {});
