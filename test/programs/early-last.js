// A worker of early.js that is made last, and cleans up when the two others have.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { register } from 'worker-atexit';

register(async function waits() {
  while (fs.readdirSync(process.env.DIR).filter((name) => name.startsWith('done-')).length < 2) await sleep(2);
});
parentPort.on('message', () => {});
parentPort.postMessage('ready');
