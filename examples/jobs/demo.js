// The demo on many processes: Redis, two services with sandboxed threads on it, and a queue of batches of documents. One
// service is ended among its jobs, the other goes on; then it is counted what reached the disk. `--help` tells the rest.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Queue } from 'bullmq';
import { Presets, SingleBar } from 'cli-progress';
import { HINT, hasRedis, startRedis } from '../../scripts/redis.js';

const HELP = `Two services index text files under node_modules, from one queue of BullMQ. One of them is ended among its
jobs: no batch that was reported done is lost, none is in the index twice.

  npm run demo:jobs -- [options]

  --interrupt MS   when the first service gets its SIGTERM, after the first job is done; 500 unless told
  --kill           it gets a SIGKILL instead, from which no library can save anything
  --without        the same work without worker-atexit, to see what is lost today
  --documents N    the first N documents; 2000 unless told
  --help           this text`;

const BATCH = 5;
const TEXT = /\.([cm]?[jt]s|json|md|txt|ya?ml)$/;
const corpus = fileURLToPath(new URL('../../node_modules', import.meta.url));

const number = (text) => (/^\d+$/.test(text) ? Number(text) : Number.NaN);

function readOptions() {
  const options = {
    interrupt: { type: 'string', default: '500' },
    kill: { type: 'boolean' },
    without: { type: 'boolean' },
    documents: { type: 'string', default: '2000' },
    help: { type: 'boolean' },
  };
  try {
    const { values } = parseArgs({ options });
    const read = { ...values, interrupt: number(values.interrupt), documents: number(values.documents) };
    for (const name of ['interrupt', 'documents']) {
      if (Number.isNaN(read[name])) throw new Error(`--${name} needs a whole number`);
    }
    return read;
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
}

function* findDocuments(folder = '') {
  for (const entry of fs.readdirSync(path.join(corpus, folder), { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) yield* findDocuments(name);
    else if (entry.isFile() && TEXT.test(name)) yield name;
  }
}

function take(count) {
  const documents = [];
  for (const document of findDocuments()) {
    if (documents.length === count) break;
    documents.push(document);
  }
  return documents;
}

const options = readOptions();
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
if (!hasRedis()) {
  console.error(HINT);
  process.exit(1);
}

const output = fs.mkdtempSync(path.join(os.tmpdir(), 'worker-atexit-jobs-'));
const redis = await startRedis();
const queue = new Queue('documents', { connection: { host: '127.0.0.1', port: redis.port } });
const services = [];
let bar;

async function startService() {
  const file = fileURLToPath(new URL('./service.js', import.meta.url));
  const service = fork(file, [String(redis.port), queue.name, ...(options.without ? ['--without'] : [])]);
  services.push(service);
  await once(service, 'message');
  return service;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves once so many jobs are done. */
async function waitFor(count) {
  for (;;) {
    const done = await queue.getCompletedCount();
    bar?.update(done * BATCH);
    if (done >= count) return;
    await sleep(20);
  }
}

async function end(service, signal) {
  if (service.exitCode === null && service.signalCode === null) {
    service.kill(signal);
    await once(service, 'exit');
  }
}

try {
  const documents = take(options.documents);
  const batches = Array.from({ length: Math.ceil(documents.length / BATCH) }, (_, batch) => ({
    name: 'batch',
    data: { corpus, output, documents: documents.slice(batch * BATCH, (batch + 1) * BATCH) },
    // A job of a service that was killed is taken again, once somebody notices.
    opts: { attempts: 3 },
  }));
  const [first, second] = await Promise.all([startService(), startService()]);
  console.log(`indexing ${documents.length} documents in processes ${first.pid} and ${second.pid}`);
  if (process.stderr.isTTY) {
    const format = '{bar} {percentage}% | {value} of {total} documents | {duration} s';
    bar = new SingleBar({ format, gracefulExit: false, linewrap: true }, Presets.shades_classic);
    bar.start(documents.length, 0);
  }
  await queue.addBulk(batches);
  await waitFor(1);
  await sleep(options.interrupt);
  const signal = options.kill ? 'SIGKILL' : 'SIGTERM';
  await end(first, signal);
  bar?.stop();
  console.log(`process ${first.pid} has ended by ${signal}; the other goes on`);
  bar?.start(documents.length, (await queue.getCompletedCount()) * BATCH);
  // What a killed service had begun is taken again after its lock has expired: 30 s.
  const running = options.kill ? await queue.getActiveCount() : 0;
  await waitFor(batches.length - running);
  await end(second, 'SIGTERM');
  bar?.stop();
  const done = (await queue.getCompleted(0, -1)).flatMap(({ data }) => data.documents);
  fs.writeFileSync(path.join(output, 'done'), done.map((document) => `${document}\n`).join(''));
  const verify = fileURLToPath(new URL('../demo/verify.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [verify, output], { stdio: 'inherit' });
  process.exitCode = status === 0 || options.without || options.kill ? 0 : 1;
} finally {
  for (const service of services) await end(service, 'SIGKILL');
  await queue.close();
  await redis.stop();
  fs.rmSync(output, { recursive: true, force: true });
}
