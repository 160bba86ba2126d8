// A program in CommonJS, whose worker is CommonJS as well.
const { isMainThread, parentPort, Worker } = require('node:worker_threads');
const atexit = require('worker-atexit');

const name = isMainThread ? 'main' : 'worker';
atexit.register(() => console.log(`${name} ${typeof atexit.shutdownSignal.aborted} ${atexit.shutdownSignal.aborted}`));
if (isMainThread) {
  const worker = new Worker(__filename);
  worker.once('message', () => process.exit(3));
} else {
  parentPort.on('message', () => {});
  parentPort.postMessage('ready');
}
