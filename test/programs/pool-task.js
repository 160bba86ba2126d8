// The task file of pool.js: work of several kinds, and a clean-up that leaves a line.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'piscina';
import { register } from 'worker-atexit';

register(async function cleanUp() {
  await sleep(10);
  fs.appendFileSync(path.join(workerData.dir, 'log'), 'worker\n');
});

const meeting = path.join(workerData.dir, 'meeting');
const work = {
  sleep: ({ ms, value }) => sleep(ms, value),
  block: ({ ms }) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  // Both threads have loaded this file once two tasks have met.
  async meet() {
    fs.appendFileSync(meeting, '.');
    while (fs.statSync(meeting).size < 2) await sleep(1);
  },
};
export default (task) => work[task.work](task);
