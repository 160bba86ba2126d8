// What Tinypool promises, as its own tests have it.
import { deepEqual, equal, rejects } from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const { Tinypool } = await import(pathToFileURL(createRequire(join(process.env.GUESTS, 'x')).resolve('tinypool')).href);
const filename = fileURLToPath(new URL('./tinypool-task.mjs', import.meta.url));

for (const runtime of ['worker_threads', 'child_process']) {
  const create = (options) => new Tinypool({ filename, runtime, minThreads: 1, maxThreads: 2, ...options });

  test(`${runtime}: results, errors, and named tasks`, async () => {
    const pool = create();
    equal(await pool.run({ a: 1, b: 2 }), 3);
    equal(await pool.run({ a: 3, b: 4 }, { name: 'multiply' }), 12);
    await rejects(pool.run({}, { name: 'fails' }), /on purpose/);
    await pool.destroy();
    equal(pool.threads.length, 0);
  });

  test(`${runtime}: many tasks at once`, async () => {
    const pool = create();
    deepEqual(await Promise.all([1, 2, 3, 4, 5].map((a) => pool.run({ a, b: 1 }))), [2, 3, 4, 5, 6]);
    equal(pool.completed, 5);
    await pool.destroy();
  });

  test(`${runtime}: an aborted task`, async () => {
    const pool = create();
    const abort = new AbortController();
    const task = pool.run({}, { name: 'never', signal: abort.signal });
    abort.abort();
    await rejects(task, /aborted/);
    equal(await pool.run({ a: 1, b: 1 }), 2);
    await pool.destroy();
  });

  test(`${runtime}: recycled workers`, async () => {
    const pool = create({ maxThreads: 1 });
    const before = await pool.run({}, { name: 'identity' });
    await pool.recycleWorkers();
    equal((await pool.run({}, { name: 'identity' })) === before, false);
    await pool.destroy();
  });

  test(`${runtime}: isolated workers`, async () => {
    const pool = create({ isolateWorkers: true, maxThreads: 1 });
    const ids = [await pool.run({}, { name: 'identity' }), await pool.run({}, { name: 'identity' })];
    equal(new Set(ids).size, 2);
    await pool.destroy();
  });
}

test('a worker that exits fails its task, and is replaced', async () => {
  const pool = new Tinypool({ filename, minThreads: 1, maxThreads: 1 });
  await rejects(pool.run({}, { name: 'exits' }));
  equal(await pool.run({ a: 1, b: 1 }), 2);
  await pool.destroy();
});
