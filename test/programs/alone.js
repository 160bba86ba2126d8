// A worker uses the library, and the main thread does not, or has loaded it before.   node alone.js never|before
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker } from 'node:worker_threads';

const [, , when] = process.argv;

if (isMainThread) {
  if (when === 'before') await import('worker-atexit');
  const worker = new Worker(new URL(import.meta.url));
  await once(worker, 'exit');
} else {
  const { register } = await import('worker-atexit');
  register(() => console.log('cleaned up'));
  register(() => {});
  await sleep(100);
}
