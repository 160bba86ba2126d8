/** At rest with workers: first a few, so that what is there once is there, then as many as are measured. */
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';

const [kind, size] = process.argv.slice(2);
const count = Number(size);
const FEW = 4;
const REST = 2000;

if (kind === 'library') await import('worker-atexit');

/** What a program keeps of its workers, whoever links them. */
const workers = [];

async function start() {
  const { port1, port2 } = kind === 'bare' ? new MessageChannel() : {};
  if (port1) port1.on('message', () => {}).unref();
  const transferred = port2 ? [port2] : [];
  const worker = new Worker(new URL('./idle-worker.js', import.meta.url), {
    workerData: { port: port2 },
    transferList: transferred,
  });
  workers.push(worker);
  await once(worker, 'message');
}

async function heap() {
  await pause(300);
  for (let times = 0; times < 4; times++) {
    globalThis.gc();
    await pause(20);
  }
  return process.memoryUsage().heapUsed;
}

/** Asks every worker what keeps it alive, and how often its loop has turned. */
async function probe() {
  const answers = workers.map((worker) => once(worker, 'message'));
  for (const worker of workers) worker.postMessage('probe');
  return (await Promise.all(answers)).map(([answer]) => answer);
}

const own = () => process.getActiveResourcesInfo();
const sum = (values) => values.reduce((total, value) => total + value, 0);
const isTimer = (name) => name === 'Timeout' || name === 'Immediate';

for (let index = 0; index < FEW; index++) await start();
const before = await heap();
await Promise.all(Array.from({ length: count }, start));
const heapOfLinks = (await heap()) - before;

await probe();
const first = await probe();
// The pause is a timer, and one turn of this loop: those of the bare program, too.
const turns = performance.nodeTiming.uvMetricsInfo.loopCount;
await pause(REST);
const turned = performance.nodeTiming.uvMetricsInfo.loopCount - turns;
const last = await probe();

const resources = [own(), ...last.map((answer) => answer.resources)].flat();
console.log(
  JSON.stringify({
    timers: resources.filter(isTimer).length,
    handles: resources.filter((name) => !isTimer(name)).length,
    turns: turned,
    wakeUps: sum(last.map((answer, index) => answer.turns - first[index].turns)),
    heap: heapOfLinks / 1024 / count,
  }),
);
process.exit();
