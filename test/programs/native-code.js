// A process whose end waits for what a worker does in native code.   node native-code.js ROUTE WORKER [SETTINGS]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFile, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

const here = fileURLToPath(import.meta.url);

const worker = {
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
};

if (isMainThread) {
  const [route, kind, settings = '{}'] = process.argv.slice(2);
  const { unref = false, ...options } = JSON.parse(settings);
  atexit.configure(options);
  atexit.register(() => console.log('main'));
  const made = new Worker(here, { workerData: kind });
  await new Promise((resolve) => made.once('message', resolve));
  if (unref) made.unref();
  process.on('exit', () => console.log('exit'));
  if (route === 'exit()') atexit.exit(0);
  else if (route === 'process.exit()') process.exit(0);
  else if (route === 'a throw') throw new Error('a throw');
  else if (route === 'shutdown()') console.log(await atexit.shutdown());
} else worker[workerData]();
