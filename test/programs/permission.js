// A feature under a permission model, with what it needs and no more.   node permission.js FEATURE ROUTE
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

const here = fileURLToPath(import.meta.url);
const programs = new URL('.', import.meta.url);

/** Resolves when the worker has told that it is ready. */
const start = (data) => {
  const worker = new Worker(here, { workerData: data });
  return new Promise((resolve) => worker.once('message', () => resolve(worker)));
};

const pools = {
  async piscina() {
    const { Piscina } = await import('piscina');
    const { registerPool } = await import('worker-atexit/piscina');
    return registerPool(new Piscina({ filename: here, minThreads: 1, maxThreads: 1 }));
  },
  async tinypool() {
    const { Tinypool } = await import('tinypool');
    const { registerPool } = await import('worker-atexit/tinypool');
    return registerPool(new Tinypool({ filename: here, minThreads: 1, maxThreads: 1 }));
  },
};

const features = {
  handlers() {},
  'a resource'() {
    atexit.register({ [Symbol.asyncDispose]: () => console.log('disposed') });
  },
  'a drain'() {
    atexit.onDrain(() => console.log('drained'));
  },
  'a watchdog'() {
    atexit.configure({ watchdog: true });
  },
  async 'a worker'() {
    atexit.registerWorker(await start('registers'));
  },
  async 'a worker of a worker'() {
    await start('has a worker');
  },
  async 'a function for the main thread'() {
    await start('entrusts');
  },
  async 'a pool of piscina'() {
    await (await pools.piscina()).run('a task');
  },
  async 'a pool of tinypool'() {
    await (await pools.tinypool()).run('a task');
  },
  async 'a workerpool'() {
    const workerpool = (await import('workerpool')).default;
    const { registerPool } = await import('worker-atexit/workerpool');
    const pool = registerPool(
      workerpool.pool(fileURLToPath(new URL('living-workerpool.js', programs)), { workerType: 'thread' }),
    );
    await pool.exec('work', ['a task']);
  },
  async 'a server'() {
    const { registerServer } = await import('worker-atexit/http');
    const server = registerServer(createServer((_, response) => response.end('answered')));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    server.on('close', () => console.log('closed'));
    const answer = await fetch(`http://127.0.0.1:${server.address().port}`, { headers: { connection: 'close' } });
    console.log(await answer.text());
  },
  async 'a child process'() {
    const { registerProcess } = await import('worker-atexit/process');
    const child = fork(here, ['handlers', 'none'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    registerProcess(child);
    await new Promise((resolve) => child.once('message', resolve));
  },
};

const ways = {
  'exit()': () => atexit.exit(0),
  'process.exit()': () => process.exit(0),
  SIGTERM() {
    setInterval(() => {}, 1000);
    process.kill(process.pid, 'SIGTERM');
  },
  'the event loop runs empty'() {},
  none() {
    setInterval(() => {}, 1000);
    process.send('ready');
  },
};

export const finish = () => console.log('finished by the', isMainThread ? 'main thread' : 'worker');

/** A task of a pool. */
export default (task) => {
  atexit.register(() => console.log('cleaned up after', task));
};

if (isMainThread) {
  const [feature, route] = process.argv.slice(2);
  // A worker's task imports this file as well, and so does what is entrusted to the main thread.
  if (process.argv[1] === here) await run(feature, route);
} else if (typeof workerData === 'string') {
  atexit.register(() => console.log('worker', workerData));
  if (workerData === 'has a worker') await start('registers');
  if (workerData === 'entrusts') atexit.registerOnMain(here, 'finish');
  parentPort.on('message', () => {});
  parentPort.postMessage('ready');
}

async function run(feature, route) {
  atexit.configure({ syncTimeout: 5000, onReport: ({ ok, notes }) => console.log('ok', ok, ...notes) });
  atexit.register(() => console.log('main'));
  await features[feature]();
  ways[route]();
}
