// A workerpool whose workers clean up before they are terminated.
import { fileURLToPath } from 'node:url';
import { registerPool } from 'worker-atexit/workerpool';
import workerpool from 'workerpool';

const script = fileURLToPath(new URL('./workerpool-worker.js', import.meta.url));
const pool = registerPool(workerpool.pool(script, { workerType: 'thread', maxWorkers: 1 }));

for (const word of ['a', 'b', 'c']) await pool.exec('countWord', [word]);
await pool.terminate();
