// A call to a worker that goes away is rejected, and says why. Without this library it never settles (comlink#428).
import { Worker } from 'node:worker_threads';
import { wrap } from 'worker-atexit/comlink';

const worker = new Worker(new URL('./comlink-worker.js', import.meta.url));
const parser = wrap(worker, { name: 'parser' });
console.log(`${await parser.count('one two three')} words`);

const endless = parser.readForEver();
// It cleans up first.
await worker.terminate();
await endless.catch(({ code, message }) => console.log(`${code}: ${message}`));
