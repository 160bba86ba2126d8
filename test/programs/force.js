// A pool with a running task and queued ones, registered with `force` or without.   node force.js DIR POOL FORCE
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Piscina } from 'piscina';
import Tinypool from 'tinypool';
import * as atexit from 'worker-atexit';
import * as forPiscina from 'worker-atexit/piscina';
import * as forTinypool from 'worker-atexit/tinypool';
import * as forWorkerpool from 'worker-atexit/workerpool';
import workerpool from 'workerpool';

const [dir, kind, force] = process.argv.slice(2);
process.env.DIR = dir;
const options = { force: force === 'true' };
const filename = new URL('./endings-task.js', import.meta.url).href;
const script = new URL('./endings-workerpool.js', import.meta.url).pathname;
const threads = { filename, minThreads: 1, maxThreads: 1 };
const submit = {
  piscina() {
    const pool = forPiscina.registerPool(new Piscina(threads), options);
    return (task) => pool.run(task);
  },
  tinypool() {
    const pool = forTinypool.registerPool(new Tinypool(threads), options);
    return (task) => pool.run(task);
  },
  workerpool() {
    const pool = forWorkerpool.registerPool(workerpool.pool(script, { workerType: 'thread', maxWorkers: 1 }), options);
    return (task) => pool.exec('run', [task]);
  },
}[kind]();

const told = (result) =>
  result.then(
    () => 'done',
    ({ code }) => code,
  );
const results = ['waits', 'waits', 'nothing'].map((work) => told(submit({ work })));
const running = path.join(dir, 'running');
while (!fs.existsSync(running)) await sleep(2);
const ending = atexit.shutdown();
fs.writeFileSync(path.join(dir, 'go'), '');
const report = await ending;
console.log(report.ok, report.notes.length, (await Promise.all(results)).join(' '), fs.statSync(running).size);
process.exit(0);
