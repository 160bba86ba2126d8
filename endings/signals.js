import { endOf, js } from './program.js';

export default {
  name: 'signals',
  title: 'Signals',
  rows: [
    {
      what: 'a worker listens to SIGTERM, the main thread does not: whether it is called, and how the process ends',
      program: js`
        if (isMainThread) {
          await once(thread(), 'message');
          process.kill(process.pid, 'SIGTERM');
          await sleep(1000);
          say('it lives on');
          process.kill(process.pid, 'SIGKILL');
        } else {
          process.on('SIGTERM', () => say('called'));
          parentPort.postMessage('listens');
          setInterval(() => {}, 1000);
        }`,
      cell: ({ lines, ...ended }) =>
        `${lines.includes('called') ? 'called' : 'not called'}, ${lines.includes('it lives on') ? 'it lives on' : endOf(ended)}`,
      instead: 'listen in the main thread; `register()` in a worker is told by it',
    },
    {
      what: '`process.kill(process.pid, "SIGTERM")` in a worker, nobody listens',
      program: js`
        if (isMainThread) {
          process.on('exit', () => say('exit'));
          thread();
          await sleep(1000);
          say('it lives on');
          process.exit(0);
        } else {
          process.kill(process.pid, 'SIGTERM');
        }`,
      cell: ({ lines, ...ended }) =>
        `${endOf(ended)}${lines.includes('exit') ? ", `'exit'` runs" : ", `'exit'` does not run"}`,
      instead: "nobody's `'exit'` listener runs at a death by signal",
    },
    {
      what: 'in which AsyncLocalStorage store the listeners of a signal run: two, added in two stores',
      program: js`
        const { AsyncLocalStorage } = await import('node:async_hooks');
        const storage = new AsyncLocalStorage();
        const seen = [];
        storage.run('first', () => process.on('SIGUSR2', () => seen.push(storage.getStore())));
        storage.run('second', () => process.on('SIGUSR2', () => seen.push(storage.getStore())));
        process.kill(process.pid, 'SIGUSR2');
        await sleep(200);
        say(seen.map((store) => store ?? 'none').join(', ') || 'not called');
        process.exit();`,
      instead:
        '`AsyncResource.bind()` for a listener that needs its own; this library’s handlers run outside of any store on a signal',
    },
    {
      what: '`process.once("SIGTERM")`, and the signal a second time',
      program: js`
        process.once('SIGTERM', () => say('once'));
        process.kill(process.pid, 'SIGTERM');
        await sleep(200);
        process.kill(process.pid, 'SIGTERM');
        await sleep(500);
        say('it lives on');
        process.exit(0);`,
      cell: ({ lines, ...ended }) => (lines.includes('it lives on') ? 'it lives on' : endOf(ended)),
      instead: 'the second one kills; the library’s own listener stays until all is done',
    },
    {
      what: 'the main thread is blocked for 500 ms when SIGTERM comes, and listens: whether the listener is called at the end of the block',
      program: js`
        process.on('SIGTERM', () => { say('called'); process.exit(); });
        process.kill(process.pid, 'SIGTERM');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
        setTimeout(() => { say('not called'); process.exit(); }, 500);`,
      instead: 'late, but it is; the watchdog is for what is never',
    },
    {
      what: 'SIGTERM comes inside an `exit` listener that blocks, and `process.on("SIGTERM")` is set',
      program: js`
        process.on('SIGTERM', () => say('called'));
        process.on('exit', () => {
          children.spawnSync('sh', ['-c', 'kill -TERM $PPID']);
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
        });
        process.exit(3);`,
      cell: ({ lines, ...ended }) => `${lines.includes('called') ? 'called' : 'not called'}, ${endOf(ended)}`,
      instead: 'take the listeners off first: with one set, no signal but SIGKILL ends a process that is ending',
    },
    {
      what: '`process.exitCode = 3`, then SIGTERM that nobody listens to',
      program: js`process.exitCode = 3; process.kill(process.pid, 'SIGTERM'); await sleep(1000);`,
      cell: endOf,
      instead: 'a signal has no exit code; a shell shows 143',
    },
  ],
};
