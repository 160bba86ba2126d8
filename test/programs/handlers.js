// Handlers in all kinds of situations; each prints its name.   node handlers.js SITUATION
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { gzip } from 'node:zlib';
import * as atexit from 'worker-atexit';

const print = (text) => fs.writeSync(1, `${text}\n`);
const named = (name, then = () => {}) =>
  ({
    [name]() {
      print(name);
      return then();
    },
  })[name];
const { register, unregister } = atexit;
const never = () => new Promise(() => {});
const keep = () => setInterval(() => {}, 1000);

const situations = {
  'arguments, many times'() {
    const say = (...words) => print(words.join(' '));
    register(say, 'a', 1);
    register(say, 'b', 2);
    register(say, 'a', 1);
    print(register(say, 'd') === say);
  },
  resources() {
    class Server {
      [Symbol.dispose]() {
        print('wrong');
      }
      async [Symbol.asyncDispose]() {
        await sleep(5);
        print(`server ${this instanceof Server}`);
      }
    }
    const server = new Server();
    print(register(server) === server);
    register({
      [Symbol.dispose]() {
        print('disposed');
      },
    });
    const gone = register({
      [Symbol.dispose]() {
        print('wrong');
      },
    });
    unregister(gone);
    atexit.onDrain({
      [Symbol.dispose]() {
        print('drained');
      },
    });
  },
  unregister() {
    const a = named('a');
    const b = named('b');
    for (const fn of [a, b, a, b, a]) register(fn);
    atexit.onDrain(a);
    unregister(a);
    unregister(() => {});
  },
  'while they run'() {
    const late = named('late');
    const removed = named('removed');
    register(named('first'));
    register(removed);
    register(
      named('adds', () => {
        register(named('added'));
        unregister(removed);
        register(late);
        unregister(late);
      }),
    );
    register(named('last'));
  },
  'awaited one by one'() {
    for (const name of ['a', 'b', 'c'])
      register(async () => {
        print(`${name} begins`);
        await sleep(10);
        print(`${name} ends`);
      });
  },
  drain() {
    register(named('handler'));
    for (const name of ['a', 'b'])
      atexit.onDrain(async () => {
        print(`${name} begins`);
        await sleep(20);
        print(`${name} ends`);
      });
  },
  'drain fails'() {
    register(named('handler'));
    atexit.onDrain(async function refuses() {
      throw new Error('cannot drain');
    });
    atexit.onDrain(named('drains'));
  },
  'drain hangs'() {
    atexit.configure({ timeout: 400 });
    register(named('handler'));
    atexit.onDrain(never);
    atexit.onDrain(named('drains'));
  },
  fail() {
    register(named('a'));
    register(function throws() {
      throw new Error('thrown');
    });
    register(function rejects() {
      return Promise.reject(new Error('rejected'));
    });
    register(function oddity() {
      throw {
        toString() {
          throw new Error('unshowable');
        },
      };
    });
    register(function nothing() {
      throw undefined;
    });
    register(named('b'));
  },
  'fail in many ways'() {
    const fail = (text) => {
      throw new Error(text);
    };
    register(function throws() {
      fail('thrown');
    });
    register(async function awaits() {
      await sleep(1);
      fail('awaited');
    });
    register(() => atexit.exit(1));
    register({ [Symbol.dispose]: () => fail('disposal') });
    atexit.finalize(fail, () => fail('finalized'));
    atexit.onDrain(() => fail('drained'));
  },
  hang() {
    atexit.configure({ timeout: 600 });
    register(named('a'));
    register(named('hangs', never));
    register(named('holds', () => new Promise(keep)));
    register(named('b'));
  },
  'process.exit() in a handler'() {
    register(named('a'));
    register(named('b', () => process.exit(7)));
    register(named('c', () => sleep(5)));
  },
  'process.exit() in two handlers inside exit'() {
    register(named('a', () => process.exit(8)));
    register(named('b', () => process.exit(7)));
    register(named('c'));
    process.exit(3);
  },
  'process.exit() in a drain function'() {
    register(named('a'));
    atexit.onDrain(named('b', () => process.exit(7)));
    atexit.onDrain(named('c'));
    keep();
    atexit.exit(0);
  },
  'process.exit() in somebody’s listener'() {
    register(named('a'));
    register(named('b'));
    process.prependListener('exit', () => process.exit(9));
    process.exit(3);
  },
  'process.exit() while one is awaited'() {
    register(named('a'));
    register(named('b', () => sleep(10_000)));
    register(named('c'));
    atexit.exit(0);
    setTimeout(() => process.exit(5), 50);
  },
  'an error while one is awaited'() {
    register(named('a'));
    register(named('b', () => sleep(10_000)));
    setTimeout(() => {
      throw new Error('meanwhile');
    }, 50);
    atexit.exit(0);
  },
  'asynchronous, left unfinished'() {
    register(named('a'));
    register(async function slow() {
      print('slow begins');
      await sleep(10);
      print('wrong');
    });
    process.exit(0);
  },
  'asynchronous, and done at once'() {
    register(async function quick() {
      print('quick');
    });
    process.exit(0);
  },
  'asynchronous, and rejects at once'() {
    register(async function broken() {
      throw new Error('at once');
    });
    process.exit(0);
  },
  'awaits its own end'() {
    const tries = (fn) => fn().catch((error) => print(`${error.name} ${error.code}`));
    register(() => {
      atexit.exit(3);
    }); // not awaited: sets the code
    register(async () => {
      await sleep(5);
      await tries(atexit.exit);
    });
    register(() => sleep(5).then(() => tries(atexit.shutdown)));
    register(() => tries(atexit.shutdown));
  },
  'exit() sets the code'() {
    let asked;
    const askedAgain = new Promise((resolve) => {
      asked = resolve;
    });
    register(async () => {
      await askedAgain;
      print('handler');
    });
    atexit.exit(2);
    setImmediate(() => {
      atexit.exit(4);
      asked();
    });
  },
  'shutdown() again'() {
    register(() => sleep(20));
    const first = atexit.shutdown();
    print(first === atexit.shutdown());
    first.then((report) => print(`${report.route} ${report.ok}`));
  },
  'shutdown() twice'() {
    const { shutdownSignal } = atexit;
    const events = ['beforeExit', 'exit', 'SIGTERM', 'uncaughtExceptionMonitor'];
    const before = events.map((event) => process.listenerCount(event));
    const listeners = () => events.map((event, n) => process.listenerCount(event) - before[n]).join();
    const { reallyExit } = process;
    print(listeners());
    register(named('once'));
    print(listeners());
    atexit.shutdown({ reason: 'the first' }).then(async () => {
      print(
        `${shutdownSignal.aborted} ${shutdownSignal.reason.name} ${shutdownSignal.reason.code} ${shutdownSignal.reason.cause}`,
      );
      print(
        `${listeners()} ${process.reallyExit === reallyExit} ${shutdownSignal === atexit.shutdownSignal} ${atexit.shutdownSignal.aborted}`,
      );
      register(named('again'));
      print((await atexit.shutdown()).handlers.map(({ name }) => name));
    });
  },
  async 'registered while pools are ended'() {
    const { registerPool } = await import('worker-atexit/piscina');
    register(named('first'));
    // Of a pool only what is used of it: a real one calls nothing of the program's when it is destroyed.
    const pool = { threads: [], queueSize: 0, idleThreads: 0, options: { minThreads: 0, maxThreads: 1 } };
    const destroy = async () => {
      register(named('late'));
      process.exit();
    };
    registerPool({ ...pool, run: async () => {}, destroy, on() {}, off() {} });
    await atexit.shutdown();
  },
  'new work in beforeExit'() {
    register(named('handler'));
    const work = {
      zip: () => gzip('x', () => next('zipped')),
      wait: () => setTimeout(next, 20, 'timer'),
      worker: () => new Worker('require("fs").writeSync(1, "worker\\n")', { eval: true }),
    };
    const left = Object.values(work);
    const next = (done) => {
      if (done) print(done);
      process.once('beforeExit', left.shift());
    };
    next();
  },
  'a listener of beforeExit that gives no work'() {
    register(named('handler'));
    process.on('beforeExit', () => {});
  },
  'nothing registered'() {
    atexit.isShuttingDown();
  },
  'the report'() {
    atexit.configure({
      timeout: 500,
      failureExitCode: 0,
      // Its own fields, and no times.
      onReport: (report) =>
        print(JSON.stringify({ ...report }, (key, value) => (/(Ms|At)$/.test(key) ? undefined : value))),
    });
    register(function throws() {
      throw new RangeError('thrown');
    });
    register(never);
    atexit.onDrain(named('drains'));
  },
  'many listeners of the signal'() {
    for (let n = 0; n < 50; n++)
      atexit.shutdownSignal.addEventListener('abort', () => {
        if (n === 49) print(atexit.shutdownSignal.reason.route);
      });
    register(named('handler'));
  },
  'a logger that fails'() {
    atexit.configure({
      logger: {
        error(line) {
          print(line.split('\n')[0]);
          throw new Error('no log');
        },
      },
    });
    register(named('a'));
    register(function throws() {
      throw new Error('thrown');
    });
  },
  'onReport fails'() {
    atexit.configure({
      onReport() {
        throw new Error('no report');
      },
    });
    register(named('a'));
  },
  'no logger'() {
    atexit.configure({ logger: false });
    register(function throws() {
      throw new Error('thrown');
    });
  },
  'exit() in a signal'() {
    keep();
    register(named('a', () => process.exit(5)));
    process.kill(process.pid, 'SIGTERM');
  },
  'crash: graceful'() {
    atexit.configure({ crash: 'graceful' });
    register(async () => {
      await sleep(10);
      print(`handler ${atexit.shutdownSignal.reason.cause.message}`);
    });
    process.on('exit', (code) => print(`exit ${code}`));
    setImmediate(() => {
      throw new Error('a crash');
    });
  },
  'crash: graceful, twice'() {
    atexit.configure({ crash: 'graceful' });
    register(named('a'));
    register(async () => {
      setImmediate(() => {
        throw new Error('the second crash');
      });
      await sleep(10_000);
    });
    setImmediate(() => {
      throw new Error('the first crash');
    });
  },
  'registered in a listener of exit'() {
    register(named('own'));
    process.on('exit', () => register(named('late')));
  },
  'a listener of beforeExit that gives work again and again'() {
    register(named('handler'));
    let rounds = 0;
    process.on('beforeExit', () => {
      if (++rounds < 20) setImmediate(() => {});
      else if (rounds === 20) print('all rounds');
    });
  },
  'crash: off'() {
    atexit.configure({ crash: 'off' });
    register(named('wrong'));
    setImmediate(() => {
      throw new Error('a crash');
    });
  },
  'crash: sync, beside a listener of its own'() {
    process.on('uncaughtException', (error) => print(`caught ${error.message}`));
    register(named('handler'));
    setImmediate(() => {
      throw new Error('a crash');
    });
  },
};

// Not while this module is evaluated: Node has an 'exit' listener of its own then.
setImmediate(situations[process.argv[2]]);
