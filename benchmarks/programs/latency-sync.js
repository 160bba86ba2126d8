import { writeSync } from 'node:fs';
import { configure, register } from 'worker-atexit';
import { startFloor } from './floor.js';
import { settle } from './workers.js';

const [count, order] = [Number(process.argv[2]), process.argv[3]];
const ms = {};
let report;
let startedAt = 0;

const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100 + count);

function endFloor() {
  pause();
  const floorStartedAt = performance.now();
  floor.shutDownNow();
  ms.floor = performance.now() - floorStartedAt;
  pause();
}

// The library listens to 'exit' from its first use on. What is measured is the time between the listener before its own
// and the one behind.
register(() => {});
configure({
  onReport: (told) => {
    report = told;
  },
});
const floor = await startFloor(count);
await settle(count);

process.prependListener('exit', () => {
  startedAt = performance.now();
});
process.on('exit', () => {
  ms['worker-atexit'] = performance.now() - startedAt;
});
if (order === 'floor first') process.prependListener('exit', endFloor);
else process.on('exit', endFloor);
process.on('exit', () => {
  const acks = report.workers.filter(({ status, handlers }) => status === 'acked' && handlers.length === 1);
  if (acks.length !== count) throw new Error(`${acks.length} of ${count} workers acked`);
  writeSync(1, JSON.stringify(ms));
});
process.exit();
