import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Bench } from 'tinybench';
import { isShuttingDown, register } from 'worker-atexit';

const CALLS = 1_000_000;

async function measure(time) {
  register(() => {});
  const bench = new Bench({ time, warmupTime: time / 4 });
  let seen = 0;
  bench.add('empty loop', () => {
    for (let call = 0; call < CALLS; call++) seen += call & 1;
  });
  bench.add('worker-atexit', () => {
    for (let call = 0; call < CALLS; call++) seen += isShuttingDown() ? 1 : call & 1;
  });
  await bench.run();
  if (seen === 0) throw new Error('the loops did not run');
  return Object.fromEntries(bench.tasks.map(({ name, result }) => [name, (result.latency.p50 * 1e6) / CALLS]));
}

if (isMainThread) {
  const [thread, time] = process.argv.slice(2);
  const worker =
    thread === 'worker' ? new Worker(new URL(import.meta.url), { workerData: Number(time), argv: [] }) : undefined;
  const figures = worker ? (await once(worker, 'message'))[0] : await measure(Number(time));
  console.log(JSON.stringify(figures));
} else parentPort.postMessage(await measure(workerData));
