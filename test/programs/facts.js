// What the library takes for granted of the platform, each fact alone and without the library.   node facts.js 'FACT'
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import threads, {
  BroadcastChannel,
  isMainThread,
  MessageChannel,
  parentPort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from 'node:worker_threads';

const [, file, name] = process.argv;
const say = (...words) => writeSync(1, `${words.map(String).join(' ')}\n`);

/** A worker of this program, which does what the fact `name` has for `role`. */
function startWorker(role, options = {}, more = {}) {
  const { port1, port2 } = new MessageChannel();
  const doorbell = new Int32Array(new SharedArrayBuffer(8));
  const data = { role, port: port2, doorbell, ...more };
  const worker = new Worker(file, { argv: [name], workerData: data, transferList: [port2], ...options });
  return { worker, port: port1, doorbell };
}
const online = (worker) => new Promise((resolve) => worker.once('message', resolve));
const ended = (worker) => new Promise((resolve) => worker.once('exit', resolve));

/** Blocks until the doorbell has rung, or for long enough. */
function awaitRing(doorbell) {
  const outcome = Atomics.wait(doorbell, 0, 0, 5000);
  return outcome !== 'timed-out';
}
const ring = (doorbell) => {
  Atomics.store(doorbell, 0, 1);
  Atomics.notify(doorbell, 0);
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

const facts = {
  "inside 'exit' workers go on running, and their answers can be read": {
    async main() {
      const { worker, port, doorbell } = startWorker('worker');
      await online(worker);
      process.once('exit', () => {
        port.postMessage('order');
        say(awaitRing(doorbell), receiveMessageOnPort(port)?.message);
      });
      process.exit();
    },
    worker({ port, doorbell }) {
      port.on('message', async (message) => {
        // Asynchronous work of a worker finishes, too.
        await turn();
        port.postMessage(`ack of ${message}`);
        ring(doorbell);
      });
      parentPort.postMessage('ready');
    },
    prints: 'true ack of order',
  },

  "a Worker that is made inside 'exit' runs": {
    main() {
      process.once('exit', () => say(awaitRing(startWorker('worker').doorbell)));
    },
    worker: ({ doorbell }) => ring(doorbell),
    prints: 'true',
  },

  "inside 'exit' its idle time is -1 once a worker is gone": {
    async main() {
      const { worker, port, doorbell } = startWorker('worker');
      await online(worker);
      process.once('exit', () => {
        const { idle: before } = worker.performance.eventLoopUtilization();
        port.postMessage('exit');
        awaitRing(doorbell);
        const until = Date.now() + 5000;
        let idle = before;
        while (idle !== -1 && Date.now() < until) {
          Atomics.wait(doorbell, 1, 0, 5);
          ({ idle } = worker.performance.eventLoopUtilization());
        }
        say(before >= 0, idle);
      });
      process.exit();
    },
    worker({ port, doorbell }) {
      port.once('message', () => {
        ring(doorbell);
        process.exit();
      });
      parentPort.postMessage('ready');
    },
    prints: 'true -1',
  },

  "inside 'exit' a channel that is broadcast to can be read": {
    async main() {
      const channel = new BroadcastChannel('facts');
      channel.unref();
      const { worker, port, doorbell } = startWorker('worker');
      await online(worker);
      process.once('exit', () => {
        port.postMessage('broadcast');
        awaitRing(doorbell);
        say(receiveMessageOnPort(channel)?.message);
      });
      process.exit();
    },
    worker({ port, doorbell }) {
      const channel = new BroadcastChannel('facts');
      port.once('message', () => {
        channel.postMessage('heard');
        ring(doorbell);
      });
      parentPort.postMessage('ready');
    },
    prints: 'heard',
  },

  "process.exit() inside 'exit' goes straight to process.reallyExit()": {
    main() {
      const { reallyExit } = process;
      process.reallyExit = (code) => {
        say('wrapped', code);
        reallyExit.call(process, code);
      };
      process.once('exit', () => {
        process.once('exit', () => say('emitted again'));
        process.exit(3);
      });
    },
    prints: 'wrapped 3',
    code: 3,
  },

  "a death by signal calls no 'exit' listener, and one that is raised in process.reallyExit() has called them": {
    main() {
      const { reallyExit } = process;
      process.once('exit', () => say('exit listener'));
      process.reallyExit = () => {
        process.reallyExit = reallyExit;
        process.kill(process.pid, 'SIGTERM');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000);
      };
      process.exit(143);
    },
    prints: 'exit listener',
    signal: 'SIGTERM',
  },

  'what a worker prints passes through the event loop of its parent': {
    async main() {
      const { worker, port, doorbell } = startWorker('worker');
      await online(worker);
      process.once('exit', () => {
        port.postMessage('print');
        say(awaitRing(doorbell));
      });
      process.exit();
    },
    worker({ port, doorbell }) {
      port.once('message', () => {
        console.log('lost');
        ring(doorbell);
      });
      parentPort.postMessage('ready');
    },
    prints: 'true',
  },

  "a worker's stream flows, unless somebody captures it": {
    async main() {
      const piped = startWorker('worker').worker;
      const captured = startWorker('worker', { stdout: true }).worker;
      say(piped.stdout.readableFlowing, captured.stdout.readableFlowing);
      await Promise.all([ended(piped), ended(captured)]);
    },
    worker() {},
    prints: 'true null',
  },

  'environment data are copied when a Worker is made': {
    async main() {
      threads.setEnvironmentData('fact', 'before');
      const { worker } = startWorker('worker');
      threads.setEnvironmentData('fact', 'after');
      say(await online(worker));
    },
    worker: () => parentPort.postMessage(threads.getEnvironmentData('fact')),
    prints: 'before',
  },

  "'worker' hands out every Worker, a tick after it was made": {
    async main() {
      let seen;
      process.on('worker', (worker) => {
        seen = worker;
      });
      const { worker } = startWorker('worker');
      const atOnce = seen !== undefined;
      await new Promise((resolve) => process.nextTick(resolve));
      say(atOnce, seen === worker);
    },
    worker() {},
    prints: 'false true',
  },

  'a message to a thread without a listener is refused': {
    async main() {
      const { worker, port } = startWorker('worker');
      await online(worker);
      await threads.postMessageToThread(worker.threadId, 'anybody?').catch(({ code }) => say(code));
      port.postMessage('end');
    },
    worker({ port }) {
      port.once('message', () => port.close());
      parentPort.postMessage('ready');
    },
    prints: 'ERR_WORKER_MESSAGING_FAILED',
  },

  'a message to a thread names its source': {
    async main() {
      const { worker, port } = startWorker('worker');
      process.once('workerMessage', (value, source) => {
        say(value, source === worker.threadId);
        port.postMessage('end');
      });
      await ended(worker);
    },
    worker({ port }) {
      port.once('message', () => port.close());
      // Its promise would not keep the thread alive.
      threads.postMessageToThread(0, 'from a worker');
    },
    prints: 'from a worker true',
  },

  'Atomics.waitAsync() keeps no thread alive': {
    main() {
      const cells = new Int32Array(new SharedArrayBuffer(4));
      say(Atomics.waitAsync(cells, 0, 0).async);
    },
    prints: 'true',
  },

  'what was posted into a port that was taken is there when its thread has ended': {
    async main() {
      const { worker, port } = startWorker('worker');
      port.on('message', () => {});
      port.unref();
      let last;
      port.on('message', (message) => {
        last = message;
      });
      await ended(worker);
      for (let found = receiveMessageOnPort(port); found; found = receiveMessageOnPort(port)) last = found.message;
      say(last);
    },
    worker({ port }) {
      port.postMessage('last words');
      process.exit();
    },
    prints: 'last words',
  },

  "'beforeExit' comes again after new work, in a worker as well": {
    async main() {
      process.once('beforeExit', () => {
        setImmediate(() => {});
        process.once('beforeExit', () => say('main', 'again'));
      });
      await ended(startWorker('worker').worker);
    },
    worker() {
      process.once('beforeExit', () => {
        setImmediate(() => {});
        process.once('beforeExit', () => say('worker', 'again'));
      });
    },
    prints: 'worker again\nmain again',
  },

  'the threads have one clock': {
    async main() {
      const before = process.hrtime();
      const { worker } = startWorker('worker');
      const [seconds, nanoseconds] = await online(worker);
      const after = process.hrtime();
      const ms = (time) => time[0] * 1e3 + time[1] / 1e6;
      say(ms(before) <= ms([seconds, nanoseconds]), ms([seconds, nanoseconds]) <= ms(after));
    },
    worker: () => parentPort.postMessage(process.hrtime()),
    prints: 'true true',
  },

  "inside a port's 'message' event ticks come before promises": {
    main() {
      const { port1, port2 } = new MessageChannel();
      port1.once('message', () => {
        queueMicrotask(() => say('promise'));
        process.nextTick(() => say('tick'));
        port1.close();
      });
      port2.postMessage('');
    },
    prints: 'tick\npromise',
  },

  'a top-level await that never settles ends with 13': {
    main() {
      const program = 'await new Promise(() => {})';
      const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { timeout: 20_000 });
      say(status);
    },
    prints: '13',
  },
};

if (isMainThread && name === undefined) {
  // What test/facts.test.ts asks for.
  const expected = Object.entries(facts).map(([fact, { prints, code = 0, signal }]) => [
    fact,
    { prints, code, signal },
  ]);
  say(JSON.stringify(expected));
} else if (isMainThread) await facts[name].main();
else await facts[name][workerData.role](workerData);
