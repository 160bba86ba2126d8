// Workers in all kinds of situations.   node workers.js DIR SITUATION
// A worker runs this file, too, with the situation's worker function. What a thread does it writes to DIR/log.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, postMessageToThread, threadId, Worker, workerData } from 'node:worker_threads';
import * as atexit from 'worker-atexit';

/** As the platform ends it: its own `terminate()` lets it clean up first. */
const endAtOnce = (worker) => Worker.prototype.terminate.call(worker);

const [dir, situation] = process.argv.slice(2);
const log = (text) => fs.appendFileSync(path.join(dir, 'log'), `${text}\n`);
const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const never = () => new Promise(() => {});
/** The same in every thread: ms, what fits into a cell for a day. */
const clock = () => Date.now() % 86_400_000;
const file = fileURLToPath(import.meta.url);

/** A cell that a worker sets when it has come so far, whether or not anybody's event loop turns. */
const gate = workerData?.gate ?? new Int32Array(new SharedArrayBuffer(4));
const open = () => {
  Atomics.add(gate, 0, 1);
  Atomics.notify(gate, 0);
};
const waitForGate = (count = 1) => {
  while (Atomics.load(gate, 0) < count) Atomics.wait(gate, 0, Atomics.load(gate, 0), 10_000);
};

const spawn = (role, options = {}) =>
  new Worker(file, { argv: [dir, situation], workerData: { gate, role }, ...options });
/** A worker that has said that it is ready. Its link may have come with the same turn of the event loop. */
const ready = (role, options) =>
  new Promise((resolve) => {
    const worker = spawn(role, options);
    worker.once('message', () => setImmediate(resolve, worker));
  });
const stay = () => {
  parentPort.on('message', () => {});
  parentPort.postMessage('ready');
};
const cleanUp = () =>
  atexit.register(async function cleanUp() {
    await sleep(10);
    log(`worker ${threadId}`);
  });
const onReport = (report) => {
  const of = ({ status, diagnosis = '', handlers }) =>
    [
      status,
      ...handlers.map(
        ({ name, error, unfinished }) =>
          `${name}${error ? ` ${error.name}: ${error.message}` : unfinished ? ' unfinished' : ''}`,
      ),
      diagnosis,
    ]
      .join(' ')
      .trim();
  for (const worker of report.workers) log(`${worker.name}: ${of(worker)}`);
};
const main = (options) => {
  atexit.configure({ syncTimeout: 5000, onReport, ...options });
  atexit.register(() => log('main'));
};
/** Handlers behind one that hangs: each leaves more time for the ack. */
const behind = () => {
  for (let n = 0; n < 5; n++) atexit.register(function behind() {});
};
const crash = () => {
  throw new Error('a crash');
};
const routes = { exit: () => atexit.exit(3), 'process.exit': () => process.exit(3), crash };

/** The link cannot have been delivered: the main thread's event loop has not turned since the worker registered. */
const undelivered = (route) => ({
  main() {
    main();
    spawn('worker');
    waitForGate();
    routes[route]();
  },
  worker() {
    cleanUp();
    open();
    setInterval(() => {}, 1000);
  },
});

/** Workers that are terminated before the main thread's event loop turns, and long forgotten when that ends. */
const longGone = (route) => ({
  async main() {
    main();
    const exits = [1, 2, 3].map((count) => {
      const worker = spawn('worker');
      waitForGate(count);
      worker.terminate();
      return new Promise((resolve) => worker.once('exit', resolve));
    });
    // Node drops what nobody has read once its sender is gone.
    block(500);
    await Promise.all(exits);
    for (let n = 0; n < 14; n++) await new Promise((resolve) => new Worker('', { eval: true }).once('exit', resolve));
    routes[route]();
  },
  worker() {
    cleanUp();
    open();
    block(10_000);
  },
});

/** A worker that ends by itself while the main thread does not look. */
const unheard = (isDelivered) => ({
  async main() {
    main();
    const worker = spawn('worker');
    if (isDelivered) await new Promise((resolve) => worker.once('message', resolve));
    if (isDelivered) await sleep(50);
    open();
    // It is through when its handler has run.
    Atomics.wait(gate, 0, 1, 10_000);
    block(100);
    process.exit(0);
  },
  worker() {
    atexit.register(function fails() {
      throw new Error('unheard');
    });
    atexit.register(open);
    parentPort.postMessage('ready');
    const timer = setInterval(() => {
      if (Atomics.load(gate, 0) > 0) clearInterval(timer);
    }, 2);
  },
});

