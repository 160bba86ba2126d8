// A pool that nobody has registered, whose worker has registered something.   node forgotten-pool.js DIR POOL idle|busy
// A worker runs this file, too.
import fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import Piscina from 'piscina';
import Tinypool from 'tinypool';
import { configure, register } from 'worker-atexit';

const [, , dir, kind, work] = process.argv;
const pools = { piscina: Piscina, tinypool: Tinypool };
const note = (line) => fs.appendFileSync(join(dir, 'events'), `${line}\n`);

async function main() {
  configure({
    syncTimeout: 500,
    logger: false,
    onReport: ({ workers }) => workers.map(({ status, diagnosis }) => note(`${status}: ${diagnosis}`)),
  });
  const pool = new pools[kind]({ filename: fileURLToPath(import.meta.url), minThreads: 1, maxThreads: 1 });
  await pool.run({});
  if (work === 'busy') {
    const begun = new Int32Array(new SharedArrayBuffer(4));
    pool.run({ begun }).catch(() => {});
    Atomics.wait(begun, 0, 0);
  }
  process.exit();
}

export default function task({ begun }) {
  if (!begun) return;
  Atomics.store(begun, 0, 1);
  Atomics.notify(begun, 0);
  for (;;);
}

if (isMainThread) await main();
else register(() => {});
