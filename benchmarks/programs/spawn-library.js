import { parentPort } from 'node:worker_threads';
import { register } from 'worker-atexit';

const now = () => Number(process.hrtime.bigint()) / 1e6;

const startedAt = now();
register(() => {});
const registeredAt = now();
parentPort.on('message', () => {});
parentPort.postMessage({ register: registeredAt - startedAt });