/** A worker that is gone when the main thread's event loop takes its link. */
const goneFirst = (end) => ({
  main() {
    main();
    spawn('worker').on('error', () => {});
    waitForGate();
    block(100);
  },
  worker() {
    atexit.register(function fails() {
      throw new Error('unheard');
    });
    atexit.register(open);
    end();
  },
});

/** A thread that ends by itself tells those that are below a blocked worker of its own. */
const blockedChild = (route) => ({
  async main() {
    main({ timeout: 2000, syncTimeout: 2000 });
    const worker = spawn('parent');
    await new Promise((resolve) => worker.once('exit', resolve));
    process.exit(3);
  },
  async parent() {
    await ready('blocked');
    waitForGate();
    routes[route]();
  },
  async blocked() {
    cleanUp();
    await ready('child');
    stay();
    setTimeout(() => {
      open();
      block(60_000);
    }, 10);
  },
  child() {
    cleanUp();
    stay();
  },
});

/** A parent that is blocked does not relay the order; its child acts on the flag. */
const blockedParent = (route) => ({
  async main() {
    main({ timeout: 4000, syncTimeout: 3000 });
    await ready('parent');
    waitForGate(2);
    routes[route]();
  },
  async parent() {
    cleanUp();
    await ready('child');
    parentPort.postMessage('ready');
    await sleep(20);
    open();
    block(60_000);
  },
  child() {
    cleanUp();
    open();
    stay();
  },
});

