// What a program meets around its shutdown.   node living.js SITUATION
import { AsyncLocalStorage } from 'node:async_hooks';
import { fileURLToPath } from 'node:url';
import Piscina from 'piscina';
import Tinypool from 'tinypool';
import * as atexit from 'worker-atexit';
import { registerPool as registerPiscina } from 'worker-atexit/piscina';
import { registerPool as registerTinypool } from 'worker-atexit/tinypool';
import { registerPool as registerWorkerpool } from 'worker-atexit/workerpool';
import workerpool from 'workerpool';

const { log } = console;
const filename = new URL('./living-task.js', import.meta.url).href;

/** A handler leaves a timer behind when the event loop has run empty; what it does then is as before. */
function revive(run) {
  atexit.register(function first() {
    log('first');
    setTimeout(async () => {
      atexit.register(() => log('second'));
      log(await run());
    }, 20);
  });
}

const poolOptions = { workerType: 'thread', maxWorkers: 1 };
const workerFile = fileURLToPath(new URL('./living-workerpool.js', import.meta.url));

/** A pool takes tasks again once it was ended, and the process shuts down once more: by `process.argv[3]`. */
async function useAgain(pool, method) {
  const submit = (task) => (method === 'run' ? pool.run(task) : pool.exec('work', [task]));
  atexit.configure({
    syncTimeout: 5000,
    onReport: ({ ok, workers, notes }) =>
      log(ok, workers.map(({ name, status }) => `${name.split(' ')[0]} ${status}`).join(), notes.join()),
  });
  log(await submit('a task'));
  await atexit.shutdown();
  for (const task of ['another', 'a third']) log(await submit(task));
  const [end] = process.argv.slice(3);
  if (end === 'exit()') await atexit.exit(0);
  if (end === 'process.exit()') process.exit(0);
  await atexit.shutdown();
  log(await submit('a fourth'));
  await atexit.shutdown();
}

const situations = {
  async piscina() {
    const pool = registerPiscina(new Piscina({ filename, maxThreads: 1 }));
    log(await pool.run('a task'));
    revive(() => pool.run('another'));
  },
  async tinypool() {
    const pool = registerTinypool(new Tinypool({ filename, maxThreads: 1 }));
    log(await pool.run('a task'));
    revive(() => pool.run('another'));
  },
  async workerpool() {
    const pool = registerWorkerpool(workerpool.pool({ workerType: 'thread', maxWorkers: 1 }));
    const add = (a, b) => a + b;
    revive(async () => {
      const sum = await pool.exec(add, [3, 4]);
      // Its workers keep the process alive.
      await pool.terminate();
      return `sum ${sum}`;
    });
  },
  'a piscina after shutdown()': () => useAgain(registerPiscina(new Piscina({ filename, maxThreads: 1 })), 'run'),
  'a tinypool after shutdown()': () => useAgain(registerTinypool(new Tinypool({ filename, maxThreads: 1 })), 'run'),
  'a workerpool after shutdown()': () =>
    useAgain(registerWorkerpool(workerpool.pool(workerFile, poolOptions), { name: 'workerpool' }), 'exec'),
  'exit(code) in a handler'() {
    atexit.register(() => log('last'));
    atexit.register(() => {
      atexit.exit(7);
      log('goes on');
    });
  },
  'exit(code) awaited in a handler'() {
    atexit.register(async () => {
      await atexit.exit(7).catch(({ code }) => log(code));
    });
  },
  'a signal after a request has registered'() {
    const storage = new AsyncLocalStorage();
    storage.run('request', () =>
      atexit.register(async () => {
        log(String(storage.getStore()));
        await null;
        log(String(storage.getStore()));
      }),
    );
    setTimeout(() => {}, 1e5);
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), 50);
  },
  'shutdown() in a request'() {
    const storage = new AsyncLocalStorage();
    atexit.register(() => log(String(storage.getStore())));
    storage.run('request', async () => {
      await atexit.shutdown();
      log(storage.getStore());
    });
  },
  'process.exit() in a request'() {
    const storage = new AsyncLocalStorage();
    atexit.register(() => log(String(storage.getStore())));
    storage.run('request', () => process.exit());
  },
  async 'a task of a tinypool that ends its thread'() {
    const pool = registerTinypool(new Tinypool({ filename, maxThreads: 1 }));
    atexit.configure({ timeout: 1000, onReport: ({ notes }) => log(notes.join()) });
    log(await pool.run('a task'));
    void pool.run('process.exit()');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await atexit.exit(0);
  },
  'no permission for a guard'() {
    atexit.configure({ watchdog: true, onReport: ({ ok, notes }) => log(ok, notes.length) });
    atexit.register(() => log('handler', atexit.shutdownSignal.aborted));
    process.exitCode = 0;
    atexit.exit(0);
  },
  async 'SIGINT again'() {
    atexit.register(() => new Promise(() => {}));
    setTimeout(() => {}, 1e5);
    process.kill(process.pid, 'SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 600));
    process.kill(process.pid, 'SIGINT');
  },
};

await situations[process.argv[2]]();
