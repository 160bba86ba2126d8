import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'worker-atexit';
import { branch, split } from './scale-branch.js';

const { size, width, depth } = workerData;
register(async () => {});
parentPort.on('message', () => {});
// The last level is as wide as it must be.
const parts = split(size - 1, depth === 2 ? size - 1 : width);
await Promise.all(parts.map((part) => branch(part, width, depth + 1)));
parentPort.postMessage('ready');
