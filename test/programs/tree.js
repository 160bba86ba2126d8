// Workers of workers, three deep, or a great many of them.   node tree.js DIR SITUATION ROUTE
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

const [dir, situation, route] = process.argv.slice(2);
const log = (text) => fs.appendFileSync(path.join(dir, 'log'), `${text}\n`);
const file = fileURLToPath(import.meta.url);
const started = (name, workers) =>
  new Promise((resolve) => {
    const worker = new Worker(file, { argv: [dir, situation, route], workerData: { name, workers } });
    atexit.registerWorker(worker, { name });
    worker.once('message', () => resolve(worker));
  });
const startAll = (workers) => Promise.all(Object.entries(workers).map(([name, below]) => started(name, below)));

/** A leaf with this name has a fault. */
const faults = {
  throws() {
    throw new Error('of a leaf');
  },
  hangs: () => new Promise(() => {}),
  loops() {
    for (;;);
  },
};

const many = Object.fromEntries(Array.from({ length: 63 }, (_, index) => [`clean${index}`, {}]));
const trees = {
  'three deep': { a: { aa: { aaa: {}, throws: {} }, ab: { aba: {} } }, b: { ba: { hangs: {} }, bb: { bba: {} } } },
  'a leaf that loops': { a: { aa: { aaa: {}, loops: {} } }, b: {} },
  'one of many hangs': { ...many, loops: {} },
};

if (isMainThread) {
  const { timeout, syncTimeout } = { timeout: Number(process.env.TIMEOUT), syncTimeout: Number(process.env.TIMEOUT) };
  atexit.configure({
    timeout,
    syncTimeout,
    onReport(report) {
      for (const { name, path: way, status, diagnosis, handlers } of report.workers) {
        const failed = handlers.filter(({ error, unfinished }) => error || unfinished).map(({ name }) => name);
        log(
          ['report:', name.replace(/ \d+$/, ''), `depth ${way.length}`, status, ...failed, diagnosis]
            .filter(Boolean)
            .join(' '),
        );
      }
      log(`ok ${report.ok}, main handler unfinished: ${report.handlers.some(({ unfinished }) => unfinished)}`);
    },
  });
  await startAll(trees[situation]);
  // Their links may have come with the same turn of the event loop. Those of workers further down go by way of this thread, and
  // are taken in a turn of their parents'.
  await sleep(100);
  // What the handlers stage is entitled to, whatever the workers did.
  atexit.register(async function main() {
    if (route === 'exit()') await sleep(timeout / 8);
    log('main');
  });
  if (route === 'exit()') atexit.exit(0);
  else process.exit(0);
} else {
  const { name, workers } = workerData;
  await startAll(workers);
  // Each handler behind one that hangs leaves more time for the ack.
  if (name === 'hangs') for (let n = 0; n < 4; n++) atexit.register(function behind() {});
  atexit.register(async function cleanUp() {
    await sleep(5);
    log(name);
  });
  if (faults[name]) atexit.register(faults[name]);
  parentPort.on('message', () => {});
  parentPort.postMessage('started');
}
