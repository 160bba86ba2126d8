// A program has functions of its own where the library puts some in their place.   node own-functions.js SITUATION
// Its workers run this file, too.

import { once } from 'node:events';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { register, shutdown } from 'worker-atexit';

const print = (text) => fs.writeSync(1, `${text}\n`);
const file = fileURLToPath(import.meta.url);
const [situation] = process.argv.slice(2);

/** The program counts the calls of `owner[name]`, and passes each on. */
function count(owner, name) {
  const next = owner[name];
  const counted = (...args) => {
    counted.calls++;
    return next.apply(owner, args);
  };
  return Object.assign(counted, { calls: 0 });
}

/** Wraps it before the pool is registered, or after that, and says what is left of that after a `shutdown()`. */
async function tryPool(pool, method, registerPool, submit, isEarly) {
  const wrap = () => {
    pool[method] = count(pool, method);
    return pool[method];
  };
  const early = isEarly ? wrap() : undefined;
  registerPool(pool);
  const own = early ?? wrap();
  await submit(pool);
  const { ok } = await shutdown();
  print(`ok ${ok}, called ${own.calls > 0}, its own ${pool[method] === own}`);
  process.exit();
}

const pools = {
  async piscina(isEarly) {
    const { default: Piscina } = await import('piscina');
    const { registerPool } = await import('worker-atexit/piscina');
    const pool = new Piscina({ filename: file, minThreads: 1, maxThreads: 1 });
    await tryPool(pool, 'run', registerPool, () => pool.run(), isEarly);
  },
  async tinypool(isEarly) {
    const { default: Tinypool } = await import('tinypool');
    const { registerPool } = await import('worker-atexit/tinypool');
    const pool = new Tinypool({ filename: file, minThreads: 1, maxThreads: 1 });
    await tryPool(pool, 'run', registerPool, () => pool.run(), isEarly);
  },
  async workerpool(isEarly) {
    const { default: workerpool } = await import('workerpool');
    const { registerPool } = await import('worker-atexit/workerpool');
    const pool = workerpool.pool({ workerType: 'thread', maxWorkers: 1 });
    await tryPool(pool, 'exec', registerPool, () => pool.exec('methods'), isEarly);
  },
};

const situations = {
  ...Object.fromEntries(
    Object.entries(pools).flatMap(([name, tryIt]) => [
      [`${name}, wrapped before`, () => tryIt(true)],
      [`${name}, wrapped after`, () => tryIt(false)],
    ]),
  ),

  async 'a handler wraps stdout'() {
    const worker = new Worker(file, { workerData: situation });
    await once(worker, 'message');
    await shutdown();
    worker.postMessage('print');
    await once(worker, 'message');
    await worker.terminate();
  },
};

const roles = {
  'a handler wraps stdout'() {
    register(function wraps() {
      const { write } = process.stdout;
      process.stdout.write = (text, ...rest) => write.call(process.stdout, `(${text.trim()})\n`, ...rest);
    });
    parentPort.once('message', () => {
      process.stdout.write('after the shutdown\n', () => parentPort.postMessage('printed'));
    });
    parentPort.postMessage('ready');
  },
};

/** What the pools run. */
export default () => 'done';

if (isMainThread) await situations[situation]();
else roles[workerData]?.();
