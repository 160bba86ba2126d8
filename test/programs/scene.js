// A program that ends by the route that it is told, with the workers that it is told. Every handler leaves a file.
//   node scene.js DIR ROUTE WORKERS [OPTIONS as JSON]
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

const [dir, route, workers, options = '{}'] = process.argv.slice(2);
const log = (line) => fs.appendFileSync(path.join(dir, 'main.log'), `${line}\n`);

const { failing, ...configuration } = JSON.parse(options);
atexit.configure({
  syncTimeout: 5000,
  ...configuration,
  onReport(report) {
    const { ok, exitCode, signal, stages } = report;
    const of = ({ name, status, path, handlers }) => ({ name, status, path, handlers: handlers.map((h) => h.name) });
    const told = {
      route: report.route,
      ok,
      exitCode,
      signal,
      stages: stages.map((s) => s.name),
      workers: report.workers.map(of),
    };
    fs.writeFileSync(
      path.join(dir, 'report.json'),
      JSON.stringify({ ...told, handlers: report.handlers.map((h) => h.name) }),
    );
    fs.writeFileSync(path.join(dir, 'report.txt'), String(report));
  },
});
atexit.shutdownSignal.addEventListener('abort', () => log(`aborted by ${atexit.shutdownSignal.reason.route}`));
atexit.register(function first() {
  log('first');
});
atexit.register(function second(text) {
  log(text);
}, 'second');
if (failing)
  atexit.register(function broken() {
    throw new Error('a handler that fails');
  });
process.on('exit', (code) => log(`exit ${code}`));

const workerFile = new URL('./scene-worker.js', import.meta.url);
const start = (kind) => {
  const worker = new Worker(workerFile, { workerData: { dir, kind } });
  return new Promise((resolve) => worker.once('message', () => resolve(worker)));
};
let ready = [];
if (workers === 'plain') ready = await Promise.all([1, 2, 3, 4].map(() => start('plain')));
if (workers === 'nested') ready = [await start('parent')];
if (workers === 'piscina') {
  const { Piscina } = await import('piscina');
  const { registerPool } = await import('worker-atexit/piscina');
  const filename = new URL('./scene-task.js', import.meta.url).href;
  const pool = registerPool(new Piscina({ filename, minThreads: 4, maxThreads: 4, workerData: { dir } }), {
    name: 'pool',
  });
  const barrier = new SharedArrayBuffer(4);
  await Promise.all([1, 2, 3, 4].map(() => pool.run({ barrier, count: 4 })));
  await sleep(50); // parked by now
}
// Their links may have come with the same turn of the event loop. That of a worker's worker goes by way of this thread, and is
// taken in a turn of its parent's: where the event loops stop before that, its slot is all that is seen of it.
await new Promise(setImmediate);
if (workers === 'nested') await sleep(100);
log('ready');

const ends = {
  beforeExit() {
    for (const worker of ready) worker.unref();
  },
  exit: () => atexit.exit(3),
  'process.exit': () => process.exit(3),
  throw: () =>
    setImmediate(() => {
      throw new Error('an uncaught error');
    }),
  reject: () => void Promise.reject(new Error('an unhandled rejection')),
  signal() {
    setInterval(() => {}, 1000);
    process.stdout.write('ready\n');
  },
  async shutdown() {
    const report = await atexit.shutdown();
    log(`lives on, ${atexit.shutdownSignal.aborted}, ${atexit.isShuttingDown()}, ${report.ok}`);
    for (const worker of ready) await worker.terminate();
  },
};
ends[route]();
