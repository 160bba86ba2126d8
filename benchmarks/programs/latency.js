import { shutdown } from 'worker-atexit';
import { startFloor } from './floor.js';
import { settle } from './workers.js';

const [count, order] = [Number(process.argv[2]), process.argv[3]];

const floor = await startFloor(count);
await settle(count);

async function timed(shutDown) {
  const startedAt = performance.now();
  const report = await shutDown();
  return { ms: performance.now() - startedAt, report };
}

const floorFirst = order === 'floor first' ? await timed(floor.shutDown) : undefined;
await settle(count);
const library = await timed(shutdown);
await settle(count);
const { ms } = floorFirst ?? (await timed(floor.shutDown));

const acks = library.report.workers.filter(({ status, handlers }) => status === 'acked' && handlers.length === 1);
if (acks.length !== count) throw new Error(`${acks.length} of ${count} workers acked`);
console.log(JSON.stringify({ 'worker-atexit': library.ms, floor: ms }));
process.exit();
