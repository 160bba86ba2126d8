// Timers and clocks are faked, before the library is loaded or afterwards; a worker is stuck, and a handler never ends.
//   node fake-timers.js before|after sinon|node [FUNCTION…]
import { once } from 'node:events';
import fs from 'node:fs';
import { mock } from 'node:test';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { install } from '@sinonjs/fake-timers';

const { argv, hrtime } = process;
const [, , when, whose, ...toFake] = argv;
const say = (line) => fs.writeSync(1, `${line}\n`);

/** What a shutdown of 300 ms may take at most, on a machine with more to do: ms. */
const LIMIT = 5000;

function fake() {
  if (whose === 'node') mock.timers.enable(toFake.length > 0 ? { apis: toFake } : {});
  else install(toFake.length > 0 ? { toFake } : {});
}

if (isMainThread) {
  // A timer of before: it tells a shutdown that hangs.
  const limit = setTimeout.bind(undefined, () => {
    say('hangs');
    process.reallyExit(9);
  });
  if (when === 'before') fake();
  const { register, registerWorker, shutdown } = await import('worker-atexit');
  const worker = new Worker(new URL(import.meta.url), { argv: argv.slice(2) });
  registerWorker(worker, { name: 'stuck' });
  await once(worker, 'message');
  if (when === 'after') fake();
  register(function hang() {
    return new Promise(() => {});
  });
  limit(LIMIT);
  const began = hrtime();
  const { workers, handlers } = await shutdown({ timeout: 300 });
  const [seconds, nanoseconds] = hrtime(began);
  const ms = seconds * 1e3 + nanoseconds / 1e6;
  say(ms > 250 && ms < LIMIT ? 'in time' : `after ${ms} ms`);
  for (const { status } of workers) say(`worker ${status}`);
  for (const { name, unfinished } of handlers) say(`${name} ${unfinished ? 'unfinished' : 'done'}`);
  process.reallyExit(0);
} else {
  const { register } = await import('worker-atexit');
  register(() => {});
  parentPort.postMessage('ready');
  for (;;);
}
