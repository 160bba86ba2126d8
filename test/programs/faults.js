// A worker with a fault, beside three clean ones, when the program ends.   node faults.js DIR FAULT ROUTE
// The log has a line for each handler that is through, in the order in which they end, and the report.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parentPort, Worker, workerData } from 'node:worker_threads';

const [dir, fault, route] = process.argv.slice(2);
const timeout = Number(process.env.TIMEOUT);
const log = (text) => fs.appendFileSync(path.join(dir, 'log'), `${text}\n`);
const file = fileURLToPath(import.meta.url);
const cell = new Int32Array(new SharedArrayBuffer(4));
const gate = workerData?.gate ?? cell;
/** The fault is there. */
const open = () => void Atomics.store(gate, 0, 1);

// What a program may do to the ports of a thread before the library is loaded there.
const ports = [];
if (/port|ack/.test(fault) && workerData?.role === 'faulty') {
  globalThis.MessageChannel = class extends MessageChannel {
    constructor() {
      super();
      ports.push(this.port1);
    }
  };
}

const ack = { type: 'ack', version: 2, epoch: 1, handlers: [], workers: [] };

// One that never loads the library has to be told apart before that is done.
if (workerData?.role === 'faulty' && fault === 'never loaded the library') {
  open();
  await new Promise((resolve) => parentPort.on('message', resolve));
}
const atexit = await import('worker-atexit');

const stay = () => parentPort.on('message', () => {});
const before = () => atexit.register(function before() {});
const cleanUp = (name) =>
  atexit.register(async function cleanUp() {
    await sleep(10);
    log(name);
  });
/** `fails` is the second of three handlers. */
const failing = (fails) => () => {
  before();
  atexit.register(fails);
  atexit.register(function first() {});
  open();
};
const busy = () => {
  for (;;);
};
const never = () => new Promise(() => {});
const eat = () => {
  const food = [];
  for (;;) food.push(new Array(1e5).fill({}));
};
const crash = () => {
  throw new Error('a crash');
};
/** Handlers that are there, and a message or more on the link that do not fit. */
const saying =
  (...messages) =>
  () => {
    cleanUp('faulty');
    for (const message of messages) ports[0].postMessage(message);
    open();
  };

const spawn = (role, options) => {
  const worker = new Worker(file, { argv: [dir, fault, route], workerData: { role, gate }, ...options });
  worker.on('error', () => {});
  return worker;
};
const messaged = (worker) => new Promise((resolve) => worker.once('message', resolve));

const faults = {
  none: () => {
    cleanUp('faulty');
    open();
  },
  'a busy loop': () => {
    cleanUp('faulty');
    setTimeout(() => {
      open();
      busy();
    });
  },
  'Atomics.wait': () => {
    cleanUp('faulty');
    setTimeout(() => {
      open();
      Atomics.wait(cell, 0, 0);
    });
  },
  'a busy loop that asks isShuttingDown()': () => {
    cleanUp('faulty');
    setTimeout(() => {
      open();
      while (!atexit.isShuttingDown());
    });
  },
  'a handler throws': failing(function fails() {
    throw new RangeError('of the handler');
  }),
  'a handler rejects': failing(async function fails() {
    await sleep(1);
    throw new RangeError('of the handler');
  }),
  'a handler throws what is no Error': failing(function fails() {
    throw 'a text';
  }),
  'a handler throws what cannot be cloned': failing(function fails() {
    throw Object.assign(new RangeError('of the handler'), { what: () => {}, cause: Symbol('cause') });
  }),
  'a handler never settles': () => {
    // Each handler behind the one that is cut leaves more time for the ack.
    for (let n = 0; n < 4; n++) before();
    failing(function fails() {
      return never();
    })();
  },
  'a handler loops': failing(function fails() {
    busy();
  }),
  'a crash before its handlers': () => {
    before();
    atexit.shutdownSignal.addEventListener('abort', crash);
    open();
  },
  'a crash during its handlers': failing(async function fails() {
    setTimeout(crash, 5);
    await never();
  }),
  'a crash after its handlers': () => {
    atexit.register(function last() {
      setTimeout(crash, 20);
    });
    open();
  },
  'process.exit() in a handler': failing(function fails() {
    process.exit(7);
  }),
  'process.exit() during its handlers': failing(async function fails() {
    setTimeout(() => process.exit(7), 5);
    await never();
  }),
  'out of memory': failing(function fails() {
    eat();
  }),
  'terminated by somebody else': failing(async function fails() {
    await never();
  }),
  'its port is closed': () => {
    cleanUp('faulty');
    setTimeout(() => {
      ports[0].once('close', open);
      ports[0].close();
    }, 50);
  },
  'a malformed ack': saying('ack', { ...ack, handlers: 'none' }, null, { ...ack, workers: [{}] }),
  'a stale ack': saying({ ...ack, epoch: 99 }),
  'a forged ack': () => {
    cleanUp('faulty');
    // It says so before it has read its order.
    atexit.shutdownSignal.addEventListener('abort', () => ports[0].postMessage({ ...ack, epoch: 99 }));
    open();
  },
  'a second ack': () => {
    cleanUp('faulty');
    const { postMessage } = Object.getPrototypeOf(ports[0]);
    ports[0].postMessage = function (message) {
      postMessage.call(this, message);
      if (message.type === 'ack') postMessage.call(this, message);
    };
    open();
  },
  'it joins in the middle': () => {
    cleanUp('faulty');
    open();
  },
  'its module throws at load': async () => {
    atexit.register(() => log('faulty'));
    await new Promise((resolve) => parentPort.once('message', resolve));
    crash();
  },
  'never loaded the library': () => {},
  'a parent is blocked above a healthy child': async () => {
    cleanUp('faulty');
    await messaged(spawn('child'));
    setTimeout(() => {
      open();
      busy();
    });
  },
};

