// The task file of the pools: a thread counts, and says at its end how far it came.
import { setTimeout as sleep } from 'node:timers/promises';
import { register } from 'worker-atexit';

let count = 0;

register(async () => {
  await sleep(10); // Say, a write.
  console.log(`worker: ${count} counted`);
});

export default function countWord() {
  count++;
  return count;
}
