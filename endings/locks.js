import { js } from './program.js';

const webLock = (end, live) => js`
  if (isMainThread) {
    const worker = thread();
    const [state] = await once(worker, 'message');
    if (state === '—') { say('—'); process.exit(); }
    ${end}
    let got = 'held';
    for (let i = 0; i < 20 && got === 'held'; i++) {
      await sleep(50);
      got = await navigator.locks.request('mine', { ifAvailable: true }, (lock) => (lock === null ? 'held' : 'released'));
    }
    say(got);
    process.exit();
  } else if (globalThis.navigator?.locks === undefined) parentPort.postMessage('—');
  else {
    navigator.locks.request('mine', () => { parentPort.postMessage('has'); return new Promise(() => {}); });
    ${live}
  }`;

export default {
  name: 'locks',
  title: 'Locks',
  rows: [
    {
      what: 'a Web Lock of a worker that is terminated',
      program: webLock('await worker.terminate();', 'setInterval(() => {}, 1000);'),
      instead: 'released, where there are any',
    },
    {
      what: 'a Web Lock of a worker that calls `process.exit()`',
      program: webLock("await once(worker, 'exit');", 'setTimeout(() => process.exit(), 100);'),
      instead: 'likewise',
    },
    {
      what: 'the main thread waits for that lock when its worker is terminated: whether it gets it within 1 s',
      program: js`
        if (isMainThread) {
          const worker = thread();
          const [state] = await once(worker, 'message');
          if (state === '—') { say('—'); process.exit(); }
          const got = navigator.locks.request('mine', () => 'yes');
          await sleep(100);
          await worker.terminate();
          say(await Promise.race([got, sleep(1000, 'no')]));
          process.exit();
        } else if (globalThis.navigator?.locks === undefined) parentPort.postMessage('—');
        else {
          navigator.locks.request('mine', () => { parentPort.postMessage('has'); return new Promise(() => {}); });
          setInterval(() => {}, 1000);
        }`,
      instead: 'ask again with `ifAvailable`, on a timer',
    },
    {
      what: 'another worker waits for it instead: whether it gets it within 1 s',
      program: js`
        if (isMainThread) {
          const holder = thread('holder');
          const [state] = await once(holder, 'message');
          if (state === '—') { say('—'); process.exit(); }
          const waiter = thread('waiter');
          await once(waiter, 'message');
          await sleep(100);
          const got = once(waiter, 'message').then(() => 'yes');
          await holder.terminate();
          say(await Promise.race([got, sleep(1000, 'no')]));
          process.exit();
        } else if (globalThis.navigator?.locks === undefined) parentPort.postMessage('—');
        else {
          if (workerData === 'waiter') parentPort.postMessage('waits');
          navigator.locks.request('mine', () => { parentPort.postMessage('has'); return new Promise(() => {}); });
          setInterval(() => {}, 1000);
        }`,
      instead: 'as above',
    },
    {
      what: 'a lock of one’s own in a SharedArrayBuffer, held by a worker that is terminated',
      program: js`
        if (isMainThread) {
          const cells = new Int32Array(new SharedArrayBuffer(4));
          const worker = thread(cells);
          await once(worker, 'message');
          await worker.terminate();
          say(Atomics.load(cells, 0) === 1 ? 'held for ever' : 'released');
          process.exit();
        } else {
          Atomics.store(workerData, 0, 1);
          parentPort.postMessage('has');
          setInterval(() => {}, 1000);
        }`,
      instead: 'put the holder’s thread id into the cell, and take it back when that worker’s `exit` is heard',
    },
    {
      what: 'the main thread is in `Atomics.waitAsync()` for a worker that is terminated',
      program: js`
        if (isMainThread) {
          const cells = new Int32Array(new SharedArrayBuffer(4));
          const worker = thread(cells);
          await once(worker, 'message');
          const { value } = Atomics.waitAsync(cells, 0, 0);
          await worker.terminate();
          say(await Promise.race([value, sleep(500, 'waits for ever')]));
          process.exit();
        } else {
          parentPort.postMessage('has');
          setInterval(() => {}, 1000);
        }`,
      instead: 'a timeout, always: nobody wakes who waits for a thread that is gone',
    },
    {
      what: 'the main thread waits for a lock in `Atomics.wait()` inside `exit` while the worker that would wake it starts',
      program: js`
        if (isMainThread) {
          const cells = new Int32Array(new SharedArrayBuffer(4));
          process.on('exit', () => {
            thread(cells);
            say(Atomics.wait(cells, 0, 0, 3000));
          });
        } else {
          Atomics.store(workerData, 0, 1);
          Atomics.notify(workerData, 0);
        }`,
      cell: ({ stdout }) => ({ ok: 'woken', 'timed-out': 'not woken' })[stdout.trim()] ?? stdout,
      instead: 'threads go on, and start, while the main thread blocks in `exit`',
    },
  ],
};
