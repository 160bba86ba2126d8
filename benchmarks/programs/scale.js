import { shutdown } from 'worker-atexit';
import { branch, split } from './scale-branch.js';
import { settle } from './workers.js';

const [count, shape] = [Number(process.argv[2]), process.argv[3]];
const width = shape === 'flat' ? count : Math.round(Math.cbrt(count));

await Promise.all(split(count, width).map((part) => branch(part, width)));
await settle(2 * count);

const startedAt = performance.now();
const { workers } = await shutdown({ timeout: 60_000 });
const ms = performance.now() - startedAt;

const acked = workers.filter(({ status, handlers }) => status === 'acked' && handlers.length === 1);
const depth = Math.max(...workers.map(({ path }) => path.length));
if (acked.length !== count || depth !== (shape === 'flat' ? 1 : 3)) {
  throw new Error(`${acked.length} of ${count} workers acked, to a depth of ${depth}`);
}
console.log(JSON.stringify({ ms }));
process.exit();
