// A process beside a worker that is in native code.   node native-code.js ROUTE WORKER [SETTINGS]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFile, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

const here = fileURLToPath(import.meta.url);

/** Longer than any limit of the tests. */
const block = () => spawnSync('sleep', ['10']);

const start = (kind) => {
  const worker = new Worker(here, { workerData: kind });
  return new Promise((resolve) => worker.once('message', () => resolve(worker)));
};

const workers = {
  /** It acks, and its end waits for a thread of libuv's that opens a pipe which nobody writes to. */
  'acks, then its clean-up blocks'() {
    const folder = mkdtempSync(join(tmpdir(), 'worker-atexit-'));
    const pipe = join(folder, 'pipe');
    spawnSync('mkfifo', [pipe]);
    readFile(pipe, () => {});
    atexit.register(() => rmSync(folder, { recursive: true }));
    setInterval(() => {}, 1000);
    setTimeout(() => parentPort.postMessage('ready'), 50);
  },

  'is in native code'() {
    atexit.register(() => {});
    console.log('worker');
    parentPort.postMessage('ready');
    setTimeout(block, 50);
  },

  'is in native code from its beginning'() {
    atexit.register(() => {});
    parentPort.postMessage('ready');
    block();
  },

  'is busy'() {
    atexit.register(() => {});
    parentPort.postMessage('ready');
    for (;;);
  },

  async 'has a worker in native code'() {
    atexit.register(() => {});
    await start('is in native code');
    parentPort.postMessage('ready');
    setInterval(() => {}, 1000);
  },

  'is idle'() {
    atexit.register(() => {});
    parentPort.postMessage('ready');
    setInterval(() => {}, 1000);
  },

  async 'has two workers, one of them in native code'() {
    atexit.register(() => {});
    await start('is idle');
    await start('is in native code');
    parentPort.postMessage('ready');
    setInterval(() => {}, 1000);
  },
};

async function startPool() {
  const [{ Piscina }, { registerPool }] = await Promise.all([import('piscina'), import('worker-atexit/piscina')]);
  const pool = registerPool(
    new Piscina({ filename: fileURLToPath(new URL('./native-code-task.js', import.meta.url)) }),
  );
  const { port1, port2 } = new MessageChannel();
  pool.run(port2, { transferList: [port2] }).catch(() => {});
  await new Promise((resolve) => port1.once('message', resolve));
  port1.close();
}

if (isMainThread) {
  const [route, kind, settings = '{}'] = process.argv.slice(2);
  const { unref = false, blocksFor = 0, ...options } = JSON.parse(settings);
  atexit.configure({
    ...options,
    onReport: ({ workers }) => {
      for (const { status, diagnosis = '' } of workers) console.log(`${status}: ${diagnosis}`);
    },
  });
  atexit.register(() => {
    console.log('main');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blocksFor);
  });
  const worker = kind === 'a Piscina' ? await startPool() : await start(kind);
  await new Promise((resolve) => setTimeout(resolve, 150));
  if (unref) worker.unref();
  process.on('exit', () => console.log('exit'));
  const begun = process.hrtime.bigint();
  const settled = (...what) => {
    console.log(...what, Number((process.hrtime.bigint() - begun) / 1_000_000n), 'ms');
    // As it waits for the thread.
    process.kill(process.pid, 'SIGKILL');
  };
  console.log('begins');
  if (route === 'exit()') atexit.exit(3);
  else if (route === 'process.exit()') process.exit(3);
  else if (route === 'a throw') throw new Error('a throw');
  else if (route === 'shutdown()') settled('settled', (await atexit.shutdown()).notes);
  else if (route === 'shutdown() of a registered worker') {
    atexit.registerWorker(worker);
    const { notes } = await atexit.shutdown();
    settled('settled', notes);
  } else if (route === 'terminate()') {
    atexit.registerWorker(worker, { timeout: options.timeout });
    settled('settled', await worker.terminate());
  } else if (route === 'link.shutdown()') {
    const { status, diagnosis } = await atexit.registerWorker(worker, { timeout: options.timeout }).shutdown();
    settled(status, diagnosis);
  } else if (route === 'shutdown(), then process.exit()') {
    await atexit.shutdown();
    process.exit(3);
  }
} else workers[workerData]();
