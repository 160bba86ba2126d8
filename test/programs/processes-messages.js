// What a program's own messages have to do with the library's: nothing.   node processes-messages.js
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { register } from 'worker-atexit';
import { registerProcess } from 'worker-atexit/process';

/** Both sides listen only when the other's message has long been there. */
const LATER = 500;

if (process.send) {
  process.send('early');
  register(async function cleanUp() {
    await sleep(20);
    console.log('the child cleans up');
  });
  await sleep(LATER);
  const [message] = await once(process, 'message');
  console.log(`the child heard ${message}`);
  // It has nothing left to do, and its parent has not told it to end.
} else {
  const child = fork(fileURLToPath(import.meta.url));
  registerProcess(child);
  child.send('early');
  const ended = once(child, 'exit');
  await sleep(LATER);
  const [message] = await once(child, 'message');
  console.log(`the parent heard ${message}`);
  console.log(`the child ended with ${(await ended)[0]}`);
}