const roles = {
  clean: () =>
    atexit.register(async function cleanUp() {
      // The one that joins in the middle does so now.
      while (fault === 'it joins in the middle' && Atomics.load(gate, 0) === 0) await sleep(2);
      await sleep(10);
      log('clean');
    }),
  child: () => cleanUp('child'),
  faulty: faults[fault],
};

if (workerData) {
  stay();
  await roles[workerData.role]();
  parentPort.postMessage('ready');
} else await main();

async function main() {
  const tell = (workers) => {
    for (const { name, status, diagnosis, handlers, path: way } of workers) {
      const of = handlers.map(({ name, error, unfinished }) =>
        error ? `${name} ${error.name}: ${error.message}` : unfinished ? `${name} unfinished` : name,
      );
      log(
        ['report:', way.length > 1 ? `${name} (${way.join(' > ')})` : name, status, ...of, diagnosis]
          .filter(Boolean)
          .join(' '),
      );
    }
  };
  const terminates = route === 'terminate()';
  atexit.configure({ timeout, syncTimeout: timeout * 0.75, onReport: ({ workers }) => tell(workers) });
  atexit.register(() => log('main 1'));
  atexit.register(async () => log('main 2'));

  const clean = [1, 2, 3].map(() => spawn('clean'));
  await Promise.all(clean.map(messaged));
  const options = fault === 'out of memory' ? { resourceLimits: { maxOldGenerationSizeMb: 16 } } : {};
  let faulty;
  let linked;
  let link;
  const start = () => {
    faulty = spawn('faulty', options);
    faulty.unref();
    const { threadId } = faulty;
    linked = new Promise((resolve) => {
      process.on('workerMessage', (_message, source) => source === threadId && resolve());
    });
    if (fault === 'its module throws at load') linked.then(() => faulty.postMessage('linked'));
    link = atexit.registerWorker(faulty, { name: 'faulty', ...(terminates && { timeout: timeout * 0.75 }) });
  };
  if (fault === 'it joins in the middle' && !terminates) {
    atexit.onDrain(start);
  } else {
    start();
    if (fault === 'its module throws at load') await new Promise((resolve) => faulty.once('exit', resolve));
    else while (Atomics.load(gate, 0) === 0) await sleep(2);
    // Its link comes by another way, and later in Deno.
    if (fault !== 'its module throws at load' && fault !== 'never loaded the library') await linked;
    // The other end of a port is told a few turns later that it is closed.
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  }
  if (fault === 'terminated by somebody else') {
    const kill = () => Worker.prototype.terminate.call(faulty);
    if (terminates) setTimeout(kill, 50);
    else atexit.shutdownSignal.addEventListener('abort', kill);
  }

  for (const worker of clean) worker.unref();
  log(`start ${Date.now()}`);
  const routes = {
    'exit()': () => atexit.exit(0),
    'process.exit()': () => process.exit(0),
    SIGTERM: () => process.kill(process.pid, 'SIGTERM'),
    'an uncaught error': () => setImmediate(crash),
    'the event loop runs empty': () => {},
    async 'shutdown()'() {
      await atexit.shutdown();
      for (const worker of clean) worker.terminate();
    },
    async 'terminate()'() {
      const hold = setInterval(() => {}, 1000);
      await faulty.terminate();
      tell([await link.shutdown()]);
      clearInterval(hold);
      atexit.exit(0);
    },
  };
  await routes[route]();
}
