import { parentPort } from 'node:worker_threads';

const now = () => Number(process.hrtime.bigint()) / 1e6;

const startedAt = now();
const { register } = await import('worker-atexit');
const importedAt = now();
register(() => {});
const registeredAt = now();
parentPort.on('message', () => {});
parentPort.postMessage({ inside: importedAt - startedAt, register: registeredAt - importedAt });
