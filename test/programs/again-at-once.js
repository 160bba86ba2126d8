// A worker registers when a shutdown is over, before its event loop has turned, and the main thread ends at once.
//   node again-at-once.js ROUTE
import { once } from 'node:events';
import fs from 'node:fs';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

const say = (line) => fs.writeSync(1, `${line}\n`);
const LIMIT = 10_000;
const State = { running: 0, over: 1, registered: 2 };
const cells = new Int32Array(workerData ?? new SharedArrayBuffer(4));

function tell(state) {
  Atomics.store(cells, 0, state);
  Atomics.notify(cells, 0);
}

/** Nothing else happens in this thread. */
function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Blocks for a while at a time, as this worker may still have to ack. */
function registerWhenOver() {
  if (Atomics.wait(cells, 0, State.running, 50) === 'timed-out') {
    setImmediate(registerWhenOver);
    return;
  }
  atexit.register(() => say('round 2'));
  tell(State.registered);
  block(100);
}

if (workerData) {
  atexit.register(() => {
    say('round 1');
    setImmediate(registerWhenOver);
  });
  parentPort.postMessage('ready');
} else {
  const [, , route] = process.argv;
  await once(new Worker(new URL(import.meta.url), { workerData: cells.buffer }), 'message');
  atexit.configure({
    syncTimeout: 5000,
    onReport: ({ workers }) => say(workers.map(({ status }) => status).join(', ')),
  });
  await atexit.shutdown();
  tell(State.over);
  Atomics.wait(cells, 0, State.over, LIMIT);
  if (route === 'process.exit()') process.exit();
  else await atexit.exit();
}
