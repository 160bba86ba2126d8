// A thread of a child process, with lines of its own.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { register } from 'worker-atexit';

register(async function flushThread() {
  await sleep(20);
  const lines = Array.from({ length: 25 }, (_, line) => `${process.pid}.${threadId} ${line}\n`);
  appendFileSync(join(workerData.folder, 'lines'), lines.join(''));
});
parentPort.once('message', () => {});
parentPort.postMessage('ready');
