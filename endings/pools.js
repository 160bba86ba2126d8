import { js } from './program.js';

/** What becomes of a call: its value, its error, or nothing within 3 s. */
const call = js`
  const fate = (promise, ms = 3000) => Promise.race([
    Promise.resolve(promise).then((value) => 'resolves to ' + value, (error) => 'rejects: ' + (error?.message ?? error)),
    sleep(ms, 'stays open'),
  ]);
  const file = (name) => new URL(name, import.meta.url);
  setInterval(() => {}, 1000);`;
const piscina = js`${call}
  const { Piscina } = await import('piscina');
  const make = (options) => new Piscina({ filename: file('task.mjs').href, maxThreads: 1, ...options });`;
const tinypool = js`${call}
  const { Tinypool } = await import('tinypool');
  const make = (options) => new Tinypool({ filename: file('task.mjs').href, minThreads: 1, maxThreads: 1, ...options });`;
const workerpool = js`${call}
  const { default: workerpool } = await import('workerpool');
  const make = (options) => workerpool.pool(file('registered.mjs').pathname, { maxWorkers: 1, workerType: 'thread', ...options });`;

const TASK = js`
  import { threadId } from 'node:worker_threads';
  import { writeSync } from 'node:fs';
  let ticks = 0;
  export default async (what) => {
    if (what === 'exit') process.exit(3);
    if (what === 'tick') setInterval(() => ticks++, 20);
    if (what === 'ticks') return ticks;
    if (what === 'listen') process.on('exit', () => writeSync(1, 'exit runs\n'));
    if (what === 'long') await new Promise((done) => setTimeout(done, 1000));
    if (what === 'reject') Promise.reject(new Error('mine'));
    return threadId;
  };`;
const files = {
  'task.mjs': TASK,
  'registered.mjs': "import workerpool from 'workerpool'; import task from './task.mjs'; workerpool.worker({ task });",
};
const NO_WORKERPOOL = { bun: 'its threads never become ready', deno: 'its threads never become ready' };
const NO_TINYPOOL = { deno: 'its first task stays open' };

