// The library is imported where nobody has loaded Node's module of threads, and workers are made later.
import { once } from 'node:events';
import { shutdown } from 'worker-atexit';

const isLoaded = () => process.moduleLoadList?.includes('NativeModule internal/worker');
console.log(isLoaded() ? 'loaded by the import' : 'not loaded by the import');

const { Worker } = await import('node:worker_threads');
const workers = [1, 2].map(() => new Worker(new URL('./no-threads-yet-worker.js', import.meta.url)));
await Promise.all(workers.map((worker) => once(worker, 'message')));
const report = await shutdown();
for (const { status, handlers } of report.workers) console.log(status, handlers[0]?.name);
process.exit();
