// Handlers that workers entrust to the main thread.   node on-main.js DIR SITUATION
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

const [dir, situation] = process.argv.slice(2);
const log = (text) => fs.appendFileSync(path.join(dir, 'log'), `${text}\n`);
const linesOf = (name) =>
  fs.existsSync(path.join(dir, name)) ? fs.readFileSync(path.join(dir, name), 'utf8').split('\n').length - 1 : 0;
const module = new URL('./entrusted.js', import.meta.url);
const entrust = (text) => atexit.registerOnMain(module, 'save', dir, { text });
const never = () => setInterval(() => {}, 1000);

const gate = workerData?.gate ?? new Int32Array(new SharedArrayBuffer(4));
const open = () => {
  Atomics.add(gate, 0, 1);
  Atomics.notify(gate, 0);
};
const waitForGate = () => void Atomics.wait(gate, 0, 0, 10_000);
const spawn = (role, options = {}) =>
  new Worker(fileURLToPath(import.meta.url), { argv: [dir, situation], workerData: { gate, role }, ...options });
const ready = (role, options) =>
  new Promise((resolve) => {
    const worker = spawn(role, options);
    worker.on('error', () => {});
    worker.once('message', () => resolve(worker));
  });
const gone = (worker) => new Promise((resolve) => worker.once('exit', resolve));
/** Until the log has `count` lines. */
const logged = async (count) => {
  while (linesOf('log') < count) await sleep(2);
};
const main = () => {
  atexit.configure({ syncTimeout: 5000 });
  atexit.register(() => log('main'));
};
const routes = {
  'exit()': () => atexit.exit(0),
  'process.exit()': () => process.exit(0),
  'a crash': () => {
    throw new Error('a crash');
  },
};

/** The thread is gone while the process lives on, and the handler is due at once. */
const dies = (how, options) => ({
  async main() {
    main();
    const worker = await ready('worker', options);
    const isGone = gone(worker);
    if (how === 'terminated') Worker.prototype.terminate.call(worker);
    else worker.postMessage('die');
    await isGone;
    await logged(1);
    log('the process lives on');
  },
  worker() {
    entrust('entrusted');
    parentPort.once('message', () => {
      if (how === 'crashes') throw new Error('a crash');
      if (how === 'exits') process.exit(3);
      const food = [];
      for (;;) food.push(new Array(1e5).fill({}));
    });
    parentPort.postMessage('ready');
  },
});

const lives = (route) => ({
  async main() {
    atexit.register(() => log('registered before'));
    await ready('worker');
    await sleep(20);
    // What was broadcast is read before the next turn, however long that took.
    for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate);
    atexit.register(() => log('registered after'));
    routes[route]();
  },
  worker() {
    entrust('entrusted');
    entrust('taken back').unregister();
    parentPort.postMessage('ready');
    never();
  },
});

/** The main thread's event loop has not turned since it made the worker. */
const blocked = (route) => ({
  main() {
    main();
    spawn('worker');
    waitForGate();
    routes[route]();
  },
  worker() {
    entrust('entrusted');
    open();
    never();
  },
});

const situations = {
  'crashes, and the process lives on': dies('crashes'),
  'exits, and the process lives on': dies('exits'),
  'is out of memory, and the process lives on': dies('is out of memory', {
    resourceLimits: { maxOldGenerationSizeMb: 16 },
  }),
  'is terminated, and the process lives on': dies('terminated'),
  'lives, and the program ends by exit()': lives('exit()'),
  'lives, and the program ends by process.exit()': lives('process.exit()'),
  'lives, and the program ends by a crash': lives('a crash'),
  'has registered right before exit()': blocked('exit()'),
  'has registered right before process.exit()': blocked('process.exit()'),
  'dies, and the program exits by that': {
    async main() {
      main();
      const worker = await ready('worker');
      worker.once('exit', () => process.exit(3));
      worker.postMessage('die');
    },
    worker() {
      entrust('entrusted');
      parentPort.once('message', () => process.exit());
      parentPort.postMessage('ready');
    },
  },
  'is a grandchild that dies': {
    async main() {
      main();
      await ready('parent');
      await logged(1);
      log('the process lives on');
      atexit.exit(0);
    },
    async parent() {
      const child = await ready('child');
      child.postMessage('die');
      await gone(child);
      parentPort.postMessage('ready');
      never();
    },
    child() {
      entrust('entrusted');
      parentPort.once('message', () => process.exit(0));
      parentPort.postMessage('ready');
    },
  },
  'is blocked, and terminated at the deadline': {
    async main() {
      atexit.configure({ timeout: 4000 });
      main();
      await ready('worker');
      atexit.exit(0);
    },
    worker() {
      entrust('entrusted');
      setTimeout(() => {
        parentPort.postMessage('ready');
        waitForGate();
      }, 5);
    },
  },
  'lives through a shutdown(), and is gone later': {
    async main() {
      const worker = await ready('worker');
      await sleep(20);
      await atexit.shutdown();
      worker.postMessage('die');
      await gone(worker);
      await sleep(20);
      log('the process lives on');
      main();
      process.exit(0);
    },
    worker() {
      entrust('entrusted');
      parentPort.once('message', () => process.exit(0));
      parentPort.postMessage('ready');
    },
  },
  'is the main thread itself': {
    main() {
      main();
      const args = { text: 'entrusted' };
      atexit.registerOnMain(module, 'save', dir, args);
      args.text = 'changed';
      atexit.registerOnMain(fileURLToPath(module), 'nothing');
    },
  },
};

situations[situation][workerData?.role ?? 'main']();
