// A main thread that is blocked for ever in a handler.   node watchdog.js ROUTE WATCHDOG [WORKERS]
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

const [route, watchdog, workers = '0'] = process.argv.slice(2);

if (isMainThread) {
  // Ample for the acks of the workers that stand guard.
  atexit.configure({ timeout: 4000, syncTimeout: 3000, watchdog: { true: true, false: false }[watchdog] ?? watchdog });
  if (route === 'a second shutdown()') {
    atexit.register(function first() {});
    await atexit.shutdown();
    atexit.shutdownSignal.addEventListener('abort', () => {
      for (;;);
    });
  }
  atexit.register(function neverReached() {});
  atexit.register(function loops() {
    console.log('loops');
    for (;;);
  });
  atexit.register(function first() {});
  await Promise.all(
    Array.from({ length: Number(workers) }, () => {
      const worker = new Worker(fileURLToPath(import.meta.url));
      return new Promise((resolve) => worker.once('message', resolve));
    }),
  );
  if (route === 'exit()') atexit.exit(0);
  else if (route.endsWith('shutdown()')) atexit.shutdown();
  else if (route === 'process.exit()') process.exit(0);
  else if (route === 'a crash') throw new Error('a crash');
} else {
  atexit.register(() => {});
  setInterval(() => {}, 1000);
  parentPort.postMessage('ready');
}
