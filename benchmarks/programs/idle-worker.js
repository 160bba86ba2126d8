import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';

const { port } = workerData;
if (port) port.on('message', () => {}).unref();
else (await import('worker-atexit')).register(() => {});

parentPort.on('message', () => {
  const turns = performance.nodeTiming.uvMetricsInfo.loopCount;
  parentPort.postMessage({ turns, resources: process.getActiveResourcesInfo() });
});
parentPort.postMessage('ready');
