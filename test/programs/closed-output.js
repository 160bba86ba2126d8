// A worker prints while the main thread shuts down, and nobody reads stdout or stderr any more.   node closed-output.js DIR
import fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { register } from 'worker-atexit';

const dir = process.argv[2];
const note = (line) => fs.appendFileSync(join(dir, 'events'), `${line}\n`);

if (isMainThread) {
  register(async function main() {
    await sleep(200);
    note('main: done');
  });
  const worker = new Worker(new URL(import.meta.url), { argv: [dir] });
  worker.once('message', () => console.log('ready'));
} else {
  register(async function last() {
    for (let line = 0; line < 20; line++) {
      console.log('worker: a line');
      console.error('worker: an error');
      await sleep(5);
    }
    note('worker: done');
  });
  parentPort.on('message', () => {});
  parentPort.postMessage('ready');
}