export default {
  name: 'pools',
  title: 'Pools and their calls',
  intro: 'Versions: see `packages` in [endings/index.js](../endings/index.js).',
  rows: [
    {
      what: 'Piscina, a parked worker: how often its `setInterval(20)` fires in 500 ms between two tasks',
      files,
      program: js`${piscina}
        const pool = make();
        await pool.run('tick');
        await sleep(500);
        const ticks = await pool.run('ticks');
        say(ticks === 0 ? 'never' : ticks > 10 ? 'as ever' : 'once or twice');
        process.exit();`,
      instead: "`atomics: 'async'`, or no timers in a pool's worker",
    },
    {
      what: 'the same with `atomics: "async"`',
      files,
      program: js`${piscina}
        const pool = make({ atomics: 'async' });
        await pool.run('tick');
        await sleep(500);
        const ticks = await pool.run('ticks');
        say(ticks === 0 ? 'never' : ticks > 10 ? 'as ever' : 'once or twice');
        process.exit();`,
      instead: 'a worker that can be spoken to at any time',
    },
    {
      what: 'Tinypool, a parked worker: its `setInterval(20)`, likewise',
      files,
      program: js`${tinypool}
        const pool = make();
        await pool.run('tick');
        await sleep(500);
        const ticks = await pool.run('ticks');
        say(ticks === 0 ? 'never' : ticks > 10 ? 'as ever' : 'once or twice');
        process.exit();`,
      words: NO_TINYPOOL,
      instead: "no timers in a pool's worker",
    },
    {
      what: 'Piscina: `run()` after `await destroy()`',
      files,
      program: js`${piscina}
        const pool = make();
        const before = await pool.run();
        await pool.destroy();
        say((await fate(pool.run())).replace(/\d+$/, (id) => (Number(id) === before ? 'the same thread' : 'a new thread')));
        process.exit();`,
      instead: 'a pool cannot be stopped: stop calling it, or `registerPool(pool)`, which refuses from the shutdown on',
    },
    {
      what: 'Piscina: `run()` after `await close()`',
      files,
      program: js`${piscina}
        const pool = make();
        const before = await pool.run();
        await pool.close();
        say((await fate(pool.run())).replace(/\d+$/, (id) => (Number(id) === before ? 'the same thread' : 'a new thread')));
        process.exit();`,
      instead: 'as above',
    },
    {
      what: 'Tinypool: `run()` after `await destroy()`',
      files,
      program: js`${tinypool}
        const pool = make();
        const before = await pool.run();
        await pool.destroy();
        say((await fate(pool.run())).replace(/\d+$/, (id) => (Number(id) === before ? 'the same thread' : 'a new thread')));
        process.exit();`,
      words: NO_TINYPOOL,
      instead: 'as above',
    },
    {
      what: 'workerpool: `exec()` after `await terminate()`',
      files,
      program: js`${workerpool}
        const pool = make();
        const before = await pool.exec('task');
        await pool.terminate();
        say((await fate(pool.exec('task'))).replace(/\d+$/, (id) => (Number(id) === before ? 'the same thread' : 'a new thread')));
        process.exit();`,
      words: NO_WORKERPOOL,
      instead: 'as above',
    },
    {
      what: 'Piscina: a task calls `process.exit(3)`: its call',
      files,
      program: js`${piscina} say(await fate(make().run('exit'))); process.exit();`,
      instead: 'throw in a task; the pool decides about its thread',
    },
    {
      what: 'Tinypool: a task calls `process.exit(3)`: its call',
      files,
      program: js`${tinypool} say(await fate(make().run('exit'))); process.exit();`,
      words: NO_TINYPOOL,
      instead: 'as above; where it stays open, only a deadline of your own helps',
    },
    {
      what: 'workerpool: a task calls `process.exit(3)`: its call',
      files,
      program: js`${workerpool} say(await fate(make().exec('task', ['exit']))); process.exit();`,
      cell: ({ stdout }) =>
        /^rejects: Workerpool Worker terminated Unexpectedly/.test(stdout)
          ? 'rejects, with the code and how it was started'
          : stdout.trim(),
      words: NO_WORKERPOOL,
      instead: 'as above',
    },
    {
      what: 'Tinypool: `terminateTimeout`, a task that does not let go of its thread',
      words: { node: 'does not always hold', bun: 'not tried', deno: 'its first task stays open' },
      instead: 'a limit of your own around `destroy()`',
    },
    {
      what: 'Piscina: an unhandled rejection in a task that resolves: the call',
      files,
      program: js`${piscina}
        const pool = make();
        pool.on('error', () => {});
        const got = await fate(pool.run('reject'));
        say(got.replace(/\d+$/, 'its value'));
        process.exit();`,
      instead: "listen to the pool's `error` event: an error that belongs to no call comes there",
    },
    {
      what: "workerpool: `terminate(true)`, an idle worker: its `'exit'` listeners",
      files,
      program: js`${workerpool}
        const pool = make();
        await pool.exec('task', ['listen']);
        await pool.terminate(true);
        await sleep(200);
        say('end');
        process.exit();`,
      cell: ({ lines }) => (lines[0] === 'exit runs' ? 'run' : 'do not run'),
      words: NO_WORKERPOOL,
      instead: '`registerPool(pool)`: its handlers run on every one of the ends',
    },
    {
      what: "Piscina: `destroy()`, an idle worker: its `'exit'` listeners",
      files,
      program: js`${piscina}
        const pool = make();
        await pool.run('listen');
        await pool.destroy();
        await sleep(200);
        say('end');
        process.exit();`,
      cell: ({ lines }) => (lines[0] === 'exit runs' ? 'run' : 'do not run'),
      instead: 'as above',
    },
    {
      what: 'Piscina: what is queued when `destroy()` is called',
      files,
      program: js`${piscina}
        const pool = make({ concurrentTasksPerWorker: 1 });
        pool.run('long').catch(() => {});
        const queued = fate(pool.run());
        await sleep(300);
        await pool.destroy();
        say(await queued);
        process.exit();`,
      instead: 'drain first: `close()`, or a shutdown with `registerPool(pool)`',
    },
    {
      what: 'Tinypool: what is queued when `destroy()` is called',
      files,
      program: js`${tinypool}
        const pool = make();
        pool.run('long').catch(() => {});
        const queued = fate(pool.run());
        await sleep(300);
        pool.destroy();
        say(await queued);
        process.exit();`,
      words: NO_TINYPOOL,
      instead: 'as above',
    },
    {
      what: 'Comlink: a call in flight, `worker.terminate()`',
      files: {
        'api.mjs': js`
        import { parentPort } from 'node:worker_threads';
        import * as Comlink from 'comlink';
        import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
        Comlink.expose({ now: () => 1, long: () => new Promise(() => {}) }, nodeEndpoint(parentPort));
        setInterval(() => {}, 1000);`,
      },
      program: js`${call}
        const Comlink = await import('comlink');
        const { default: nodeEndpoint } = await import('comlink/dist/esm/node-adapter.mjs');
        const worker = new Worker(file('api.mjs'));
        const api = Comlink.wrap(nodeEndpoint(worker));
        await api.now();
        const long = fate(api.long());
        await sleep(50);
        await worker.terminate();
        say(await long);
        process.exit();`,
      instead: '`wrap()` of `worker-atexit/comlink`',
    },
    {
      what: 'poolifier: `execute()` after `await destroy()`',
      // The interval keeps its thread until it is terminated: `destroy()` listens for `'exit'` after a worker has said that
      // it ends, and one that is gone by then is waited for without end.
      files: {
        'poolifier.mjs':
          "import { ThreadWorker } from 'poolifier'; setInterval(() => {}, 1000); export default new ThreadWorker(() => 1);",
      },
      program: js`${call}
        const { FixedThreadPool } = await import('poolifier');
        const pool = new FixedThreadPool(1, file('poolifier.mjs').pathname, { errorHandler: () => {} });
        await pool.execute();
        await pool.destroy();
        say(await fate(pool.execute()));
        process.exit();`,
      words: { bun: 'not tried', deno: 'not tried' },
      instead:
        'the one pool here that is stopped when it says so; calls that run when it is destroyed can stay open, and on a busy machine its `destroy()` as well: a limit of your own',
    },
    {
      what: 'threads.js: `Thread.terminate()` and pool `terminate(true)`: a task that runs',
      files: {
        'threads.mjs':
          "import { expose } from 'threads/worker'; expose({ long: () => new Promise((done) => setTimeout(done, 5000)) });",
      },
      program: js`${call}
        const { spawn, Pool, Worker: ThreadsWorker } = require('threads');
        const pool = Pool(() => spawn(new ThreadsWorker('./threads.mjs')), 1);
        const task = fate(pool.queue((api) => api.long()));
        await sleep(800);
        pool.terminate(true);
        say(await task);
        process.exit();`,
      words: { bun: 'not tried', deno: 'not tried' },
      instead: 'the message is wrong: it may have run, in part',
    },
    {
      what: 'jest-worker in threads: a task exits with 3, with 0: how often it is done, and the call',
      files: {
        'jest.cjs': js`
        const { writeSync } = require('fs');
        exports.task = (code) => { writeSync(1, 'x'); process.exit(code); };`,
      },
      program: js`${call}
        const { Worker: Farm } = require('jest-worker');
        for (const code of [3, 0]) {
          const farm = new Farm(file('jest.cjs').pathname, { enableWorkerThreads: true, numWorkers: 1, exposedMethods: ['task'] });
          say(' ' + (await fate(farm.task(code), 8000)));
        }
        process.exit();`,
      cell: ({ stdout }) =>
        stdout
          .trim()
          .split('\n')
          .map((line) =>
            line
              .replace(/^(x*) /, (_, xs) => `${xs.length} times, `)
              .replace(/ exited unexpectedly.*/, ' exited unexpectedly'),
          )
          .join('; '),
      words: { bun: 'not tried', deno: 'not tried' },
      instead: 'a task that can end its thread is done again: let it be one that may be done twice',
    },
    {
      what: 'synckit: the worker exits instead of answering: the call',
      files: { 'synckit.mjs': "import { runAsWorker } from 'synckit'; runAsWorker(async () => process.exit(0));" },
      program: js`
        const { createSyncFn } = await import('synckit');
        const ask = createSyncFn(new URL('synckit.mjs', import.meta.url).pathname, { timeout: 3000 });
        try { say('returns ' + ask()); } catch (error) { say('throws ' + error.message.split('\n')[0]); }
        process.exit();`,
      words: { bun: 'not tried', deno: 'not tried' },
      instead: 'always give a `timeout`',
    },
    {
      what: "BullMQ in worker threads: `close()`: the sandbox's `'exit'` listeners",
      server: 'redis',
      runs: 1,
      files: {
        'bull.mjs': js`
        import { writeSync } from 'node:fs';
        process.on('exit', () => writeSync(1, 'exit runs\n'));
        export default async () => 1;`,
      },
      program: js`
        const { Queue, Worker: Jobs, QueueEvents } = await import('bullmq');
        const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) };
        const name = 'q' + process.pid;
        const queue = new Queue(name, { connection });
        const events = new QueueEvents(name, { connection });
        const jobs = new Jobs(name, new URL('bull.mjs', import.meta.url), { connection, useWorkerThreads: true });
        const job = await queue.add('job', {});
        await job.waitUntilFinished(events);
        await jobs.close();
        await sleep(200);
        say('end');
        process.kill(process.pid, 'SIGKILL');`,
      cell: ({ lines }) => (lines.includes('exit runs') ? 'run' : lines.includes('end') ? 'do not run' : ''),
      words: { bun: 'not tried', deno: 'not tried' },
      instead: 'clean up at the end of a job, or `worker-atexit` in the sandbox and `registerWorker`',
    },
    {
      what: 'BullMQ: `close(true)`, a job that runs: its code, in worker threads, in processes',
      server: 'redis',
      runs: 1,
      files: {
        'bull.cjs': js`
        const { writeFileSync } = require('fs');
        module.exports = async ({ data }) => {
          writeFileSync(data.begun, '');
          await new Promise((done) => setTimeout(done, 1500));
          writeFileSync(data.done, '');
        };`,
      },
      program: js`
        const { Queue, Worker: Jobs } = await import('bullmq');
        const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) };
        const answers = [];
        for (const useWorkerThreads of [true, false]) {
          const name = 'q' + process.pid + useWorkerThreads;
          const [begun, done] = ['begun', 'done'].map((word) => new URL(name + word, import.meta.url).pathname);
          const queue = new Queue(name, { connection });
          const jobs = new Jobs(name, new URL('bull.cjs', import.meta.url).pathname, { connection, useWorkerThreads });
          jobs.on('error', () => {});
          await queue.add('job', { begun, done });
          while (!fs.existsSync(begun)) await sleep(20);
          await jobs.close(true);
          await sleep(2000);
          answers.push(fs.existsSync(done) ? 'runs to its end' : 'is cut off');
        }
        say(answers.join(', '));
        process.kill(process.pid, 'SIGKILL');`,
      words: { bun: 'not tried', deno: 'not tried' },
      instead:
        '`close()` without `true`, and a deadline of your own: a job that was cut off fails, or is left for who finds it stalled, and may be done twice',
    },
  ],
};
