// A worker registers something when all others have been seen through, and the process is about to end.
//   node late-workers.js WAY [fails]
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

const say = (line) => writeSync(1, `${line}\n`);
const wait = (cells, value) => void Atomics.wait(cells, 0, value, 10_000);
function go(cells, value) {
  Atomics.store(cells, 0, value);
  Atomics.notify(cells, 0);
}

if (isMainThread) {
  const cells = new Int32Array(new SharedArrayBuffer(4));
  atexit.configure({ timeout: 10_000, syncTimeout: 5000, onReport: ({ ok }) => say(`report ${ok}`) });
  atexit.register(() => say('main'));
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: cells, argv: process.argv.slice(2) });
  await new Promise((resolve) => worker.once('message', resolve));
  worker.unref();
  process.on('exit', () => {
    go(cells, 1);
    wait(cells, 1);
  });
  const ways = {
    'process.exit()': () => process.exit(3),
    'exit()': () => atexit.exit(3),
    'the event loop runs empty'() {
      process.exitCode = 3;
    },
    SIGTERM() {
      process.kill(process.pid, 'SIGTERM');
      return sleep(20_000);
    },
  };
  await ways[process.argv[2]]();
} else {
  parentPort.postMessage('ready');
  wait(workerData, 0);
  atexit.register(async function cleanUp() {
    say('begun');
    await sleep(50);
    if (process.argv[3] === 'fails') throw new Error('not today');
    say('done');
  });
  say('registered');
  setInterval(() => {}, 1000);
  // The process may end from here on.
  go(workerData, 2);
}
