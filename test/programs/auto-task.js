// A worker, alone or of a pool, that cleans up, fails to, or is stuck.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'worker-atexit';

const { behaviour, isAlone } = Array.isArray(workerData) ? workerData.at(-1) : workerData;

register(async function tidyUp() {
  if (behaviour === 'stuck') for (;;);
  if (behaviour === 'fails') throw new Error('no space left');
  await sleep(5);
  console.log('cleaned up');
});

if (isAlone) {
  setInterval(() => {}, 1000);
  parentPort.postMessage('ready');
}

// Long enough for each worker to have one.
export default () => sleep(50);
