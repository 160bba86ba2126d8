// Plays a random program: the main thread, its workers, theirs, and a pool's all run this file.   node program.js DIR
// What happens in which thread is a line each in DIR/log; test/chaos/oracle.ts reads them.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, threadId, Worker, workerData } from 'node:worker_threads';

const file = fileURLToPath(import.meta.url);
const task = fileURLToPath(new URL('pool.cjs', import.meta.url));
const { dir, place, name, isPooled, cells } = isMainThread
  ? { dir: process.argv[2], place: [], name: 'main', cells: new Int32Array(new SharedArrayBuffer(256)) }
  : workerData;
const program = JSON.parse(fs.readFileSync(path.join(dir, 'program.json'), 'utf8'));
const owner = place.reduce((thread, index) => thread.children[index], program.main);
const spec = isPooled ? owner.pool.worker : owner;

const log = (event, detail) =>
  fs.appendFileSync(path.join(dir, 'log'), `${JSON.stringify([threadId, name, event, detail, Date.now()])}\n`);
const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

// --- How the threads agree on what comes when: cells that each thread sees, whatever its event loop does ---

/** How far the program is. In an early program each thread does what it does as soon as it has started. */
const PHASE = 0;
const phases = { start: 0, block: 1, end: 2, work: 3, over: 4 };
/** How many threads are ready, block, have ended, have submitted their tasks. */
const counts = { ready: 1, blocked: 2, ended: 3, working: 4 };
const count = (what) => Atomics.add(cells, counts[what], 1);
const phase = async (wanted) => {
  while (!program.early && Atomics.load(cells, PHASE) < phases[wanted]) await sleep(4);
};

const fates = {
  blocked: ['busy', 'waits', 'asks'],
  ended: ['ends', 'exits', 'crashes', 'rejects', 'terminated', 'shut down'],
};
const each = (thread) => [thread, ...thread.children.flatMap(each)];

// --- Handlers ---

function createFunction(atexit, functions, label, { wait, isAsync, end, code, registers, unregisters }) {
  let isFirst = true;
  const begin = () => {
    log('start', label);
    if (!isFirst) return;
    isFirst = false;
    if (registers !== undefined) atexit.register(functions[registers]);
    if (unregisters !== undefined) atexit.unregister(functions[unregisters]);
  };
  const ends = {
    returns: () => log('end', label),
    fails() {
      log('end', label);
      throw new Error(label);
    },
    never: () => new Promise(() => {}),
    blocks: () => block(60_000),
    exits() {
      log('exits', code);
      process.exit(code);
    },
  };
  const handler = isAsync
    ? async () => {
        begin();
        if (wait > 0) await sleep(wait);
        // Settled at once where nothing is waited for.
        return ends[end]();
      }
    : () => {
        begin();
        block(wait);
        return ends[end]();
      };
  return Object.defineProperty(handler, 'name', { value: label });
}

function registerAll(atexit) {
  const functions = [];
  for (const [index, handler] of spec.handlers.entries())
    functions.push(createFunction(atexit, functions, `f${index}`, handler));
  for (const index of spec.register) atexit.register(functions[index]);
  for (const [index, handler] of spec.drains.entries())
    atexit.onDrain(createFunction(atexit, functions, `d${index}`, handler));
  if (spec.register.length + spec.drains.length > 0) log('registered');
}

// --- Workers, and a pool ---

function spawn(atexit, child, index) {
  const childName = name === 'main' ? `${index}` : `${name}.${index}`;
  const worker = new Worker(file, { workerData: { dir, place: [...place, index], name: childName, cells } });
  worker.on('error', () => {});
  worker.unref();
  const gone = new Promise((resolve) => worker.once('exit', resolve));
  const link = child.isRegistered ? atexit?.registerWorker(worker, { name: 'named' }) : undefined;
  if (fates.ended.includes(child.fate)) gone.then(() => count('ended'));
  const terminate = () => worker.terminate();
  if (child.fate === 'terminated') phase('end').then(terminate);
  if (child.fate === 'shut down') {
    phase('end').then(async () => log('shut down', [worker.threadId, (await link.shutdown()).status]));
  }
  if (child.fate === 'is terminated') {
    atexit.shutdownSignal.addEventListener('abort', () => setTimeout(terminate, child.after).unref());
  }
}

async function createPool({ atomics, threads, force }) {
  const { Piscina } = await import('piscina');
  const { registerPool } = await import('worker-atexit/piscina');
  const workers = { minThreads: threads, maxThreads: threads };
  const data = { dir, place, name: `${name}.pool`, isPooled: true, cells };
  return registerPool(new Piscina({ filename: task, atomics, ...workers, workerData: data }), { name: 'pool', force });
}

/** A pool's task. */
export default async function work({ index, ms, blocks }) {
  log('task', index);
  if (blocks) block(ms);
  else await sleep(ms);
  log('task done', index);
}

// --- What becomes of a worker ---

const throwLater = (after = 0) =>
  setTimeout(() => {
    log('throws');
    throw new Error('a crash');
  }, after);
