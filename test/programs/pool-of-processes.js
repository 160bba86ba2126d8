// A pool whose workers are child processes.   node pool-of-processes.js tinypool|workerpool
import fs from 'node:fs';
import * as atexit from 'worker-atexit';

const [, , kind] = process.argv;
const say = (line) => fs.writeSync(1, `${line}\n`);
atexit.configure({
  logger: { error: (line) => say(`error: ${line}`) },
  onReport: ({ ok, notes }) => say([ok, ...notes].join(' | ')),
});

async function createPool() {
  if (kind === 'tinypool') {
    const { default: Tinypool } = await import('tinypool');
    const { registerPool } = await import('worker-atexit/tinypool');
    const filename = new URL('./living-task.js', import.meta.url).href;
    return registerPool(new Tinypool({ filename, runtime: 'child_process', minThreads: 1, maxThreads: 1 }));
  }
  const { default: workerpool } = await import('workerpool');
  const { registerPool } = await import('worker-atexit/workerpool');
  const pool = registerPool(workerpool.pool({ workerType: 'process', maxWorkers: 1 }));
  await pool.exec((number) => number + 1, [1]);
  return pool;
}

await createPool();
await atexit.shutdown();
