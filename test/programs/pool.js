// Piscina pools in all kinds of situations.   node pool.js DIR SITUATION
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Piscina } from 'piscina';
import * as atexit from 'worker-atexit';
import { registerPool } from 'worker-atexit/piscina';

const [dir, situation] = process.argv.slice(2);
const log = (text) => fs.appendFileSync(path.join(dir, 'log'), `${text}\n`);
atexit.configure({
  syncTimeout: 5000,
  onReport(report) {
    log(`${report.ok} ${report.workers.map(({ name, status }) => `${name.split(' ')[0]} ${status}`).join(', ')}`);
    for (const note of report.notes) log(note);
  },
});

const plain = (options = {}) =>
  new Piscina({
    filename: new URL('./pool-task.js', import.meta.url).href,
    minThreads: 2,
    maxThreads: 2,
    workerData: { dir },
    ...options,
  });
const create = (options, registration) => registerPool(plain(options), registration);
const tell = (name, task) =>
  task.then(
    (value) => log(`${name} ${value}`),
    (error) => log(`${name} ${error.name} ${error.code} ${error.route}`),
  );

const situations = {
  async drain() {
    const pool = create();
    for (const n of [1, 2, 3, 4, 5, 6]) tell('early', pool.run({ work: 'sleep', ms: 60, value: n }));
    await sleep(100);
    let stop;
    const stopping = new Promise((resolve) => {
      stop = resolve;
    });
    atexit.onDrain(async () => {
      await stopping;
      tell('while draining', pool.run({ work: 'sleep', ms: 10, value: 7 }));
    });
    atexit.register(() => tell('late', pool.run({ work: 'sleep', ms: 10 })));
    atexit.register(() => sleep(10));
    atexit.exit(3);
    setImmediate(() => {
      tell('while stopping', pool.run({ work: 'sleep', ms: 10, value: 8 }));
      stop();
    });
  },
  async 'refuses at once'() {
    const pool = create();
    await Promise.all([pool.run({ work: 'meet' }), pool.run({ work: 'meet' })]);
    atexit.exit(3);
    tell('late', pool.run({ work: 'sleep', ms: 10 }));
  },
  async 'shutdown()'() {
    const pool = create();
    await Promise.all([pool.run({ work: 'meet' }), pool.run({ work: 'meet' })]);
    await sleep(50);
    await atexit.shutdown();
    log(`threads ${pool.threads.length}`);
    log(`own run ${Object.hasOwn(pool, 'run')}`);
    log(`listeners ${pool.listenerCount('workerCreate')}`);
    await tell('again', pool.run({ work: 'sleep', ms: 1, value: 9 }));
    await pool.destroy();
  },
  async 'registered late'() {
    const pool = plain();
    await Promise.all([pool.run({ work: 'meet' }), pool.run({ work: 'meet' })]);
    registerPool(pool, { name: 'late' });
    await sleep(50);
    process.exit(3);
  },
  async 'tasks before it was registered'() {
    const pool = plain();
    for (const n of [1, 2, 3]) tell('early', pool.run({ work: 'sleep', ms: 50, value: n }));
    registerPool(pool);
    await sleep(10);
    atexit.exit(3);
  },
  async busy() {
    const pool = create();
    await Promise.all([pool.run({ work: 'meet' }), pool.run({ work: 'meet' })]);
    pool.run({ work: 'block', ms: 300 });
    pool.run({ work: 'sleep', ms: 300 });
    await sleep(50);
    process.exit(3);
  },
  async 'never ends'() {
    atexit.configure({ timeout: 4000 });
    const pool = create({}, { timeout: 900 });
    await Promise.all([pool.run({ work: 'meet' }), pool.run({ work: 'meet' })]);
    pool.run({ work: 'block', ms: 60_000 });
    await sleep(50);
    atexit.exit(3);
  },
};
for (const atomics of ['sync', 'async', 'disabled']) {
  for (const route of ['process.exit', 'exit']) {
    situations[`atomics: ${atomics}, ${route}()`] = async () => {
      const pool = create({ atomics });
      await Promise.all([pool.run({ work: 'meet' }), pool.run({ work: 'meet' })]);
      await sleep(50);
      if (route === 'exit') atexit.exit(3);
      else process.exit(3);
    };
  }
}

await situations[situation]();
