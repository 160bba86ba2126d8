import { parentPort } from 'node:worker_threads';
import { register } from 'worker-atexit';

register(async function cleanUp() {});
parentPort.on('message', () => {});
parentPort.postMessage('ready');