const exit = (code) => {
  log('exits', code);
  process.exit(code);
};
/** Happens soon after this thread is told to end. */
const during = (atexit, act) =>
  atexit.shutdownSignal.addEventListener('abort', () => setTimeout(act, spec.after).unref());

async function live(atexit) {
  const stay = setInterval(() => {}, 100_000);
  const fate = {
    async busy() {
      await phase('block');
      count('blocked');
      for (;;);
    },
    async waits() {
      await phase('block');
      count('blocked');
      block(60_000);
    },
    async asks() {
      await phase('block');
      count('blocked');
      while (!atexit.isShuttingDown()) block(1);
    },
    async ends() {
      await phase('end');
      clearInterval(stay);
    },
    async exits() {
      await phase('end');
      exit(spec.after);
    },
    async crashes() {
      await phase('end');
      throwLater();
    },
    async rejects() {
      await phase('end');
      log('throws');
      Promise.reject(new Error('a crash'));
    },
    'exits then': () => during(atexit, () => exit(spec.after)),
    'crashes then': () => during(atexit, throwLater),
  }[spec.fate];
  await fate?.();
}

// --- How long the machine keeps threads waiting ---

/** What Linux says of each of this process's threads: how long it has run, and waited for a processor, in ns. */
function schedule() {
  const folder = '/proc/self/task';
  const all = new Map();
  if (!fs.existsSync(folder)) return all;
  for (const thread of fs.readdirSync(folder)) {
    try {
      const text = fs.readFileSync(path.join(folder, thread, 'schedstat'), 'utf8');
      all.set(thread, text.split(' ').map(Number));
    } catch {
      // No such file, or no such thread any more.
    }
  }
  return all;
}

/** A thread that has run for longer than this has had much to do, and its waiting tells nothing: ms. */
const BUSY = 100;
let before = new Map();
/** How long a thread with hardly anything to do has waited for a processor since the program began to end: ms, at most. */
function waited() {
  const waits = [0];
  for (const [thread, [ran, wait]] of schedule()) {
    const [ranBefore, waitBefore] = before.get(thread) ?? [0, 0];
    if ((ran - ranBefore) / 1e6 < BUSY) waits.push((wait - waitBefore) / 1e6);
  }
  return Math.max(...waits);
}

// --- How the program ends ---

const routes = {
  beforeExit(_, code) {
    if (code !== 0) process.exitCode = code;
  },
  exit: (atexit, code) => atexit.exit(code),
  'process.exit': (_, code) => process.exit(code),
  throw: () => setImmediate(throwLater),
  reject: () => void Promise.reject(new Error('a crash')),
  signal: () => setInterval(() => {}, 100_000),
  async shutdown(atexit, code) {
    await atexit.shutdown();
    log('over');
    if (program.again) {
      atexit.register(function again() {
        log('again');
      });
    }
    process.exit(code);
  },
};

const acts = {
  'process.exit': (_, code) => exit(code),
  exit(atexit, code) {
    log('exits', code);
    atexit.exit(code);
  },
  throw() {
    log('throws');
    throw new Error('a crash');
  },
};

async function direct(atexit) {
  const until = async (what, number) => {
    while (Atomics.load(cells, counts[what]) < number) await sleep(4);
  };
  const all = each(program.main);
  const pooled = all.reduce((sum, { pool }) => sum + (pool?.threads ?? 0), 0);
  const with_ = (...wanted) => all.filter(({ fate }) => wanted.includes(fate)).length;
  if (program.early) await sleep(program.early);
  else {
    await until('ready', all.length + pooled);
    Atomics.store(cells, PHASE, phases.block);
    await until('blocked', with_(...fates.blocked));
    Atomics.store(cells, PHASE, phases.end);
    await until('ended', with_(...fates.ended));
    Atomics.store(cells, PHASE, phases.work);
    await until('working', all.filter(({ pool }) => pool).length);
  }
  for (const { act, after, code } of program.meanwhile) setTimeout(() => acts[act](atexit, code), after).unref();
  before = schedule();
  log('route');
  fs.writeSync(1, 'route\n');
  await routes[program.route](atexit, program.code);
}

// --- A thread ---

const atexit = spec.fate === 'stranger' ? undefined : await import('worker-atexit');
log('up', process.pid);
if (isMainThread) {
  atexit.configure({
    timeout: program.timeout,
    syncTimeout: program.syncTimeout,
    logger: { error: (message) => log('logger', message) },
    onReport(report) {
      log('waited', waited());
      log('report', JSON.parse(JSON.stringify(report)));
    },
  });
}
const spawnAll = () => {
  for (const [index, child] of spec.children.entries()) spawn(atexit, child, index);
};
if (spec.spawnsFirst) spawnAll();
if (atexit) registerAll(atexit);
if (!spec.spawnsFirst) spawnAll();
const pool = spec.pool && (await createPool(spec.pool));
count('ready');
if (isMainThread) {
  if (pool) phase('work').then(submit);
  direct(atexit);
} else if (!isPooled) {
  if (pool) phase('work').then(submit);
  live(atexit);
}

function submit() {
  for (const [index, task] of spec.pool.tasks.entries()) {
    log('submits', index);
    pool.run({ index, ...task }).catch(() => {});
  }
  count('working');
}
