import { parentPort } from 'node:worker_threads';
import { register } from 'worker-atexit';

register(async () => {});
// An idle worker waits for its next task. A link does not keep it alive.
parentPort.on('message', () => {});
parentPort.postMessage('ready');
