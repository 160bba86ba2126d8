import { js } from './program.js';

const kept =
  (all) =>
  ({ lines }) => {
    const n = lines.filter((line) => line.startsWith('x')).length;
    return n === all ? 'all' : n === 0 ? 'none' : 'some';
  };

const written =
  (name, size) =>
  ({ read }) => {
    const text = read(name);
    return text === undefined
      ? 'no file'
      : text.length === size
        ? 'complete'
        : text.length === 0
          ? 'an empty file'
          : 'a part';
  };

/** Bun's thread pool is at it when the process ends, and nobody waits for that. */
const BUNS_RACE = { bun: ['complete', 'an empty file', 'no file'] };

export default {
  name: 'output',
  title: 'Output',
  rows: [
    {
      what: 'a worker calls `console.log()` 100 times, then `process.exit()`: what arrives',
      program: js`
        if (isMainThread) thread();
        else {
          for (let i = 0; i < 100; i++) console.log('x' + i);
          process.exit();
        }`,
      cell: kept(100),
      instead: 'let a worker end by itself, or end it by `exit()` of this library',
    },
    {
      what: 'a worker calls `console.log()` 100 times, and the main thread `process.exit()` when it hears of it',
      program: js`
        if (isMainThread) {
          const flag = new Int32Array(new SharedArrayBuffer(4));
          thread(flag);
          await sleep(500);
          while (Atomics.load(flag, 0) === 0);
          process.exit();
        } else {
          setTimeout(() => {
            for (let i = 0; i < 100; i++) console.log('x' + i);
            Atomics.store(workerData, 0, 1);
          }, 700);
        }`,
      cell: kept(100),
      instead:
        "a worker's lines pass through the main thread's event loop, which no longer turns: `fs.writeSync(1, …)`, or `exit()`",
    },
    {
      what: 'the same with `fs.writeSync(1, …)`',
      program: js`
        if (isMainThread) {
          const flag = new Int32Array(new SharedArrayBuffer(4));
          thread(flag);
          await sleep(500);
          while (Atomics.load(flag, 0) === 0);
          process.exit();
        } else {
          setTimeout(() => {
            for (let i = 0; i < 100; i++) say('x' + i);
            Atomics.store(workerData, 0, 1);
          }, 700);
        }`,
      cell: kept(100),
      instead: 'mind short writes and `EAGAIN` where the descriptor is a pipe that is not read',
    },
    {
      what: '`process.stdout.write()` of 4 MB to a pipe, then `process.exit()`: what the reader gets',
      program: js`process.stdout.write('x'.repeat(4 * 1024 * 1024)); process.exit();`,
      cell: ({ stdout }) => (stdout.length === 4 * 1024 * 1024 ? 'all' : 'a part'),
      instead: 'wait for the callback of `write()` before you exit',
    },
    {
      what: "the same from `process.on('exit')`",
      program: js`process.on('exit', () => process.stdout.write('x'.repeat(4 * 1024 * 1024)));`,
      cell: ({ stdout }) => (stdout.length === 4 * 1024 * 1024 ? 'all' : 'a part'),
      instead: 'as above',
    },
    {
      what: '`fs.writeFile(callback)` of 1 MB, then `process.exit()`: the file',
      program: js`fs.writeFile('out', 'x'.repeat(1024 * 1024), () => {}); process.exit();`,
      cell: written('out', 1024 * 1024),
      races: BUNS_RACE,
      words: { deno: 'an empty file, or none' },
      instead: '`writeFileSync()` beside the file, then `rename`: what was there is gone otherwise',
    },
    {
      what: '`fs.promises.writeFile()`, likewise',
      program: js`fs.promises.writeFile('out', 'x'.repeat(1024 * 1024)); process.exit();`,
      cell: written('out', 1024 * 1024),
      races: BUNS_RACE,
      words: { deno: 'an empty file, or none' },
      instead: 'await it in a handler, and end by `exit()`',
    },
    {
      what: '`fs.writeFile(callback)` with `flush: true`, likewise',
      program: js`fs.writeFile('out', 'x'.repeat(1024 * 1024), { flush: true }, () => {}); process.exit();`,
      cell: written('out', 1024 * 1024),
      races: BUNS_RACE,
      words: { deno: 'an empty file, or none' },
      instead: 'as above: `flush` says nothing about an end that does not wait',
    },
    {
      what: '`fs.createWriteStream().write()`, likewise',
      program: js`fs.createWriteStream('out').write('x'.repeat(1024 * 1024)); process.exit();`,
      cell: written('out', 1024 * 1024),
      instead: '`stream.end()` and its `finish` event before you exit',
    },
    {
      what: '`fs.writeFile(callback)` in a worker that is terminated in the same moment',
      program: js`
        if (isMainThread) {
          const worker = thread();
          await once(worker, 'message');
          await worker.terminate();
        } else {
          fs.writeFile('out', 'x'.repeat(1024 * 1024), () => {});
          parentPort.postMessage('written');
          for (const end = Date.now() + 5000; Date.now() < end; );
        }`,
      cell: written('out', 1024 * 1024),
      // What the thread pool has not begun is called off.
      races: {
        'node@20': ['an empty file', 'no file'],
        'node@22': ['an empty file', 'no file'],
        'node@24': ['an empty file', 'no file'],
        'node@26': ['complete', 'no file'],
        ...BUNS_RACE,
      },
      instead: '`registerWorker(worker)`: `terminate()` then lets the worker finish first',
    },
    {
      what: '`fs.appendFile(callback)` of ten lines, one call each, then `process.exit()`: lines in the file',
      program: js`for (let i = 0; i < 10; i++) fs.appendFile('out', 'x\n', () => {}); process.exit();`,
      cell: ({ read }) => {
        const n = (read('out') ?? '').length / 2;
        return n === 10 ? 'ten' : n === 0 ? 'none' : 'some';
      },
      races: { bun: ['none', 'some', 'ten'] },
      instead: 'one write at a time, awaited',
    },
  ],
};
