// A child that has lines to lose: they are written when it cleans up, which takes a while, and not before.
//   node processes-child.js JSON
import { fork } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const { folder, takes = 100, fault, threads = 0, grandchildren = 0 } = JSON.parse(process.argv[2]);
const note = (line) => appendFileSync(join(folder, 'order'), `${line}\n`);
const lines = Array.from({ length: 25 }, (_, line) => `${process.pid} ${line}\n`).join('');
const ready = () => writeFileSync(join(folder, `ready-${process.pid}`), '');

async function flush() {
  await sleep(takes);
  appendFileSync(join(folder, 'lines'), lines);
  note('a child is done');
}

const faults = {
  async hangs() {
    register(() => new Promise(() => {}));
  },
  blocks() {
    register(() => {
      for (;;);
    });
  },
  'ignores SIGTERM'() {
    process.on('SIGTERM', () => {});
  },
  'disconnects itself'() {
    register(flush);
    process.disconnect();
  },
  'forges an ack'() {
    register(flush);
    process.send({ cmd: 'NODE_worker-atexit', version: 2, type: 'ack', handlers: [], workers: [] });
    process.send({ cmd: 'NODE_worker-atexit', version: 2, type: 'ack', handlers: 'none', workers: [] });
    process.send({ cmd: 'NODE_worker-atexit', version: 99, type: 'order' });
  },
  'imports only'() {},
  'throws in its handler'() {
    register(function broken() {
      throw new Error('on purpose');
    });
  },
};

const { register } = fault === 'ignores SIGTERM' ? {} : await import('worker-atexit');
if (fault) faults[fault]();
else register(flush);

for (let number = 0; number < threads; number++) {
  const worker = new Worker(new URL('processes-thread.js', import.meta.url), { workerData: { folder } });
  await new Promise((resolve) => worker.once('message', resolve));
}
for (let number = 0; number < grandchildren; number++) {
  const { registerProcess } = await import('worker-atexit/process');
  const grandchild = fork(fileURLToPath(import.meta.url), [JSON.stringify({ folder })]);
  registerProcess(grandchild, { name: 'grandchild' });
  await new Promise((resolve) => grandchild.once('message', resolve));
}
setInterval(() => {}, 1000);
ready();
if (process.connected) process.send('ready');
