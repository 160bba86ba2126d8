// What a pool does, told as it happens; to be compared with and without the library.
//   node behaviour.js POOL with|without
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Piscina } from 'piscina';
import Tinypool from 'tinypool';

const [kind, how] = process.argv.slice(2);
const print = (...values) => fs.writeSync(1, `${JSON.stringify(values)}\n`);
const filename = new URL('./behaviour-task.js', import.meta.url).href;
const options = { filename, minThreads: 1, maxThreads: 2, idleTimeout: 50, maxQueue: 2 };
const pool = kind === 'piscina' ? new Piscina(options) : new Tinypool({ ...options, teardown: 'teardown' });
if (how === 'with') (await import(`worker-atexit/${kind}`)).registerPool(pool);

const counts = {};
for (const event of ['drain', 'needsDrain', 'error', 'workerCreate', 'workerDestroy', 'message']) {
  pool.on(event, () => {
    counts[event] = (counts[event] ?? 0) + 1;
  });
}
const outcome = (promise) =>
  promise.then(
    (value) => ['resolved', value],
    (error) => ['rejected', error.name, error.message, error.code],
  );

print('one', await outcome(pool.run({ work: 'double', value: 21 })));
print('threads', pool.threads.length, pool.completed);
print('many', await Promise.all([1, 2, 3, 4].map((value) => outcome(pool.run({ work: 'double', value })))));
print(
  'too many',
  await Promise.all([1, 2, 3, 4, 5, 6, 7].map((value) => outcome(pool.run({ work: 'double', value })))),
);
print('throws', await outcome(pool.run({ work: 'throws' })));
print('rejects', await outcome(pool.run({ work: 'rejects' })));
print('no such export', await outcome(pool.run({}, { name: 'nothing' })));
print('another export', await outcome(pool.run(7, { name: 'other' })));
print('cannot be cloned', await outcome(pool.run(() => {})));
print('no options', await outcome(pool.run({ work: 'double', value: 1 }, {})));

const aborted = new AbortController();
aborted.abort();
print('aborted before', await outcome(pool.run({ work: 'sleep' }, { signal: aborted.signal })));
const abort = new AbortController();
const running = outcome(pool.run({ work: 'sleep' }, { signal: abort.signal }));
await sleep(30);
abort.abort();
print('aborted', await running);
// A Tinypool does not notice; the task stays pending.
if (kind === 'piscina') print('exits', await outcome(pool.run({ work: 'exits' })));
print('after that', await outcome(pool.run({ work: 'double', value: 2 })));
print('is a promise', pool.run({ work: 'double', value: 1 }) instanceof Promise);
await sleep(400); // shrunk by now
print('idle', pool.threads.length, pool.queueSize, pool.completed, pool.utilization > 0, typeof pool.histogram);
const pending = outcome(pool.run({ work: 'sleep' }));
await sleep(30);
await pool.destroy();
print('destroyed', await pending, pool.threads.length);
// Whether there is a moment for 'drain' differs from run to run, with and without.
print(counts.error, counts.workerCreate > 1, counts.workerDestroy > 1);
// Nothing keeps the process alive.
