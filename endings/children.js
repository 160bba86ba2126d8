import { js } from './program.js';

const fate = (end) => js`
  const alive = (pid) => { try { process.kill(pid, 0); return !fs.readFileSync('/proc/' + pid + '/stat', 'utf8').includes(') Z'); } catch { return false; } };
  if (isMainThread) {
    const worker = thread();
    const [pid] = await once(worker, 'message');
    ${end}
    await sleep(300);
    say(alive(pid) ? 'lives on' : 'ends');
    if (alive(pid)) process.kill(pid, 'SIGKILL');
    process.exit();
  } else {
    const child = children.spawn('sleep', ['5'], { stdio: 'ignore' });
    child.once('spawn', () => parentPort.postMessage(child.pid));
    parentPort.once('message', () => process.exit());
  }`;

export default {
  name: 'children',
  title: 'Child processes',
  rows: [
    {
      what: 'a child process of a worker that is terminated',
      program: fate('await worker.terminate();'),
      instead: 'a handler that ends it, and waits for its `exit`',
    },
    {
      what: 'a child process of a worker that calls `process.exit()`',
      program: fate("worker.postMessage('exit'); await once(worker, 'exit');"),
      instead: 'as above',
    },
    {
      what: 'a child process of a main thread that calls `process.exit()`',
      program: js`
        const child = children.spawn('sh', ['-c', 'sleep 0.5; echo lives > out'], { stdio: 'ignore' });
        child.once('spawn', () => process.exit());`,
      cell: ({ read }) => (read('out') ? 'lives on' : 'ends'),
      after: 1000,
      instead: 'as above',
    },
    {
      what: 'a child with `spawn({ timeout: 300 })` in a worker that is terminated before: whether the limit holds',
      program: js`
        const alive = (pid) => { try { process.kill(pid, 0); return !fs.readFileSync('/proc/' + pid + '/stat', 'utf8').includes(') Z'); } catch { return false; } };
        if (isMainThread) {
          const worker = thread();
          const [pid] = await once(worker, 'message');
          await worker.terminate();
          await sleep(1000);
          say(alive(pid) ? 'no: it lives on' : 'yes');
          if (alive(pid)) process.kill(pid, 'SIGKILL');
          process.exit();
        } else {
          const child = children.spawn('sleep', ['5'], { stdio: 'ignore', timeout: 300 });
          child.once('spawn', () => parentPort.postMessage(child.pid));
        }`,
      instead: 'the limit is a timer of the thread: `timeout 10 command` has one of its own',
    },
    {
      what: 'a child that has exited, of a worker that is terminated in the same moment: a zombie?',
      program: js`
        if (isMainThread) {
          const worker = thread();
          const [pid] = await once(worker, 'message');
          await worker.terminate();
          await sleep(500);
          let state = 'no';
          try { if (fs.readFileSync('/proc/' + pid + '/stat', 'utf8').includes(') Z')) state = 'yes'; } catch {}
          say(state);
          process.exit();
        } else {
          const child = children.spawn('sleep', ['0.2'], { stdio: 'ignore' });
          child.once('spawn', () => {
            parentPort.postMessage(child.pid);
            for (const end = Date.now() + 5000; Date.now() < end; );
          });
        }`,
      instead: 'a program that lives long ends its children before the thread that waits for them',
    },
  ],
};
