// Pools that nobody wrote an adapter for: each ends its workers by terminate().   node other-pools.js DIR POOL
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { register, registerWorker } from 'worker-atexit';

const [, , dir, pool] = process.argv;
const note = (line) => fs.appendFileSync(join(dir, 'events'), `${line}\n`);
const file = (name) => fileURLToPath(new URL(`./other-pools/${name}`, import.meta.url));
const require = createRequire(import.meta.url);
process.env.EVENTS = join(dir, 'events');

/** Terminates a worker that has registered two handlers, before the event loop turns and its link can arrive. */
async function terminateAtOnce(use) {
  const registered = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./other-pools/plain.mjs', import.meta.url), { workerData: registered });
  use?.(worker);
  Atomics.wait(registered, 0, 0);
  note(`exit code ${await worker.terminate()}`);
}

const pools = {
  // Its own listener of SIGTERM terminates every worker, and exits.
  async threads() {
    const { Pool, spawn, Worker: ThreadsWorker } = require('threads');
    const workers = Pool(() => spawn(new ThreadsWorker('./other-pools/threads.cjs')), 2);
    await Promise.all([1, 2].map(() => workers.queue((task) => task())));
    process.kill(process.pid, 'SIGTERM');
  },
  async poolifier() {
    const { FixedThreadPool } = await import('poolifier');
    const workers = new FixedThreadPool(2, file('poolifier.mjs'));
    await Promise.all([1, 2].map(() => workers.execute()));
    await workers.destroy();
    note('destroyed');
  },
  async 'jest-worker'() {
    const { Worker: JestWorker } = require('jest-worker');
    const farm = new JestWorker(file('jest-worker.cjs'), { numWorkers: 2, enableWorkerThreads: true });
    await Promise.all([1, 2].map(() => farm.task()));
    await farm.end();
    note('ended');
  },
  // It ends a job that takes too long.
  async bree() {
    const Bree = require('bree');
    const jobs = [{ name: 'job', path: file('bree.mjs'), closeWorkerAfterMs: 500 }];
    const bree = new Bree({ root: false, logger: false, jobs });
    const deleted = new Promise((resolve) => bree.on('worker deleted', resolve));
    await bree.run('job');
    await deleted;
    note('ended');
  },
  async plain() {
    const worker = new Worker(new URL('./other-pools/plain.mjs', import.meta.url));
    await new Promise((resolve) => worker.once('message', resolve));
    note(`exit code ${await worker.terminate()}`);
  },
  async twice() {
    const worker = new Worker(new URL('./other-pools/plain.mjs', import.meta.url), { workerData: 'hangs' });
    await new Promise((resolve) => worker.once('message', resolve));
    worker.terminate();
    await sleep(100);
    note(`exit code ${await worker.terminate()}`);
  },
  async busy() {
    const worker = new Worker(new URL('./other-pools/plain.mjs', import.meta.url), { workerData: 'busy' });
    await new Promise((resolve) => worker.once('message', resolve));
    await sleep(100);
    note(`exit code ${await worker.terminate()}`);
  },
  'at once': () => terminateAtOnce(),
  'at once, registered': () => terminateAtOnce(registerWorker),
  async 'without handlers'() {
    const worker = new Worker(
      'import("worker-atexit").then(() => require("node:worker_threads").parentPort.postMessage(1)); setInterval(() => {}, 1000)',
      {
        eval: true,
      },
    );
    const look = () => [...Reflect.ownKeys(worker), ...worker.eventNames()].map(String).join();
    const before = look();
    await new Promise((resolve) => worker.once('message', resolve));
    note(look() === before ? 'untouched' : `${before} > ${look()}`);
    note(`exit code ${await worker.terminate()}`);
  },
};

register(async function main() {
  note('main');
});
await pools[pool]();
