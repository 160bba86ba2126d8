// The nearest ancestor of up.test.ts: takes each link, as far as its slot tells, and hands it on with its port.
import { parentPort } from 'node:worker_threads';

let table;
parentPort.on('message', (told) => {
  parentPort.postMessage('told');
  if (told.blocked) Atomics.wait(told.blocked, 0, 0, 20_000);
  else table = told;
});
process.on('workerMessage', (message, source) => {
  const cells = new Int32Array(message.buffer ?? table.buffer);
  Atomics.store(cells, table.linked + message.slot * table.width, 1);
  parentPort.postMessage({ message, source }, [message.port]);
});
