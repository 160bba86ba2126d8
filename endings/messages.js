import { js } from './program.js';

/** What twenty trials say: always, never, or sometimes. */
const often = js`const often = (yes) => say(yes === 20 ? 'always' : yes === 0 ? 'never' : 'sometimes');`;

export default {
  name: 'messages',
  title: 'Messages, ports and events',
  rows: [
    {
      what: "ten messages on `parentPort` right before a worker's `process.exit()`: whether all come before `'exit'` (20 workers)",
      program: js`${often}
        if (isMainThread) {
          let yes = 0;
          for (let i = 0; i < 20; i++) {
            const worker = thread();
            let n = 0;
            worker.on('message', () => n++);
            await once(worker, 'exit');
            if (n === 10) yes++;
          }
          often(yes);
        } else {
          for (let i = 0; i < 10; i++) parentPort.postMessage(i);
          process.exit();
        }`,
      instead: 'what a worker has to say for certain it says before it ends, and waits for an answer',
    },
    {
      what: "the same on a port of one's own: whether all come before `'exit'`",
      runs: 1,
      program: js`${often}
        if (isMainThread) {
          let yes = 0;
          for (let i = 0; i < 20; i++) {
            const { port1, port2 } = new threads.MessageChannel();
            const worker = thread(port2, { transferList: [port2] });
            let n = 0;
            port1.on('message', () => n++);
            await once(worker, 'exit');
            if (n === 10) yes++;
          }
          often(yes);
          process.exit();
        } else {
          for (let i = 0; i < 10; i++) workerData.postMessage(i);
          process.exit();
        }`,
      words: { node: 'not always', deno: 'not always' },
      instead: "read the port until it is empty after `'exit'`: `receiveMessageOnPort()`",
    },
    {
      what: "the same: whether all have come 200 ms after `'exit'`",
      program: js`${often}
        if (isMainThread) {
          const counts = await Promise.all(Array.from({ length: 20 }, async () => {
            const { port1, port2 } = new threads.MessageChannel();
            const worker = thread(port2, { transferList: [port2] });
            let n = 0;
            port1.on('message', () => n++);
            await once(worker, 'exit');
            await sleep(200);
            return n;
          }));
          often(counts.filter((n) => n === 10).length);
          process.exit();
        } else {
          for (let i = 0; i < 10; i++) workerData.postMessage(i);
          process.exit();
        }`,
      instead: "a port's messages outlive their thread",
    },
    {
      what: "a port's `'close'` in the parent, once the worker at its other end has ended",
      program: js`
        if (isMainThread) {
          const { port1, port2 } = new threads.MessageChannel();
          const worker = thread(port2, { transferList: [port2] });
          const closed = new Promise((done) => port1.on('close', () => done('comes')));
          port1.on('message', () => {});
          await once(worker, 'exit');
          say(await Promise.race([closed, sleep(1000, 'does not come')]));
          process.exit();
        } else setTimeout(() => process.exit(), 50);`,
      instead: "listen to the worker's `'exit'` as well",
    },
    {
      what: "a `BroadcastChannel` message right before a worker's `process.exit()`: whether it arrives (20 workers)",
      runs: 1,
      program: js`${often}
        if (isMainThread) {
          const channel = new BroadcastChannel('news');
          let yes = 0;
          channel.onmessage = () => yes++;
          await sleep(50);
          for (let i = 0; i < 20; i++) await once(thread(), 'exit');
          await sleep(300);
          often(yes);
          process.exit();
        } else {
          new BroadcastChannel('news').postMessage('bye');
          process.exit();
        }`,
      instead: 'a port',
    },
    {
      what: '`postMessage()` to a worker that has ended',
      program: js`
        const worker = new Worker('', { eval: true });
        await once(worker, 'exit');
        try { say('returns ' + worker.postMessage('hello')); } catch (error) { say('throws ' + (error.code ?? error.name)); }`,
      instead: 'no error tells: ask for an answer, with a deadline',
    },
    {
      what: '`postMessageToThread()` to a thread that has ended',
      program: js`
        const worker = new Worker('', { eval: true });
        const id = worker.threadId;
        await once(worker, 'exit');
        if (threads.postMessageToThread === undefined) say('—');
        else await threads.postMessageToThread(id, 'hello', 500).then(() => say('resolves'), (error) => say('rejects ' + error.code));`,
      instead: 'catch it',
    },
    {
      what: "`worker.threadId` after `'exit'`",
      program: js`
        const worker = new Worker('', { eval: true });
        const before = worker.threadId;
        await once(worker, 'exit');
        say(worker.threadId === before ? 'as before' : worker.threadId);`,
      instead: 'keep the id that you had',
    },
    {
      what: "`worker.performance.eventLoopUtilization().idle`, read before and again after `'exit'`: the second",
      program: js`
        const worker = new Worker('require("worker_threads").parentPort.postMessage(1); setTimeout(() => {}, 300)', { eval: true });
        const exit = once(worker, 'exit');
        await once(worker, 'message');
        try { worker.performance.eventLoopUtilization(); } catch {}
        await exit;
        try { say(worker.performance.eventLoopUtilization().idle); } catch (error) { say('throws ' + error.name); }`,
      instead: 'nothing to be learned here; but see the next row',
    },
    {
      what: 'the same, of a worker that has ended while the main thread blocks, read before any event is heard',
      program: js`
        if (isMainThread) {
          const cells = new Int32Array(new SharedArrayBuffer(4));
          const worker = thread(cells);
          await once(worker, 'message');
          try { worker.performance.eventLoopUtilization(); } catch {}
          Atomics.store(cells, 0, 1);
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
          let idle;
          try { idle = worker.performance.eventLoopUtilization().idle; } catch (error) { idle = 'throws ' + error.name; }
          say(idle);
          process.exit();
        } else {
          setTimeout(() => parentPort.postMessage('runs'), 100);
          setInterval(() => {
            if (Atomics.load(workerData, 0) === 1) process.exit();
          }, 10);
        }`,
      instead:
        '-1 is the one thing that tells, while the event loop does not turn, that a thread is gone; it takes a first reading while the thread lives',
    },
    {
      what: '`getHeapSnapshot()` of a worker that has ended',
      program: js`
        const worker = new Worker('', { eval: true });
        await once(worker, 'exit');
        try { await worker.getHeapSnapshot().then(() => say('resolves'), (error) => say('rejects ' + error.code)); } catch (error) { say('throws ' + (error.code ?? error.name)); }`,
      instead: 'catch it',
    },
    {
      what: '`getHeapSnapshot()` of a worker that ends meanwhile',
      words: { node: 'can crash the process', bun: 'not tried', deno: '—' },
      instead: 'read the snapshot to its end first, then end the worker',
    },
    {
      what: "`worker.startCpuProfile('name')`: what it resolves to",
      program: js`
        const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
        await once(worker, 'online');
        if (worker.startCpuProfile === undefined) { say('—'); process.exit(); }
        let got = 'nothing';
        try {
          const handle = await worker.startCpuProfile('mine');
          got = handle === undefined || handle === null ? String(handle)
            : typeof handle + ' with ' + ['stop', Symbol.asyncDispose].filter((key) => typeof handle[key] === 'function').map(String).join(', ');
        } catch (error) { got = 'rejects ' + (error.code ?? error.message); }
        say(got);
        process.exit();`,
      instead: 'look before you use it: the method is young, and its form has changed',
    },
    {
      what: 'a worker that is made with `stdout: true` and not read, 1 MB printed: whether it has ended after 2 s',
      program: js`
        if (isMainThread) {
          const worker = thread(0, { stdout: true });
          say(await Promise.race([once(worker, 'exit').then(() => 'yes'), sleep(2000, 'no')]));
          process.exit();
        } else process.stdout.write('x'.repeat(1024 * 1024));`,
      cell: ({ lines }) => lines.at(-1)?.replace(/^x+/, ''),
      instead: 'read what you capture, or it is kept in memory',
    },
  ],
};
