// process.exit() that waits.   node graceful-exit.js WAY
import { exit as exitByName } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker } from 'node:worker_threads';
import closeWithGrace from 'close-with-grace';
import * as atexit from 'worker-atexit';

const way = isMainThread ? process.argv[2] : 'inside';
if (isMainThread)
  atexit.configure({ exit: 'graceful', onReport: ({ route, exitCode }) => console.log(route, exitCode) });

atexit.register(async function save() {
  await sleep(20);
  console.log('saved');
});
process.on('exit', (code) => console.log('exit', code));

const ways = {
  plain() {
    process.exit(3);
    console.log('never');
  },
  name: () => exitByName(3),
  code() {
    process.exitCode = 4;
    process.exit();
  },
  async finally() {
    try {
      await sleep(1);
      process.exit(3);
    } finally {
      console.log('finally');
    }
  },
  callback: () => setTimeout(() => process.exit(3), 1),
  swallowed() {
    try {
      process.exit(3);
    } catch (error) {
      console.log(error.code);
    }
    console.log('goes on');
  },
  caught: () =>
    Promise.resolve()
      .then(() => process.exit(0))
      .catch(() => process.exit(1)),
  /** It listens to what is uncaught, and calls process.exit(1) for a second error. */
  grace() {
    closeWithGrace({ logger: false }, async () => void (await sleep(5)));
    // Something to do, or the empty loop comes first.
    setInterval(() => {}, 60_000);
    process.kill(process.pid, 'SIGTERM');
  },
  /** Other errors are what they were. */
  other() {
    setTimeout(() => {
      throw new Error('other');
    }, 1);
    setImmediate(() => process.exit(3));
  },
  listener() {
    process.on('unhandledRejection', () => console.log('heard'));
    process.on('uncaughtException', () => console.log('heard'));
    Promise.reject(new Error('own'));
    setImmediate(async () => process.exit(3));
  },
  /** While the shutdown runs it is what it was. */
  again() {
    setTimeout(() => process.exit(5), 5);
    setImmediate(() => process.exit(3));
  },
  handler() {
    atexit.register(() => process.exit(6));
    process.exit(3);
  },
  exiting() {
    process.on('exit', () => process.exit(7));
    process.exit(3);
  },
  worker() {
    new Worker(new URL(import.meta.url)).on('exit', (code) => console.log('worker', code));
  },
  inside() {
    process.exit(2);
  },
};
await ways[way]();
