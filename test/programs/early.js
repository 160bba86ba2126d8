// A pool, or a plain worker, that was made before the main thread loaded the library.   node early.js DIR KIND WAY
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

const [dir, kind, way] = process.argv.slice(2);
process.env.DIR = dir;
const file = (name) => new URL(name, import.meta.url);
const filename = file('./endings-task.js').href;
const threads = { minThreads: 2, maxThreads: 2 };
const task = { work: 'nothing' };

const createPiscina = async (options) => {
  const { Piscina } = await import('piscina');
  const pool = new Piscina({ filename, ...threads, ...options });
  return { pool, run: () => pool.run(task), adapter: 'worker-atexit/piscina', end: () => pool.destroy() };
};
const create = {
  'piscina sync': () => createPiscina({ atomics: 'sync' }),
  'piscina async': () => createPiscina({ atomics: 'async' }),
  async tinypool() {
    const { Tinypool } = await import('tinypool');
    const pool = new Tinypool({ filename, ...threads });
    return { pool, run: () => pool.run(task), adapter: 'worker-atexit/tinypool', end: () => pool.destroy() };
  },
  async workerpool() {
    const { default: workerpool } = await import('workerpool');
    const pool = workerpool.pool(file('./endings-workerpool.js').pathname, { workerType: 'thread', minWorkers: 2 });
    const run = () => pool.exec('run', [task]);
    return { pool, run, adapter: 'worker-atexit/workerpool', end: () => pool.terminate() };
  },
  worker: () => {
    const workers = [1, 2].map(() => new Worker(file('./early-worker.js')));
    return { workers, run() {}, end: () => Promise.all(workers.map((worker) => worker.terminate())) };
  },
};

const { pool, workers, run, adapter, end } = await create[kind]();
await Promise.all([run(), run()]);
const registrations = path.join(dir, 'registered');
while (!fs.existsSync(registrations) || fs.statSync(registrations).size < 2) await sleep(2);
await sleep(50); // parked by now, and refused by a main thread that knows nothing of all this

const atexit = await import('worker-atexit');
const log = (text) => fs.appendFileSync(path.join(dir, 'log'), `${text}\n`);
atexit.configure({
  syncTimeout: 6000,
  onReport: (report) => log(`${report.ok} ${report.workers.map(({ status }) => status).join(' ')}`),
});
let linked = 0;
if (way === 'terminate()') process.on('workerMessage', () => linked++);
else {
  // As long as it is waited for, so are those that answer their invitation late.
  const last = new Worker(file('./early-last.js'));
  await new Promise((resolve) => last.once('message', resolve));
}
if (pool) (await import(adapter)).registerPool(pool);
else for (const worker of workers) atexit.registerWorker(worker);

if (way === 'process.exit()') process.exit(0);
if (way === 'exit()') atexit.exit(0);
if (way === 'a crash') throw new Error('a crash');
if (way === 'terminate()') {
  while (linked < 2) await sleep(2);
  await end();
  atexit.exit(0);
}
