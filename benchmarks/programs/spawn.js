import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { median } from '../sample.js';
import 'worker-atexit';

const rounds = Number(process.argv[2]);

/** A link is a message between threads. Whoever listens after the library sees it when the library has taken it. */
const onLink = new Map();
process.on('workerMessage', (_, source) => onLink.get(source)?.());

async function spawn(program, isLinked) {
  const startedAt = performance.now();
  const worker = new Worker(new URL(program, import.meta.url));
  const linked = isLinked ? new Promise((resolve) => onLink.set(worker.threadId, resolve)) : undefined;
  const [[told]] = await Promise.all([once(worker, 'message'), linked]);
  const ms = performance.now() - startedAt;
  await worker.terminate();
  return { ms, ...told };
}

const figures = { 'worker-atexit': [], empty: [], register: [] };
for (let round = -2; round < rounds; round++) {
  const [library, empty] =
    round % 2 === 0
      ? [await spawn('./spawn-library.js', true), await spawn('./empty-package/worker.js', false)]
      : [await spawn('./empty-package/worker.js', false), await spawn('./spawn-library.js', true)].reverse();
  // The first ones warm up this thread.
  if (round < 0) continue;
  figures['worker-atexit'].push(library.ms);
  figures.empty.push(empty.ms);
  figures.register.push(library.register);
}
console.log(JSON.stringify(Object.fromEntries(Object.entries(figures).map(([name, ms]) => [name, median(ms)]))));
process.exit();
