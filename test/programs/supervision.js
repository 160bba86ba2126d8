// Workers that must not die, and what is done about those that do.   node supervision.js DIR SITUATION
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const [dir, situation] = process.argv.slice(2);
const log = (text) => fs.appendFileSync(path.join(dir, 'log'), `${text}\n`);
const file = fileURLToPath(import.meta.url);

const roles = {
  clean: () => {},
  crashes() {
    throw new RangeError('a crash');
  },
  exits: () => process.exit(5),
  'ends by itself': () => parentPort.unref(),
  'is out of memory'() {
    const food = [];
    for (;;) food.push(new Array(1e5).fill({}));
  },
  'is blocked'() {
    parentPort.postMessage('blocked');
    for (;;);
  },
};

if (!isMainThread && workerData.isStranger) roles[workerData.role]();
const atexit = await import('worker-atexit');

const spawn = (role, { isStranger = false, ...options } = {}) => {
  const worker = new Worker(file, {
    argv: [dir, situation],
    workerData: { role, isStranger },
    ...(role === 'is out of memory' && { resourceLimits: { maxOldGenerationSizeMb: 16 } }),
  });
  worker.on('error', () => {});
  return { worker, link: atexit.registerWorker(worker, { name: 'db', ...options }) };
};
const onFailure = async function onFailure({ name, status, diagnosis }) {
  await sleep(20);
  log(`onFailure: ${name} ${status} ${diagnosis}`);
};
const gone = ({ worker }) => new Promise((resolve) => worker.once('exit', resolve));
const said = ({ worker }, text) =>
  new Promise((resolve) => worker.on('message', (message) => message === text && resolve()));
const started = (spawned) => said(spawned, 'started');

const essential = (role, options) => () => spawn(role, { essential: true, onFailure, ...options });

const situations = {
  crashes: essential('crashes'),
  exits: essential('exits'),
  'is out of memory': essential('is out of memory'),
  'never loaded the library': essential('crashes', { isStranger: true }),
  async 'is terminated by somebody else'() {
    const db = essential('clean')();
    await started(db);
    Worker.prototype.terminate.call(db.worker);
  },
  async 'ends by itself'() {
    await gone(essential('ends by itself')());
    log('the process lives on');
    atexit.exit(0);
  },
  async 'is told to end'() {
    const one = essential('clean')();
    const other = essential('clean')();
    await Promise.all([started(one), started(other)]);
    await Promise.all([one.worker.terminate(), other.link.shutdown()]);
    log('the process lives on');
    atexit.exit(0);
  },
  async 'is not essential'() {
    await gone(spawn('crashes', { onFailure }));
    log('the process lives on');
    // It is waited for.
    atexit.exit(0);
  },
  async 'hangs in a shutdown'() {
    atexit.configure({ timeout: 4000 });
    const busy = spawn('is blocked', { onFailure });
    const clean = spawn('clean', { onFailure });
    await Promise.all([said(busy, 'blocked'), started(clean)]);
    atexit.exit(0);
  },
  async 'hangs when it is terminated'() {
    const busy = spawn('is blocked', { onFailure, timeout: 100 });
    await said(busy, 'blocked');
    await busy.worker.terminate();
    atexit.exit(0);
  },
};

if (isMainThread) {
  atexit.configure({
    syncTimeout: 5000,
    onReport: ({ route, exitCode, reason }) => log(`${route} ${exitCode} ${reason.cause?.message}`),
  });
  atexit.register(() => log('main'));
  // Holds the process, were it not for the essential worker.
  const timer = setInterval(() => {}, 1000);
  atexit.register(() => clearInterval(timer));
  situations[situation]();
} else {
  atexit.register(() => {});
  parentPort.on('message', () => {});
  parentPort.postMessage('started');
  setTimeout(roles[workerData.role], 5);
}
