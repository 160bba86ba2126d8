import { endOf, js, waited } from './program.js';

/** A worker that is in a native call for SECONDS. */
const blocked = (end) => js`
  if (isMainThread) {
    const worker = thread();
    worker.on('error', () => {});
    await once(worker, 'message');
    await sleep(50);
    const began = Date.now();
    process.on('exit', () => {});
    ${end}
  } else {
    parentPort.postMessage('begins');
    children.spawnSync('sleep', ['2']);
  }`;
const cell = ({ ms, ...ended }) => `${waited(ms, 2000)} (${endOf(ended)})`;

export default {
  name: 'native-calls',
  title: 'A worker in a native call',
  intro: 'A worker is in `spawnSync()`, or in a long query of SQLite: no JavaScript of it runs.',
  rows: [
    {
      what: '`process.exit(3)` of the main thread',
      program: blocked('process.exit(3);'),
      cell,
      instead: 'a shutdown of this library has a deadline for it: see [limits](limits.md)',
    },
    {
      what: '`await worker.terminate()`',
      program: blocked(
        "await worker.terminate(); say(Date.now() - began >= 1500 ? 'waits' : 'does not wait'); process.kill(process.pid, 'SIGKILL');",
      ),
      instead: 'give native calls a time limit of their own (`timeout` of `spawnSync`, `busy_timeout`, `interrupt()`)',
    },
    {
      what: 'an uncaught error of the main thread',
      program: blocked("setTimeout(() => { throw new Error('mine'); });"),
      cell,
      instead: 'as above',
    },
    {
      what: 'SIGTERM, nobody listens',
      program: blocked("process.kill(process.pid, 'SIGTERM');"),
      cell,
      instead: 'ends at once; nothing is cleaned up',
    },
    {
      what: '`process.kill(process.pid, "SIGKILL")`',
      program: blocked("process.kill(process.pid, 'SIGKILL');"),
      cell,
      instead: 'the last resort: what was written to pipes before is kept, what was buffered is not',
    },
    {
      what: 'a worker blocked in `Atomics.wait()` instead: `await worker.terminate()`',
      program: js`
        if (isMainThread) {
          const worker = thread();
          await once(worker, 'message');
          await sleep(50);
          const began = Date.now();
          await worker.terminate();
          say(Date.now() - began >= 1500 ? 'waits' : 'does not wait');
          process.exit();
        } else {
          parentPort.postMessage('begins');
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
        }`,
      instead: '`Atomics.wait()` can be ended, a native call cannot',
    },
    {
      what: '16 `crypto.pbkdf2()` are queued in a worker: which ones `await worker.terminate()` waits for',
      program: js`
        const hash = (then) => crypto.pbkdf2('a', 'b', 150_000, 32, 'sha512', then);
        if (isMainThread) {
          const worker = thread();
          const [batch] = await once(worker, 'message');
          await once(worker, 'message');
          const began = Date.now();
          await worker.terminate();
          const took = Date.now() - began;
          say(took > 2 * batch ? 'all that are queued' : 'at most those that run');
          process.exit();
        } else {
          const began = Date.now();
          await Promise.all([1, 2, 3, 4].map(() => new Promise((done) => hash(done))));
          parentPort.postMessage(Date.now() - began);
          for (let i = 0; i < 16; i++) hash(() => {});
          parentPort.postMessage('queued');
          setInterval(() => {}, 1000);
        }`,
      instead: 'bound what you queue: an end takes as long as the queue, whoever is asked to end',
    },
  ],
};
