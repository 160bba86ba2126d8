// A thread and its worker, each followed over node:diagnostics_channel.   node diagnostics.js WAY [CHANNEL THAT THROWS]
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, tracingChannel } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { exit, onDrain, register, shutdown } from 'worker-atexit';

const [way, throwing] = process.argv.slice(2);

function say(what, fields = {}) {
  writeSync(1, `${isMainThread ? 'main' : 'worker'} ${what} ${JSON.stringify(fields)}\n`);
  if (isMainThread && what === throwing) throw new Error(`a subscriber of ${what}`);
}

const store = new AsyncLocalStorage();
const channels = tracingChannel('worker-atexit:shutdown');
channels.start.bindStore(store, ({ route }) => route);
const follow = (event) => (trace) => {
  trace.id ??= 'the same object';
  const { route, signal, report, error, id } = trace;
  say(event, { route, signal, ok: report?.ok, errors: error?.errors.map(({ message }) => message), id });
};
const events = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];
channels.subscribe(Object.fromEntries(events.map((event) => [event, follow(event)])));
subscribe('worker-atexit:handler', ({ durationMs, startedAt, error, ...rest }) =>
  say('handler', { ...rest, timed: durationMs >= 0 && startedAt > 0, ...(error && { error: error.message }) }),
);
subscribe('worker-atexit:worker', ({ threadId, status, diagnosis, handlers }) =>
  say('outcome', { threadId, status, diagnosis, handlers: handlers.map(({ name }) => name) }),
);

register(async function slow() {
  await sleep(5);
  say('context', { route: store.getStore() });
});
onDrain(function drain() {});

if (!isMainThread) {
  setInterval(() => {}, 1000);
  parentPort.postMessage('ready');
} else {
  register(function bad() {
    if (way === 'fails') throw new Error('bad');
  });
  const worker = new Worker(new URL(import.meta.url));
  // Its link may come with the same turn of the event loop.
  await new Promise((resolve) => worker.once('message', () => setImmediate(resolve)));
  const alive = setInterval(() => {}, 1000);
  const ways = {
    'a signal': () => process.kill(process.pid, 'SIGTERM'),
    'process.exit()': () => process.exit(3),
    fails: () => exit(0),
    async 'a worker is lost'() {
      // The first one would let it clean up; the second one ends it.
      worker.terminate();
      await worker.terminate();
      process.exit(3);
    },
    async 'shutdown()'() {
      await shutdown();
      worker.unref();
      clearInterval(alive);
    },
  };
  await ways[way]();
}
