// What the library needs is taken away: by flags of V8, or by the program itself.   node [FLAG] bare.js WHAT ROUTE
// A worker runs this file, too.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker } from 'node:worker_threads';
import { register } from 'worker-atexit';

const print = (text) => fs.writeSync(1, `${text}\n`);
const { process } = globalThis;

const changes = {
  nothing() {},
  process() {
    globalThis.process = null;
  },
  'an iterator that throws'() {
    Array.prototype[Symbol.iterator] = () => {
      throw new Error('changed');
    };
  },
  'an iterator of nothing'() {
    Array.prototype[Symbol.iterator] = function* () {};
  },
};

const routes = {
  'the event loop runs empty'() {},
  'process.exit()': () => process.exit(),
  SIGTERM() {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => {}, 10_000);
  },
  'with a worker'() {
    const worker = new Worker(fileURLToPath(import.meta.url));
    worker.once('exit', () => process.kill(process.pid, 'SIGTERM'));
    setTimeout(() => {}, 10_000);
  },
};

if (isMainThread) {
  const [, , what, route] = process.argv;
  register(() => print('main'));
  changes[what]();
  routes[route]();
} else register(() => print('worker'));
