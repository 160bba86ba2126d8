// Python's weakref.finalize.   node --expose-gc finalize.js
import { setTimeout as sleep } from 'node:timers/promises';
import * as atexit from 'worker-atexit';

const say = (text) => {
  console.log(text);
  return text;
};
const collected = async (...finalizers) => {
  while (finalizers.some(({ alive }) => alive)) {
    globalThis.gc();
    await new Promise(setImmediate);
  }
};
const kept = {};

let finalizer = atexit.finalize({}, say, 'collected');
const bad = atexit.finalize({}, function fails() {
  throw new Error('of the finalizer');
});
await collected(finalizer, bad);
console.log(finalizer.alive, bad.alive, finalizer.call(), finalizer.detach());

finalizer = atexit.finalize(kept, say, 'called');
console.log(finalizer.alive, finalizer.call(), finalizer.alive, finalizer.call());

finalizer = atexit.finalize(kept, say, 'detached');
console.log(finalizer.detach(), finalizer.alive, finalizer.detach());

atexit.finalize(kept, say, 'disposed of')[Symbol.dispose]();

let async = atexit.finalize({}, async () => {
  await sleep(50);
  say('collected right before the end, and waited for');
});
await collected(async);
async = undefined;

atexit.register(say, 'first registered');
finalizer = atexit.finalize(kept, say, 'at exit');
atexit.register(say, 'last registered');
process.on('exit', () => console.log(finalizer.alive, kept, async));
atexit.exit(0);
