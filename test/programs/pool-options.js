// Piscina pools with all kinds of options.   node pool-options.js DIR SITUATION
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Piscina } from 'piscina';
import * as atexit from 'worker-atexit';
import { registerPool } from 'worker-atexit/piscina';

const [dir, situation] = process.argv.slice(2);
process.env.DIR = dir;
process.env.STATE = situation.includes('starts') ? 'starting' : 'idle';
const filename = new URL('./endings-task.js', import.meta.url).href;
const log = (text) => fs.appendFileSync(path.join(dir, 'log'), `${text}\n`);
const registered = (count) => async () => {
  const file = path.join(dir, 'registered');
  while (!fs.existsSync(file) || fs.statSync(file).size < count) await sleep(2);
};

const create = (options) => registerPool(new Piscina({ filename, minThreads: 2, maxThreads: 2, ...options }));
const told = (report) => log(`${report.ok} ${report.workers.map(({ status }) => status).join(' ')}`);

const situations = {
  async 'concurrentTasksPerWorker 3'() {
    const pool = create({ concurrentTasksPerWorker: 3 });
    await Promise.all(Array.from({ length: 6 }, () => pool.run({ work: 'nothing' })));
  },
  async 'a load balancer that always picks the first'() {
    const pool = create({ loadBalancer: (_, workers) => workers[0] });
    await Promise.all([pool.run({ work: 'nothing' }), registered(2)()]);
  },
  async 'a load balancer that picks none'() {
    create({ loadBalancer: (_, workers) => (workers.length < 0 ? workers[0] : null) });
    await registered(2)();
  },
  async 'close() under way'() {
    const pool = create();
    pool.run({ work: 'waits' });
    await registered(2)();
    while (!fs.existsSync(path.join(dir, 'running'))) await sleep(2);
    pool.close();
    atexit.onDrain(() => fs.writeFileSync(path.join(dir, 'go'), ''));
  },
  async 'one of four starts'() {
    const pool = create({ minThreads: 1, maxThreads: 4 });
    await registered(1)();
    process.on('exit', () => log(`threads ${pool.threads.length}`));
  },
  async 'maxQueue 0'() {
    const pool = create({ maxQueue: 0 });
    await Promise.all([pool.run({ work: 'nothing' }), registered(2)()]);
  },
  async 'minThreads 0'() {
    const pool = create({ minThreads: 0, maxThreads: 2, idleTimeout: 60_000 });
    await Promise.all([pool.run({ work: 'async' }), pool.run({ work: 'async' })]);
  },
  async 'several pools'() {
    const pools = [
      create({ minThreads: 1, maxThreads: 1 }),
      create({ minThreads: 1, maxThreads: 1, atomics: 'async' }),
    ];
    await Promise.all(pools.map((pool) => pool.run({ work: 'nothing' })));
  },
  async 'a task file in CommonJS'() {
    const pool = create({ filename: new URL('./pool-task.cjs', import.meta.url).pathname });
    await Promise.all([pool.run('a'), registered(2)()]);
  },
};

const [name, route] = situation.split(', by ');
atexit.configure({ onReport: told });
await situations[name]();
await sleep(50); // parked by now
if (route === 'process.exit()') process.exit(0);
else atexit.exit(0);
