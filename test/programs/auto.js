// A program whose workers use the library, and whose main thread does not.   node auto.js KIND BEHAVIOUR WAY
import { Worker } from 'node:worker_threads';

const [kind, behaviour, way] = process.argv.slice(2);
const filename = new URL('./auto-task.js', import.meta.url);

const kinds = {
  async worker() {
    const worker = new Worker(filename, { workerData: { behaviour, isAlone: true } });
    await new Promise((resolve) => worker.once('message', resolve));
  },

  async piscina() {
    const { Piscina } = await import('piscina');
    const pool = new Piscina({ filename: filename.href, minThreads: 2, maxThreads: 2, workerData: { behaviour } });
    await Promise.all([pool.run(), pool.run()]);
  },

  async tinypool() {
    const { default: Tinypool } = await import('tinypool');
    const pool = new Tinypool({ filename: filename.href, minThreads: 2, maxThreads: 2, workerData: { behaviour } });
    await Promise.all([pool.run(), pool.run()]);
  },
};

await kinds[kind]();
console.log('ready');
const ways = {
  'a signal': () => setInterval(() => {}, 1000),
  'process.exit()': () => process.exit(5),
  'a crash': () => {
    throw new Error('a crash');
  },
};
ways[way]();
