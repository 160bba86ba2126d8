// One worker at a time is ended while the process lives on.   node retiring.js SITUATION
// A worker runs this file, too.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

const print = (text) => fs.writeSync(1, `${text}\n`);
const file = fileURLToPath(import.meta.url);

const roles = {
  clean() {
    atexit.register(async function cleanUp() {
      print(`cleans up, ${atexit.isShuttingDown()}, ${atexit.shutdownSignal.reason.route}`);
      await sleep(20);
      print('done');
    });
  },
  hangs() {
    atexit.register(() => {
      print('hangs');
      parentPort.postMessage('hangs');
      return new Promise(() => {});
    });
  },
  busy() {
    atexit.register(() => print('wrong'));
    setTimeout(() => {
      parentPort.postMessage('blocked');
      for (;;);
    }, 10);
  },
  fails() {
    atexit.register(function fails() {
      throw new Error('of the worker');
    });
  },
  quiet() {
    atexit.register(() => {});
  },
  stranger() {},
  late() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    atexit.register(() => print('wrong'));
  },
};

async function start(role, options) {
  const worker = new Worker(file, { workerData: role, ...options });
  await new Promise((resolve) => worker.once('message', resolve));
  return worker;
}

const said = (worker, text) =>
  new Promise((resolve) => worker.on('message', (message) => message === text && resolve()));

const { registerWorker } = atexit;
const isGone = (worker) => worker.threadId === -1;

const situations = {
  async terminate() {
    const worker = await start('clean');
    registerWorker(worker);
    print(`code ${await worker.terminate()}, gone ${isGone(worker)}`);
    print(`again ${await worker.terminate()}`);
  },
  async 'terminate, twice'() {
    const worker = await start('hangs');
    registerWorker(worker, { timeout: 60_000 });
    const first = worker.terminate();
    await said(worker, 'hangs');
    print(`code ${await worker.terminate()}, gone ${isGone(worker)}`);
    print(`code ${await first}`);
  },
  async 'terminate, silent'() {
    const worker = await start('busy');
    registerWorker(worker, { timeout: 200 });
    await said(worker, 'blocked');
    print(`code ${await worker.terminate()}, gone ${isGone(worker)}`);
  },
  async 'terminate, right after it was started'() {
    const worker = new Worker(file, { workerData: 'late' });
    registerWorker(worker);
    print(`code ${await worker.terminate()}`);
  },
  async 'link.shutdown()'() {
    const report = await registerWorker(await start('clean'), { name: 'one' }).shutdown();
    print(`${report.name} ${report.status} ${report.handlers.map(({ name }) => name)}`);
    const failed = await registerWorker(await start('fails'), { name: 'two' }).shutdown();
    print(`${failed.name} ${failed.status} ${failed.handlers[0].error.message}`);
    const stranger = await start('stranger');
    print(`${(await registerWorker(stranger).shutdown()).status} ${isGone(stranger)}`);
    const gone = await start('clean');
    const link = registerWorker(gone, { name: 'four' });
    await gone.terminate();
    print((await link.shutdown()).status);
  },
  async 'await using'() {
    const worker = await start('clean');
    // What `await using` calls; the syntax itself is newer than Node 20.
    await registerWorker(worker)[Symbol.asyncDispose]();
    print(`gone ${isGone(worker)}`);
  },
  async unregister() {
    const worker = await start('clean');
    registerWorker(worker).unregister();
    print(`code ${await worker.terminate()}`);
  },
  async 'the others are left alone'() {
    const [one, other] = await Promise.all([start('clean'), start('clean')]);
    registerWorker(one);
    registerWorker(other);
    await one.terminate();
    print(`shutting down ${atexit.isShuttingDown()}`);
    other.postMessage('ping');
    print(await new Promise((resolve) => other.once('message', resolve)));
    process.exit(3);
  },
  async 'the process shuts down meanwhile'() {
    const worker = await start('clean');
    registerWorker(worker);
    worker.terminate();
    process.exit(3);
  },
  async many() {
    const all = Number(process.argv[3]);
    const events = ['exit', 'beforeExit', 'worker', 'workerMessage', 'SIGTERM', 'uncaughtExceptionMonitor'];
    const listeners = () => events.map((event) => process.listenerCount(event)).join();
    const refs = [];
    const round = async (count) => {
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let n = 0; n < count / 8; n++) {
            const worker = await start('quiet');
            refs.push(new WeakRef(worker));
            registerWorker(worker, { name: 'one of many' });
            await worker.terminate();
          }
        }),
      );
      for (let n = 0; n < 5; n++) {
        await sleep(20);
        globalThis.gc();
      }
      return process.memoryUsage().heapUsed;
    };
    await round(all / 5);
    const before = { heap: await round(all / 5), listeners: listeners() };
    const more = (all / 5) * 3;
    const after = { heap: await round(more), listeners: listeners() };
    print(`workers left: ${refs.filter((ref) => ref.deref()).length > 8}`);
    print(`listeners: ${after.listeners === before.listeners}`);
    // Less than 1 KiB each.
    print(`memory: ${(after.heap - before.heap) / 1024 < more}`);
  },
};

if (isMainThread) {
  await situations[process.argv[2]]();
} else {
  roles[workerData]();
  parentPort.on('message', () => parentPort.postMessage('pong'));
  parentPort.postMessage('ready');
}
