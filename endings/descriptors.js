import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { js } from './program.js';

const openFds = js`const open = () => fs.readdirSync('/proc/self/fd').filter((fd) => {
  try { return fs.readlinkSync('/proc/self/fd/' + fd).endsWith('main.mjs'); } catch { return false; }
}).length;`;

const leak = (options, how) => js`
  ${openFds}
  if (isMainThread) {
    const before = open();
    for (let i = 0; i < 3; i++) {
      const worker = thread(0, ${options});
      const exit = once(worker, 'exit');
      await once(worker, 'message');
      ${how}
    }
    await sleep(100);
    const left = open() - before;
    say(left === 0 ? 'closed' : left === 3 ? 'left open' : left + ' of 3 left open');
  } else {
    fs.openSync('main.mjs');
    parentPort.postMessage('open');
    ${how.includes('terminate') ? 'setInterval(() => {}, 1000);' : ''}
  }`;

export default {
  name: 'descriptors',
  title: 'Descriptors, files, sockets',
  rows: [
    {
      what: 'a descriptor of `fs.openSync()` in a worker whose event loop runs empty',
      program: leak('{}', 'await exit;'),
      instead: 'close what you open, in a handler',
    },
    {
      what: 'the same in a worker that is terminated',
      program: leak('{}', 'await worker.terminate();'),
      instead: 'as above; `registerWorker(worker)` lets `terminate()` run the handlers',
    },
    {
      what: 'the same with `trackUnmanagedFds: false`',
      program: leak('{ trackUnmanagedFds: false }', 'await worker.terminate();'),
      instead: 'leave that option alone, or close in a handler',
    },
    {
      what: 'a descriptor that a worker opened and gave to the main thread by its number, once the worker has ended',
      program: js`
        if (isMainThread) {
          const worker = thread();
          const [fd] = await once(worker, 'message');
          await worker.terminate();
          try { fs.fstatSync(fd); say('works'); } catch (error) { say(error.code); }
        } else {
          parentPort.postMessage(fs.openSync('main.mjs'));
          setInterval(() => {}, 1000);
        }`,
      instead: 'a number is no transfer: the thread that opened it closes it. The next file gets the same number',
    },
    {
      what: 'a `FileHandle` that a worker transfers to the main thread, once the worker has ended',
      program: js`
        if (isMainThread) {
          const worker = thread();
          worker.on('error', (error) => { say('cannot be sent'); process.exit(); });
          const [handle] = await once(worker, 'message');
          await worker.terminate();
          await handle.stat().then(() => say('works'), (error) => say(error.code));
          await handle.close?.();
        } else {
          const handle = await fs.promises.open('main.mjs');
          parentPort.postMessage(handle, [handle]);
          setInterval(() => {}, 1000);
        }`,
      cell: ({ stdout }) => (stdout === '' ? 'cannot be sent' : stdout.trim()),
      instead: 'transfer the handle instead of a number',
    },
    {
      what: 'a port that a server of a worker listened on, right after `await worker.terminate()`',
      program: js`
        if (isMainThread) {
          const worker = thread();
          const [port] = await once(worker, 'message');
          await worker.terminate();
          const server = net.createServer().once('error', (error) => { say(error.code); process.exit(); });
          server.listen(port, '127.0.0.1', () => { say('free'); process.exit(); });
        } else {
          const server = net.createServer().listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
        }`,
      words: { deno: 'free, or for a moment `EADDRINUSE`' },
      instead: '`onDrain(server)` in the worker closes it while requests finish',
    },
    {
      what: 'a TCP connection of a worker that is terminated: what the other end sees',
      program: js`
        if (isMainThread) {
          const server = net.createServer((socket) => {
            socket.on('data', () => worker.terminate());
            socket.on('end', () => { say('end'); process.exit(); });
            socket.on('error', (error) => { say(error.code); process.exit(); });
          }).listen(0, '127.0.0.1');
          await once(server, 'listening');
          const worker = thread(server.address().port);
          setTimeout(() => { say('nothing'); process.exit(); }, 2000);
        } else {
          net.connect(workerData, '127.0.0.1', function () { this.write('hello'); });
        }`,
      instead: 'an orderly end is no proof that all was said: let the protocol say so',
    },
    {
      what: "a folder that a worker's `'exit'` listener removes, when the main thread calls `process.exit()`",
      program: js`
        if (isMainThread) {
          const worker = thread();
          await once(worker, 'message');
          process.exit();
        } else {
          fs.mkdirSync('temporary');
          process.on('exit', () => fs.rmdirSync('temporary'));
          parentPort.postMessage('made');
          setInterval(() => {}, 1000);
        }`,
      cell: ({ folder }) => (existsSync(join(folder, 'temporary')) ? 'stays' : 'is removed'),
      instead: "a worker's `'exit'` event is no promise: `register()` there",
    },
    {
      what: "a worker's `'exit'` listeners when it is terminated",
      program: js`
        if (isMainThread) {
          const worker = thread();
          await once(worker, 'message');
          await worker.terminate();
          setTimeout(() => process.exit(), 200);
        } else {
          process.on('exit', () => say('run'));
          parentPort.postMessage('ready');
          setInterval(() => {}, 1000);
        }`,
      cell: ({ stdout }) => (stdout === '' ? 'do not run' : 'run'),
      instead: '`registerWorker(worker)`',
    },
  ],
};
