// Programs that know nothing of the library.   node untouched.js SITUATION
import { setTimeout as sleep } from 'node:timers/promises';

const ready = (keep) => {
  process.stdout.write('ready\n');
  return keep ?? setInterval(() => {}, 1000);
};

const situations = {
  'hello world': () => console.log('hello world'),

  'ends by itself, with beforeExit and exit listeners': () => {
    let rounds = 0;
    process.on('beforeExit', (code) => {
      console.log('beforeExit', code);
      if (++rounds < 3) setTimeout(() => {}, 1);
    });
    process.on('exit', (code) => console.log('exit', code));
    process.exitCode = 4;
  },

  'process.exit(5) in the middle': async () => {
    process.on('exit', (code) => console.log('exit', code));
    setTimeout(() => console.log('never'), 1000);
    await sleep(5);
    process.exit(5);
  },

  'an uncaught error': () => {
    process.on('exit', (code) => console.log('exit', code));
    setTimeout(() => {
      throw new Error('uncaught');
    }, 1);
  },

  'a rejected promise': () => {
    Promise.reject(new Error('rejected'));
  },

  'a top-level await that never settles': () => new Promise(() => {}),

  'stdin piped in': async () => {
    let text = '';
    for await (const chunk of process.stdin) text += chunk;
    console.log(text.toUpperCase());
  },

  'a server': async () => {
    const { createServer } = await import('node:http');
    createServer(() => {}).listen(0, () => ready(true));
  },

  'a signal, and exit listeners': () => {
    process.on('exit', (code) => console.log('exit', code));
    ready();
  },

  'a signal, with a listener': () => {
    process.once('SIGTERM', () => {
      console.log('closing');
      process.exit(6);
    });
    ready();
  },

  'a signal, while it computes': () => {
    ready(true);
    for (const end = Date.now() + 60_000; Date.now() < end; );
  },

  'a child whose parent disconnects': () => {
    process.on('message', (message) => console.log(message));
    process.on('disconnect', () => console.log('disconnected'));
    ready(true);
  },

  'a child whose parent disconnects, without listeners': () => {
    // Bun says so only to those that listen.
    const until = 'Bun' in globalThis ? Date.now() + 200 : Number.POSITIVE_INFINITY;
    const timer = setInterval(() => {
      if (process.connected && Date.now() < until) return;
      clearInterval(timer);
      console.log('lives on');
    }, 5);
    process.stdout.write('ready\n');
  },

  'a Piscina': async () => {
    const { Piscina } = await import('piscina');
    const filename = new URL('./untouched-task.js', import.meta.url).href;
    const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2 });
    console.log(await Promise.all([1, 2, 3].map((n) => pool.run(n))));
    process.on('exit', (code) => console.log('exit', code));
  },

  'a Piscina that is signalled': async () => {
    await situations['a Piscina']();
    ready();
  },

  'a Piscina that is destroyed': async () => {
    const { Piscina } = await import('piscina');
    const pool = new Piscina({ filename: new URL('./untouched-task.js', import.meta.url).href });
    console.log(await pool.run(1));
    await pool.destroy();
    console.log('destroyed');
  },

  'a worker that throws': () => worker("throw new Error('thrown in a worker')"),

  'a worker that exits': async () => {
    const started = await worker("setTimeout(() => process.exit(7), 1); process.on('exit', () => console.log('left'))");
    started.on('exit', (code) => console.log('worker', code));
  },

  'a worker that writes to its environment': () =>
    worker(`
      const { env } = process;
      env.GREETING = 'hello';
      env.GREETING = 'hallo';
      Object.assign(env, { GREETING: env.GREETING + '!', OTHER: 1 });
      delete env.OTHER;
      const copies = [{ ...env }, structuredClone(env), JSON.parse(JSON.stringify(env))];
      console.log(...copies.map(({ GREETING }) => GREETING), env.OTHER, env.toString());
      console.log(copies.map((copy) => Object.keys(copy).filter((name) => name.startsWith('PISCINA'))));
    `),

  'a worker that is terminated': async () => {
    await worker('setInterval(() => {}, 1000)', (started) =>
      started.once('online', async () => console.log(await started.terminate())),
    );
  },
};

/** `listen` is called in the tick that makes it: Deno may say that it is online before the next one. */
async function worker(code, listen = () => {}) {
  const { Worker } = await import('node:worker_threads');
  const started = new Worker(code, { eval: true });
  listen(started);
  return started;
}

await situations[process.argv[2]]();
