// A pool, one worker of which is in a certain state, is ended in a certain way.
//   node endings.js DIR POOL WAY STATE
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as atexit from 'worker-atexit';

const [dir, kind, way, state] = process.argv.slice(2);
atexit.configure({
  syncTimeout: 5000,
  onReport: (report) => fs.writeFileSync(path.join(dir, 'report.json'), JSON.stringify(report.workers)),
});

const starting = state === 'starting';
const shrinks = way === 'shrink';
const file = (name) => new URL(name, import.meta.url);
const environment = { ...process.env, DIR: dir, STATE: state };
const threads = { minThreads: shrinks ? 0 : 1, maxThreads: 1, env: environment, ...(shrinks && { idleTimeout: 20 }) };
const filename = file('./endings-task.js').href;
/** Room for a machine that is busy with other things. */
const terms = { timeout: 5000 };

async function createPiscina(atomics) {
  const { Piscina } = await import('piscina');
  const { registerPool } = await import('worker-atexit/piscina');
  const pool = registerPool(new Piscina({ filename, atomics, ...threads }), terms);
  return { pool, run: (task, options) => pool.run(task, options), destroy: () => pool.destroy() };
}

async function createTinypool() {
  const { Tinypool } = await import('tinypool');
  const { registerPool } = await import('worker-atexit/tinypool');
  const pool = registerPool(new Tinypool({ filename, ...threads }), terms);
  return { pool, run: (task, options) => pool.run(task, options), destroy: () => pool.destroy() };
}

async function createWorkerpool() {
  const { default: workerpool } = await import('workerpool');
  const { registerPool } = await import('worker-atexit/workerpool');
  const script = file('./endings-workerpool.js').pathname;
  const options = {
    workerType: 'thread',
    minWorkers: 1,
    maxWorkers: 1,
    workerThreadOpts: { env: environment },
    // Its own patience is a second, and ends at once whoever has not cleaned up by then.
    workerTerminateTimeout: terms.timeout,
  };
  const pool = registerPool(workerpool.pool(script, options), terms);
  return {
    pool,
    run(task, { signal } = {}) {
      const promise = pool.exec('run', [task]);
      signal?.addEventListener('abort', () => void promise.cancel());
      return promise;
    },
    destroy: () => pool.terminate(),
  };
}

const create = { piscina: createPiscina, tinypool: createTinypool, workerpool: createWorkerpool };
const [name, atomics] = kind.split(' ');
const { pool, run, destroy } = await create[name](atomics);

async function until(name) {
  while (!fs.existsSync(path.join(dir, name))) await sleep(2);
}

/** Resolves once the pool's worker has ended. */
function lost() {
  const [first] = pool.threads ?? pool.workers;
  return new Promise((resolve) => (first.thread ?? first.worker ?? first).once('exit', resolve));
}

let firstIsLost;
const gate = new Int32Array(new SharedArrayBuffer(4));
const abort = new AbortController();
// A shrinking pool has no worker before its first task.
if (state === 'replaced') {
  // The new worker is parked as soon as it has started, and this thread never hears that it has.
  pool.on('error', () => {});
  run({ work: 'throw' }).catch(() => {});
  await until('registered again');
} else if (starting) {
  await until('registered');
} else {
  await run({ work: 'nothing' });
  firstIsLost = lost();
  await sleep(shrinks ? 0 : 30); // parked by now, where the pool parks its workers
  if (state !== 'idle') {
    run(
      { work: way === 'error' ? 'throw' : state, way, gate },
      way === 'abort' ? { signal: abort.signal } : undefined,
    ).then(
      () => {},
      () => {},
    );
    await until('running');
  }
}

const gone = async () => {
  while (pool.threads?.length > 0 || pool.workers?.length > 0) await sleep(5);
};
const ends = {
  shrink: gone,
  close: () => pool.close(),
  // What `await using` calls; the syntax itself is newer than Node 20.
  using: () => pool[Symbol.asyncDispose](),
  destroy,
  async abort() {
    abort.abort();
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await firstIsLost;
  },
  async error() {
    pool.on?.('error', () => {});
    await firstIsLost;
    await sleep(0);
  },
  async shutdown() {
    await atexit.shutdown();
    await gone();
  },
  beforeExit() {},
  exit: () => atexit.exit(0),
  'process.exit': () => process.exit(0),
  signal() {
    process.kill(process.pid, 'SIGTERM');
    return sleep(10_000);
  },
  throw: () =>
    setImmediate(() => {
      throw new Error('a crash');
    }),
};
const ended = ends[way]();
fs.writeFileSync(path.join(dir, 'ends'), '');
await ended;
// Ends that leave the process alive: what the worker has to do was done by now.
if (['shrink', 'close', 'using', 'destroy', 'abort', 'error', 'shutdown'].includes(way)) process.reallyExit(0);
