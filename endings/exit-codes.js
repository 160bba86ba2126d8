import { endOf, js } from './program.js';

export default {
  name: 'exit-codes',
  title: 'Exit codes and events',
  rows: [
    {
      what: "a worker is terminated right after `new Worker()`: what `terminate()` resolves to, and the code of `'exit'`",
      program: js`
        const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
        const exit = once(worker, 'exit');
        const promise = await worker.terminate();
        say(promise + ', ' + (await exit)[0]);`,
      words: { bun: 'either 0 or 1' },
      instead: 'take neither 0 nor 1 of a worker that you ended yourself for a result; a message is one',
    },
    {
      what: 'the same for a worker that runs',
      program: js`
        const worker = new Worker('require("worker_threads").parentPort.postMessage(1); setInterval(() => {}, 1000)', { eval: true });
        await once(worker, 'message');
        const exit = once(worker, 'exit');
        const promise = await worker.terminate();
        say(promise + ', ' + (await exit)[0]);`,
      instead: 'as above',
    },
    {
      what: "a worker's top-level await never settles: the code of `'exit'` in the parent",
      program: js`
        if (isMainThread) {
          const [code] = await once(thread().on('error', () => {}), 'exit');
          say(code);
        } else await new Promise(() => {});`,
      words: { deno: 'none: the worker does not end' },
      instead: 'an exit code of 13 is a promise that nobody settles; end such a worker by a deadline',
    },
    {
      what: "the same: what the worker's own `'exit'` listener is told",
      program: js`
        if (isMainThread) await once(thread(), 'exit');
        else {
          process.on('exit', (code) => say(code));
          await new Promise(() => {});
        }`,
      words: { deno: 'it is not called' },
      instead: 'do not decide by the code in a worker what to save',
    },
    {
      what: "the same with `process.exitCode = 3` before: the code of `'exit'` in the parent",
      program: js`
        if (isMainThread) {
          const [code] = await once(thread(), 'exit');
          say(code);
        } else {
          process.exitCode = 3;
          await new Promise(() => {});
        }`,
      words: { deno: 'none: the worker does not end' },
      instead: 'set `process.exitCode` as the last thing, not the first: it hides the 13',
    },
    {
      what: 'a worker runs out of memory',
      words: {
        'node@20': "`'error'`, then `'exit'` with 1",
        'node@22': "`'error'`, then `'exit'` with 1",
        'node@24': 'that, or the whole process is aborted',
        'node@26': 'that, or the worker is without an end',
        bun: 'the worker is not ended',
        deno: 'depends on what the worker was doing; it can be without an end',
      },
      instead:
        'watch `worker.getHeapStatistics()` or the work that you give it; a process of its own for what may take too much',
    },
    {
      what: '`process.exit(300)` in a worker, and in the main thread',
      program: js`
        if (isMainThread) {
          const [code] = await once(thread(), 'exit');
          fs.writeSync(1, code + ', ');
          process.exit(300);
        } else process.exit(300);`,
      cell: ({ stdout, code }) => `${stdout}${code}`,
      instead: "a worker's code is a number like any other, a process's is cut to 8 bits: keep to 0 to 125",
    },
    {
      what: "an `'exit'` listener calls `process.exit(4)` after `process.exit(3)`: in a worker, in the main thread",
      program: js`
        process.on('exit', () => process.exit(4));
        if (isMainThread) {
          const [code] = await once(thread(), 'exit');
          fs.writeSync(1, code + ', ');
        }
        process.exit(3);`,
      cell: ({ stdout, code }) => `${stdout}${code}`,
      instead: 'the last call wins, and cuts off the listeners behind it: set `process.exitCode` there instead',
    },
    {
      what: "an `'exit'` listener throws after `process.exit(3)`: how the process ends, and whether the listener behind it runs",
      program: js`
        process.on('exit', () => { throw new Error('first'); });
        process.on('exit', () => fs.writeSync(1, 'runs'));
        process.exit(3);`,
      cell: ({ stdout, ...ended }) => `${endOf(ended)}, ${stdout === '' ? 'does not run' : stdout}`,
      instead: 'catch in each listener: one that throws costs the others their turn',
    },
    {
      what: "an `'exit'` listener of a worker throws after `process.exit(3)`: what the parent hears",
      program: js`
        if (isMainThread) {
          const worker = thread();
          worker.on('error', (error) => fs.writeSync(1, 'error ' + error.message + ', '));
          worker.on('exit', (code) => say('exit ' + code));
        } else {
          process.on('exit', () => { throw new Error('late'); });
          process.exit(3);
        }`,
      instead: "catch there, too; what is thrown late does not always reach the parent's `'error'`",
    },
    {
      what: "a worker throws, and nobody listens to its `'error'`: how the process ends",
      program: js`
        if (isMainThread) {
          const runs = new Int32Array(new SharedArrayBuffer(4));
          thread(runs);
          const looks = setInterval(() => {
            if (Atomics.load(runs, 0) === 0) return;
            clearInterval(looks);
            setTimeout(() => say('lives'), 1500);
          }, 10);
        } else {
          Atomics.store(workerData, 0, 1);
          throw new Error('mine');
        }`,
      cell: ({ stdout, ...ended }) => (stdout === '' ? endOf(ended) : `it ${stdout.trim()}`),
      instead: "listen to `'error'` of every worker, those that a library makes included",
    },
    {
      what: '`process.abort()` in a worker',
      program: js`
        if (isMainThread) {
          thread().on('message', say);
        } else {
          try { process.abort(); } catch (error) { parentPort.postMessage('throws ' + error.code); }
        }`,
      cell: ({ stdout, ...ended }) => (stdout === '' ? `the process ends: ${endOf(ended)}` : stdout.trim()),
      options: () => [],
      words: { bun: 'the process ends: SIGABRT', deno: 'the process ends: SIGABRT' },
      instead: 'throw instead: it is the parent that decides about the process',
    },
    {
      what: '`process.exit()` inside a `using` block: whether the resource is disposed of',
      program: js`await import('./using.mjs').catch((error) => say(error instanceof SyntaxError ? '—' : error));`,
      files: {
        'using.mjs': js`
          import { writeSync } from 'node:fs';
          process.on('exit', () => writeSync(1, ' (exit)'));
          {
            using lock = { [Symbol.dispose]: () => writeSync(1, 'disposed of') };
            process.exit();
          }`,
      },
      cell: ({ stdout }) => (stdout.includes('disposed of') ? 'yes' : stdout.includes('—') ? '—' : 'no'),
      instead: '`using` is for scopes, not for endings: `register()` what an end must not skip',
    },
    {
      what: 'the event loop runs empty inside an `await using` block: exit code, and whether it is disposed of',
      program: js`await import('./using.mjs').catch((error) => say(error instanceof SyntaxError ? '—' : error));`,
      files: {
        'using.mjs': js`
          import { writeSync } from 'node:fs';
          {
            await using lock = { [Symbol.asyncDispose]: async () => writeSync(1, 'disposed of') };
            await new Promise(() => {});
          }`,
      },
      cell: ({ stdout, ...ended }) =>
        stdout.includes('—') ? '—' : `${endOf(ended)}, ${stdout.includes('disposed of') ? 'yes' : 'no'}`,
      words: { bun: 'none: the process does not end' },
      instead: 'as above; 13 is a promise that nobody settles',
    },
    {
      what: "`process.execve()`: whether `'exit'` listeners run, and how the process ends",
      program: js`
        process.on('exit', () => say('exit'));
        if (process.execve === undefined) say('—');
        else process.execve('/bin/sh', ['sh', '-c', 'exit 3']);`,
      cell: ({ lines, ...ended }) =>
        lines.includes('—') ? '—' : `${lines.includes('exit') ? 'run' : 'do not run'}, ${endOf(ended)}`,
      instead: 'clean up first: `await shutdown()`, then `execve`. No handler runs, in any thread',
    },
    {
      what: '`process.execve()` that fails',
      words: {
        'node@20': '—',
        'node@22': 'the process is aborted',
        'node@24': 'the process is aborted',
        'node@26': 'throws',
        bun: 'throws',
        deno: '—',
      },
      instead: 'look whether the file can be executed first',
    },
    {
      what: '`process.execve()` in a worker',
      program: js`
        if (process.execve === undefined) say('—');
        else if (isMainThread) thread().on('message', say);
        else {
          try { process.execve('/bin/sh', ['sh', '-c', 'exit 3']); } catch (error) { parentPort.postMessage('throws ' + error.code); }
        }`,
      cell: ({ stdout, ...ended }) => (stdout === '' ? `the process ends: ${endOf(ended)}` : stdout.trim()),
      instead: 'for the main thread alone',
    },
    {
      what: "`new Worker()` inside the main thread's `'exit'`: whether it runs",
      program: js`
        if (isMainThread) {
          process.on('exit', () => {
            const runs = new Int32Array(new SharedArrayBuffer(4));
            thread(runs);
            Atomics.wait(runs, 0, 0, 5000);
          });
        } else {
          say('runs');
          Atomics.store(workerData, 0, 1);
          Atomics.notify(workerData, 0);
        }`,
      cell: ({ stdout }) => (stdout === '' ? 'does not run' : 'runs'),
      instead: 'it runs, and can use the machine while the main thread blocks; do not count on an answer by event',
    },
    {
      what: '`node --test`, a file calls `process.exit(0)` before its test has run: how the file counts',
      program: js`
        const { stdout, status } = children.spawnSync(process.execPath, ['--test', 'exits.mjs'], { encoding: 'utf8' });
        say((/^. pass 1$/m.test(stdout) ? 'passed' : 'not passed') + ', exit code ' + status);`,
      files: {
        'exits.mjs': js`
          import test from 'node:test';
          test('fails', async () => { throw new Error('fails'); });
          process.exit(0);`,
      },
      words: { bun: '—', deno: '—' },
      instead: 'let no file that tests import call `process.exit()`; count the tests',
    },
    {
      what: 'the same with `--test-isolation=none`: what is printed',
      program: js`
        const { stdout, stderr, status } = children.spawnSync(process.execPath, ['--test', '--test-isolation=none', 'exits.mjs'], { encoding: 'utf8' });
        say(status === 9 ? '—' : (stdout.trim() === '' ? 'nothing' : 'a report') + ', exit code ' + status);`,
      files: {
        'exits.mjs': js`
          import test from 'node:test';
          test('fails', async () => { throw new Error('fails'); });
          process.exit(0);`,
      },
      words: { bun: '—', deno: '—' },
      instead: 'as above: CI is green, and nothing was tested',
    },
    {
      what: 'permission model without `--allow-worker`: `new Worker()`',
      program: js`try { new Worker('', { eval: true }); say('works'); } catch (error) { say('throws ' + error.code); }`,
      options: (runtime) =>
        runtime === 'node@20'
          ? ['--experimental-permission', '--allow-fs-read=*']
          : ['--permission', '--allow-fs-read=*'],
      words: { bun: '—', deno: '—' },
      instead: 'grant `--allow-worker`, or make no worker; ask `process.permission.has("worker")`',
    },
    {
      what: 'the same: `new Piscina({ minThreads: 0 })`, and its first `run()`',
      program: js`
        const { Piscina } = await import('piscina');
        const pool = new Piscina({ filename: new URL('task.mjs', import.meta.url).href, minThreads: 0 });
        fs.writeSync(1, 'made, ');
        await pool.run(1).then(say, (error) => say('rejected ' + error.code));
        process.exit();`,
      files: { 'task.mjs': 'export default (n) => n;' },
      options: (runtime) =>
        runtime === 'node@20'
          ? ['--experimental-permission', '--allow-fs-read=*']
          : ['--permission', '--allow-fs-read=*'],
      cell: ({ stdout, stderr, ...ended }) =>
        `${stdout.trim().replace(/,$/, '')}${stdout.endsWith('\n') ? '' : `, then the process ends: ${endOf(ended)}`}`,
      words: { bun: '—', deno: '—' },
      instead: 'run one task where the program starts, so that it fails there',
    },
  ],
};
