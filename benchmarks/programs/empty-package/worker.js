import { parentPort } from 'node:worker_threads';
import 'empty-package';

parentPort.on('message', () => {});
parentPort.postMessage({});