const situations = {
  'undelivered, process.exit()': undelivered('process.exit'),
  'undelivered, exit()': undelivered('exit'),
  'undelivered, crash': undelivered('crash'),
  'long gone, process.exit()': longGone('process.exit'),
  'long gone, exit()': longGone('exit'),
  'a failure that has not been heard of, undelivered': unheard(false),
  'a failure that has not been heard of, delivered': unheard(true),
  'gone first, by itself': goneFirst(() => {}),
  'gone first, process.exit()': goneFirst(() => process.exit()),
  'gone first, crash': goneFirst(crash),
  'gone first, and had printed': {
    main() {
      main();
      spawn('busy');
      waitForGate();
      atexit.exit(3);
      block(300);
    },
    busy() {
      atexit.register(function prints() {
        console.log('printed');
        console.error('and this');
      });
      open();
      while (!atexit.isShuttingDown());
    },
  },
  'gone first, and nobody looks': {
    main() {
      main();
      const ended = new Int32Array(new SharedArrayBuffer(4));
      new Worker(file, { argv: [dir, situation], workerData: { gate: ended, role: 'worker' } });
      log(Atomics.wait(ended, 0, 0, 4000));
    },
    worker() {
      atexit.register(() => log(`worker ${threadId}`));
      process.on('exit', open);
    },
  },
  'undelivered, and a handler loops after another has printed': {
    main() {
      main({ timeout: 1500 });
      spawn('worker');
      waitForGate();
      atexit.exit(3);
      block(300);
    },
    worker() {
      atexit.register(function loops() {
        for (;;);
      });
      atexit.register(() => console.log('printed'));
      open();
      while (!atexit.isShuttingDown());
    },
  },
  'undelivered, and a handler exits after another has failed': {
    main() {
      main();
      spawn('worker');
      waitForGate();
      atexit.exit(3);
      block(600);
    },
    worker() {
      process.on('exit', () => console.log('printed in the end'));
      atexit.register(() => process.exit(0));
      atexit.register(function fails() {
        console.log('printed');
        throw new Error('unheard');
      });
      open();
      while (!atexit.isShuttingDown());
    },
  },
  'undelivered, and it registers when its handlers are through': {
    main() {
      main();
      spawn('worker');
      waitForGate();
      atexit.exit(3);
      block(500);
    },
    worker() {
      setInterval(() => {}, 1000);
      atexit.register(() => {
        log('first');
        setTimeout(() => atexit.register(() => log('late')), 50);
      });
      open();
      while (!atexit.isShuttingDown());
    },
  },
  'a handler that makes a worker and awaits its end': {
    async main() {
      main();
      const link = atexit.registerWorker(await ready('parent'), { timeout: 3000 });
      const { status, diagnosis = '' } = await link.shutdown();
      log(`${status} ${diagnosis}`.trim());
    },
    parent() {
      atexit.register(async () => {
        const child = spawn('child');
        await new Promise((resolve) => child.once('exit', resolve));
        log('worker 1');
      });
      stay();
    },
    child() {
      const timer = setInterval(() => {}, 1000);
      atexit.register(() => log('worker 2'));
      atexit.shutdownSignal.addEventListener('abort', () => clearInterval(timer));
    },
  },
  'ended alone, and then with the process': {
    async main() {
      main({ syncTimeout: 600 });
      atexit.registerWorker(await ready('worker')).shutdown();
      await sleep(20);
      process.exit(3);
    },
    worker() {
      cleanUp();
      atexit.register(never);
      stay();
    },
  },
  'registering right after a shutdown': {
    async main() {
      const workers = await Promise.all(Array.from({ length: 8 }, () => ready('worker')));
      await sleep(20);
      await atexit.shutdown();
      const again = workers.map((worker) => new Promise((resolve) => worker.once('message', resolve)));
      for (const worker of workers) worker.postMessage('again');
      await Promise.all(again);
      const { workers: reports } = await atexit.shutdown();
      log(`${reports.filter(({ handlers }) => handlers.length === 1).length} of 8`);
      process.exit(0);
    },
    worker() {
      atexit.register(() => {});
      stay();
      parentPort.on('message', () => {
        atexit.register(() => {});
        parentPort.postMessage('registered');
      });
    },
  },
  'blocked parent, process.exit()': blockedParent('process.exit'),
  'blocked parent, exit()': blockedParent('exit'),
  'silent workers': {
    async main() {
      main({ timeout: 2400 });
      await Promise.all([
        ready('clean'),
        ready('busy'),
        ready('waits'),
        ready('hangs'),
        ready('throws'),
        ready('loops'),
      ]);
      // Those that block do so by now.
      while (Atomics.load(gate, 0) < 2) await sleep(2);
      atexit.exit(0);
    },
    clean() {
      cleanUp();
      stay();
    },
    busy() {
      cleanUp();
      stay();
      setTimeout(() => {
        open();
        for (;;);
      }, 10);
    },
    waits() {
      cleanUp();
      stay();
      setTimeout(() => {
        open();
        block(60_000);
      }, 10);
    },
    hangs() {
      behind();
      atexit.register(never);
      stay();
    },
    throws() {
      atexit.register(function before() {
        log('before');
      });
      atexit.register(function fails() {
        throw new RangeError('worker');
      });
      atexit.register(() => {
        throw { what: () => {} };
      });
      stay();
    },
    loops() {
      atexit.register(function wrong() {});
      atexit.register(function loops() {
        for (;;);
      });
      atexit.register(function first() {});
      stay();
    },
  },
  'dying workers': {
    async main() {
      main();
      const ended = (role) =>
        new Promise((resolve) => {
          const worker = spawn(role);
          worker.on('error', () => {});
          worker.once('exit', resolve);
        });
      await Promise.all(['exits', 'crashes'].map(ended));
      const oom = await ready('oom', { resourceLimits: { maxOldGenerationSizeMb: 16 } });
      oom.on('error', () => {});
      const victim = await ready('victim');
      await ready('exitsLater');
      setTimeout(() => endAtOnce(victim), 50);
      atexit.exit(0);
    },
    exits() {
      atexit.register(() => log('exits'));
      setTimeout(() => process.exit(5), 10);
    },
    crashes() {
      atexit.register(() => log('crashes'));
      setTimeout(crash, 10);
    },
    oom() {
      atexit.register(function eats() {
        const food = [];
        for (;;) food.push(new Array(1e5).fill({}));
      });
      stay();
    },
    victim() {
      atexit.register(never);
      stay();
    },
    exitsLater() {
      atexit.register(() => log('after'));
      atexit.register(function exits() {
        process.exit(4);
      });
      stay();
    },
  },
  'workers that end by themselves': {
    main() {
      main();
      spawn('short');
      spawn('fails');
    },
    short() {
      cleanUp();
    },
    fails() {
      atexit.register(function fails() {
        throw new Error('by itself');
      });
    },
  },
  'nothing keeps the process alive': {
    async main() {
      main();
      const worker = await ready('idle');
      worker.unref();
    },
    idle() {
      cleanUp();
      stay();
    },
  },
  'workers of somebody else': {
    async main() {
      const stranger = new Worker(
        'require("worker_threads").parentPort.on("message", () => {}); setInterval(() => {}, 100)',
        { eval: true },
      );
      stranger.once('exit', () => log('the stranger is gone'));
      main();
      await ready('ours');
      await atexit.shutdown();
      await sleep(50);
      log(`the stranger runs: ${stranger.threadId > 0}`);
      process.exit();
    },
    ours() {
      cleanUp();
      stay();
    },
  },
  'a failure in the shutdown before': {
    async main() {
      const workers = await Promise.all([ready('fails'), ready('fails')]);
      for (const worker of workers) worker.unref();
      await atexit.shutdown();
      main();
      await atexit.exit(0);
    },
    fails() {
      atexit.register(function fails() {
        throw new Error('once');
      });
      stay();
    },
  },
  'living on': {
    async main() {
      main();
      const worker = await ready('survivor');
      for (const round of [1, 2]) {
        await atexit.shutdown();
        log(`round ${round} is over`);
        worker.postMessage('again');
        await new Promise((resolve) => worker.once('message', resolve));
      }
      worker.unref();
    },
    survivor() {
      const { shutdownSignal } = atexit;
      const again = () =>
        atexit.register(() => log(`survivor ${atexit.isShuttingDown()} ${atexit.shutdownSignal.aborted}`));
      again();
      parentPort.on('message', async () => {
        // The news that all is over may come a little later than the message.
        while (atexit.isShuttingDown()) await sleep(1);
        log(`renewed: ${!atexit.shutdownSignal.aborted && atexit.shutdownSignal !== shutdownSignal}`);
        again();
        parentPort.postMessage('registered');
      });
      parentPort.postMessage('ready');
    },
  },
  'registered workers': {
    async main() {
      main();
      const named = atexit.registerWorker.bind(undefined);
      const [clean, slow, unlinked, dropped] = await Promise.all([
        ready('clean'),
        ready('slow'),
        ready('unlinked'),
        ready('unlinked'),
      ]);
      named(clean, { name: 'clean' });
      named(slow, { name: 'slow', timeout: 2000 });
      named(unlinked, { name: 'unlinked' });
      named(dropped, { name: 'dropped' }).unregister();
      const report = await atexit.shutdown();
      log(`ok ${report.ok}; ended: ${[clean, slow, unlinked, dropped].map((worker) => worker.threadId === -1)}`);
      process.exit(0);
    },
    clean() {
      cleanUp();
      stay();
    },
    slow() {
      behind();
      atexit.register(never);
      stay();
    },
    unlinked: stay,
  },
  'a worker that exits right after its own worker has registered': {
    main() {
      main();
      spawn('parent').once('exit', (code) => log(`exit code ${code}`));
    },
    parent() {
      atexit.register(() => log(`worker ${threadId}`));
      spawn('child');
      waitForGate();
      process.exit(4);
    },
    child() {
      cleanUp();
      open();
      setInterval(() => {}, 1000);
    },
  },
  'a worker that registers when all was done, and the loop has new work': {
    main() {
      main({
        onReport({ workers }) {
          log(`over: ${workers.map(({ status }) => status)}`);
          open();
        },
      });
      atexit.register(() => {
        const timer = setInterval(() => {
          if (Atomics.load(gate, 0) < 2) return;
          clearInterval(timer);
          log('empty again');
        }, 2);
      });
      spawn('late').unref();
    },
    late() {
      const timer = setInterval(() => {
        if (Atomics.load(gate, 0) === 0) return;
        clearInterval(timer);
        cleanUp();
        open();
      }, 2);
      setInterval(() => {}, 1000);
    },
  },
  'a busy worker with a handler that hangs': {
    async main() {
      main({ timeout: 4000 });
      await ready('busy');
      atexit.exit(3);
    },
    busy() {
      behind();
      cleanUp();
      atexit.register(never);
      stay();
      // Longer than the time that is left for the ack: it would come too late, were this not subtracted.
      block(1500);
    },
  },
  'a worker that exits in the middle of its order': {
    async main() {
      main({ syncTimeout: 4000 });
      await ready('parent');
      process.exit(3);
    },
    async parent() {
      atexit.register(() => log(`worker ${threadId}`));
      atexit.onDrain(function exits() {
        process.exit(4);
      });
      await ready('blocked');
      while (Atomics.load(gate, 0) === 0) await sleep(2);
      stay();
    },
    blocked() {
      cleanUp();
      stay();
      setTimeout(() => {
        open();
        block(60_000);
      }, 10);
    },
  },
  'a worker that ends above a blocked one, process.exit()': blockedChild('process.exit'),
  'a worker that ends above a blocked one, exit()': blockedChild('exit'),
  'a worker that hangs when its own are gone': {
    async main() {
      main({ timeout: 2000 });
      await ready('parent');
      atexit.exit(3);
    },
    async parent() {
      const gone = [];
      const child = async (role) => {
        const worker = await ready(role);
        gone.push(new Promise((resolve) => worker.once('exit', resolve)));
        return worker;
      };
      atexit.register(function hangs() {
        block(60_000);
      });
      atexit.register(async function waits() {
        await Promise.all(gone);
      });
      await child('exits');
      const terminated = await child('terminated');
      atexit.shutdownSignal.addEventListener('abort', () => void endAtOnce(terminated));
      stay();
    },
    exits() {
      atexit.register(() => log(`worker ${threadId}`));
      atexit.register(function exits() {
        process.exit(0);
      });
      stay();
    },
    terminated() {
      atexit.register(never);
      stay();
    },
  },
  'undelivered grandchild': {
    async main() {
      main();
      await ready('parent');
      waitForGate();
      process.exit(3);
    },
    parent() {
      cleanUp();
      stay();
      // Its link passes through the main thread's event loop, which does not turn any more.
      setTimeout(() => spawn('child'), 50);
    },
    child() {
      cleanUp();
      open();
      setInterval(() => {}, 1000);
    },
  },
  'a parent that blocks while it drains': {
    async main() {
      main({ timeout: 4000 });
      await ready('parent');
      atexit.exit(3);
    },
    async parent() {
      atexit.onDrain(() => block(60_000));
      await ready('child');
      stay();
    },
    child() {
      cleanUp();
      stay();
    },
  },
  'a parent that drains': {
    async main() {
      main();
      await ready('parent');
      Atomics.store(gate, 0, clock());
      atexit.exit(3);
    },
    async parent() {
      // Longer than a worker waits for an order of a parent that is blocked.
      atexit.onDrain(async function drains() {
        let last = clock();
        const late = last - Atomics.load(gate, 0);
        let longest = 0;
        const look = () => {
          longest = Math.max(longest, clock() - last);
          last = clock();
        };
        const timer = setInterval(look, 10);
        await sleep(150);
        look();
        clearInterval(timer);
        log(`drained ${late + longest}`);
      });
      await ready('child');
      stay();
    },
    child() {
      cleanUp();
      stay();
    },
  },
  'main only imports': {
    async main() {
      spawn('worker');
      await new Promise(setImmediate);
      waitForGate();
      process.exit(3);
    },
    worker() {
      cleanUp();
      open();
      setInterval(() => {}, 1000);
    },
  },
  'a worker that is lost while the others drain': {
    async main() {
      main();
      const worker = await ready('worker');
      atexit.onDrain(() => endAtOnce(worker));
      atexit.exit(0);
    },
    worker() {
      cleanUp();
      stay();
    },
  },
  settings: {
    main() {
      main({ timeout: 500 });
      spawn('hangs');
    },
    hangs() {
      atexit.register(never);
    },
  },
  printing: {
    async main() {
      main();
      await ready('prints');
      process.exit(3);
    },
    prints() {
      atexit.register(function prints() {
        process.stdout.write(`${'x'.repeat(200_000)}\n`);
        process.stdout.write('6869', 'hex');
        process.stdout.write(Buffer.from('\n'), () => {});
        process.stderr.write('an error\n');
        console.log('the last line');
      });
      stay();
    },
  },
  captured: {
    async main() {
      const worker = await ready('worker', { stdout: true });
      let text = '';
      worker.stdout.on('data', (chunk) => {
        text += chunk;
      });
      atexit.register(() => log(`captured ${JSON.stringify(text)}`));
      atexit.exit(0);
    },
    worker() {
      atexit.register(() => console.log('from the worker'));
      stay();
    },
  },
  'a busy loop that asks': {
    async main() {
      main();
      spawn('busy');
      waitForGate();
      process.exit(3);
    },
    busy() {
      cleanUp();
      open();
      while (!atexit.isShuttingDown());
      log('stopped');
    },
  },
  'a signal that is only listened to': {
    async main() {
      main();
      const worker = await ready('listens');
      atexit.onDrain(() => new Promise((resolve) => worker.once('message', resolve)));
      atexit.exit(3);
    },
    listens() {
      const { shutdownSignal } = atexit;
      shutdownSignal.addEventListener('abort', () => {
        log(`aborted: ${shutdownSignal.reason.route} ${shutdownSignal.reason.exitCode} ${shutdownSignal.reason.name}`);
        parentPort.postMessage('aborted');
      });
      stay();
    },
  },
  'stdout is what the program has made of it': {
    async main() {
      main();
      (await ready('worker')).once('error', ({ message }) => log(message));
      // Long after the first link each thread has prepared itself for the end.
      setTimeout(() => atexit.exit(3), 200);
    },
    worker() {
      const { write } = process.stdout;
      Object.defineProperty(process.stdout, 'write', { value: (...data) => write.apply(process.stdout, data) });
      cleanUp();
      stay();
    },
  },
  'only a grandchild registers anything': {
    async main() {
      await ready('parent');
      process.exit(3);
    },
    parent() {
      spawn('child');
      setTimeout(() => {
        // The link of the child is on its way, and stays there.
        waitForGate();
        parentPort.postMessage('ready');
        block(20_000);
      }, 5);
    },
    child() {
      cleanUp();
      open();
      stay();
    },
  },
  'an exit code that is text': {
    async main() {
      main({ onReport: ({ reason }) => log(`exit code ${JSON.stringify(reason.exitCode)}`) });
      await new Promise((resolve) => spawn('parent').once('exit', resolve));
      process.exit('3');
    },
    async parent() {
      await ready('child');
      process.exit('4');
    },
    child() {
      cleanUp();
      stay();
    },
  },
  'a worker ends itself': {
    async main() {
      main();
      const worker = spawn('own');
      worker.once('exit', (code) => log(`exit code ${code}`));
      worker.on('message', () => {});
    },
    async own() {
      stay();
      try {
        atexit.configure({});
      } catch (error) {
        log(error.code);
      }
      cleanUp();
      log(`ok ${(await atexit.shutdown()).ok}`);
      cleanUp();
      await atexit.exit(6);
    },
  },
  'a worker that starts meanwhile': {
    async main() {
      main();
      atexit.onDrain(() => {
        spawn('late');
        // Until it has registered; its link is on its way.
        return new Promise((resolve) => {
          const timer = setInterval(() => {
            if (Atomics.load(gate, 0) === 0) return;
            clearInterval(timer);
            resolve();
          }, 1);
        });
      });
      atexit.exit(3);
    },
    late() {
      cleanUp();
      open();
      stay();
    },
  },
  'forged links': {
    async main() {
      main();
      const forger = await ready('forger');
      forger.on('message', () => process.exit(3));
      forger.postMessage('go');
    },
    forger() {
      cleanUp();
      setInterval(() => {}, 1000);
      parentPort.once('message', async () => {
        const forge = async (fields) => {
          const { port1, port2 } = new MessageChannel();
          port1.unref();
          await postMessageToThread(0, { 'worker-atexit': 2, slot: 0, port: port2, ...fields }, [port2]);
        };
        await forge({ slot: 7 });
        await forge({ slot: -1 });
        await forge({ 'worker-atexit': 99 });
        await forge({});
        await postMessageToThread(0, { 'worker-atexit': 2, port: 'none' });
        await postMessageToThread(0, 'somebody else’s message').catch(() => {});
        parentPort.postMessage('done');
      });
      parentPort.postMessage('ready');
    },
  },
  takeover: {
    // Workers print while the shutdown is cut short: what they have printed is there, once.
    async main() {
      atexit.configure({ syncTimeout: 10_000 });
      await Promise.all([ready('prints'), ready('prints')]);
      atexit.exit(0);
      setTimeout(() => process.exit(3), 5 + Math.random() * 30);
    },
    prints() {
      atexit.register(async () => {
        for (let line = 0; line < 400; line++) {
          console.log(`${threadId} ${line}`);
          log(`${threadId} ${line}`);
          if (line % 5 === 0) await sleep(1);
        }
        // Where the main thread comes to nothing but to pass these lines on, it is cut short now.
        await sleep(500);
      });
      stay();
    },
  },
};

situations[situation][isMainThread ? 'main' : workerData.role]();
