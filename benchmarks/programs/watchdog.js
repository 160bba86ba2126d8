import { configure, shutdown } from 'worker-atexit';
import { settle, startWorkers } from './workers.js';

const [count, kind] = [Number(process.argv[2]), process.argv[3]];

configure({ watchdog: kind === 'auto' ? 'auto' : false });
await startWorkers(count, './library-worker.js');
await settle(count);

const startedAt = performance.now();
const { workers } = await shutdown();
const ms = performance.now() - startedAt;

if (workers.filter(({ status }) => status === 'acked').length !== count) throw new Error('a worker has not acked');
console.log(JSON.stringify({ ms }));
process.exit();
