// What the workers of endings.js have in common: a clean-up that leaves files, and work of several kinds.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { isShuttingDown, register } from 'worker-atexit';

const { DIR, STATE } = process.env;
const isAgain = STATE === 'replaced' && fs.existsSync(path.join(DIR, 'registered'));
const touch = (name) => fs.appendFileSync(path.join(DIR, name), '.');

register(async function cleanUp() {
  touch(`begun-${threadId}`);
  await sleep(15);
  touch(`done-${threadId}`);
});
touch(isAgain ? 'registered again' : 'registered');
if (isAgain) block(100);

function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const work = {
  nothing() {},
  async async({ way }) {
    touch('running');
    // A task that is over by the time of its abort, on a busy machine, ends no worker.
    await sleep(way === 'abort' ? 10_000 : 250);
  },
  sync({ way, gate }) {
    touch('running');
    // An aborted task has to read its order soon: it blocks until that is there.
    Atomics.wait(gate, 0, 0, way === 'abort' ? 10_000 : 50);
  },
  async waits() {
    touch('running');
    while (!fs.existsSync(path.join(DIR, 'go'))) await sleep(2);
  },
  async throw() {
    touch('running');
    setTimeout(() => {
      throw new Error('an error of the worker’s');
    }, 20);
    await sleep(10_000);
  },
};
export const run = (task) => work[task.work](task);
/**
 * It is still being started: it has registered, and does not read its order at once. A Tinypool's worker parks when it is
 * ready, and nothing leads to one that has had no task: it is not ready before it has cleaned up.
 */
async function start() {
  block(150);
  while (!fs.existsSync(path.join(DIR, 'ends'))) await sleep(2);
  await sleep(60);
  while (isShuttingDown() && !fs.existsSync(path.join(DIR, `done-${threadId}`))) await sleep(2);
}
export const started = STATE === 'starting' ? start() : undefined;
