// A service that drains.   node server.js exit | disconnect | delay | stream | process.exit | closed | worker | framework
import cluster from 'node:cluster';
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { text } from 'node:stream/consumers';
import { isMainThread, Worker } from 'node:worker_threads';
import * as atexit from 'worker-atexit';
import { registerServer } from 'worker-atexit/http';

const how = isMainThread ? process.argv[2] : 'inside';

function serve(whenAsked) {
  atexit.configure({ ipc: how === 'disconnect', onReport: (report) => console.log(`ok ${report.ok}`) });
  const server = createServer((_, response) => {
    whenAsked();
    response.on('finish', () => console.log('answered'));
    setTimeout(() => response.end(), 100);
  });
  // No test takes so long.
  server.keepAliveTimeout = 600_000;
  atexit.onDrain(server);
  server.listen(0, '127.0.0.1', () => {
    // A cluster waits for its connections itself, before it disconnects.
    get({ port: server.address().port, agent: new Agent({ keepAlive: how === 'exit' }) }, (response) =>
      response.resume(),
    );
  });
}

const agent = new Agent({ keepAlive: true });

/** Asks a server of this process, and says what came. */
async function ask(port, path) {
  try {
    const [response] = await once(get({ port, path, agent }), 'response');
    console.log(`${path}: ${response.statusCode} ${await text(response)}`.trimEnd());
  } catch (error) {
    console.log(`${path}: ${error.code}`);
  }
}

/** A server with a request in flight that takes 200 ms, one that never ends, and one that ends with the process. */
async function start(options) {
  const server = createServer(({ url }, response) => {
    if (url === '/slow') setTimeout(() => response.end('slow'), 200);
    else if (url === '/quick') response.end('quick');
    else response.write('stream');
    if (url === '/events') atexit.shutdownSignal.addEventListener('abort', () => response.end(', ended'));
  });
  registerServer(server, { name: 'api', ready: '/ready', ...options });
  atexit.register(function save() {
    console.log('saved');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, port: server.address().port };
}

const tell = (report) => {
  const [drain] = report.stages;
  console.log(`ok ${report.ok}, drain: ${drain.handlers.map(({ error }) => (error ? 'failed' : 'done'))}`);
  for (const note of report.notes) console.log(note);
};

const ways = {
  exit: () => serve(() => atexit.exit()),

  disconnect() {
    if (cluster.isPrimary) cluster.fork().on('exit', (code) => console.log(`exit code ${code}`));
    else serve(() => cluster.worker.disconnect());
  },

  /** A signal: not ready at once, and served all the same until the delay is over. */
  async delay() {
    atexit.configure({ onReport: tell });
    const { port } = await start({ delay: 600 });
    await ask(port, '/ready');
    const slow = ask(port, '/slow');
    atexit.shutdownSignal.addEventListener('abort', async () => {
      await ask(port, '/ready');
      await ask(port, '/quick');
      await slow;
    });
    process.kill(process.pid, 'SIGTERM');
  },

  /** Streams that end when they are told, and one that does not. */
  async stream() {
    // The stage is over at half of the time, when the log may say that the shutdown still lasts.
    const error = (line) => line.startsWith('worker-atexit: still shutting down: ') || console.error(line);
    atexit.configure({ timeout: 4000, onReport: tell, logger: { error } });
    const { server, port } = await start();
    const asked = ['/events', '/for-ever', '/slow'].map((path) => ask(port, path));
    // One that comes when the signal has been aborted hears nothing of it.
    for (const _ of asked) await once(server, 'request');
    process.kill(process.pid, 'SIGTERM');
    await Promise.all(asked);
  },

  /** In the delay, with a request in flight and without. */
  async 'process.exit'() {
    atexit.configure({ onReport: tell });
    const { port } = await start({ delay: 60_000 });
    if (process.argv[3] === 'busy') ask(port, '/for-ever');
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.on('SIGTERM', () => {
      atexit.exit();
      setTimeout(() => process.exit(0), 50);
    });
    process.kill(process.pid, 'SIGTERM');
  },

  /** Ctrl+C, and again in the delay. */
  async again() {
    atexit.configure({ onReport: tell });
    await start({ delay: 60_000 });
    process.kill(process.pid, 'SIGINT');
    // The same keystroke, handed on by a parent, would be there in some ten turns of the event loop.
    setTimeout(() => process.kill(process.pid, 'SIGINT'), 2000);
  },

  /** The most ordinary service there is. */
  async closed() {
    atexit.configure({ onReport: tell });
    const { server } = await start();
    process.on('SIGTERM', () => server.close(() => process.exit(0)));
    process.kill(process.pid, 'SIGTERM');
  },

  /** It has its delay in what its order leaves it. */
  async worker() {
    const worker = new Worker(new URL(import.meta.url), { name: 'server' });
    const [port] = await once(worker, 'message');
    atexit.configure({ timeout: 2000, onReport: ({ ok }) => console.log(`ok ${ok}`) });
    const slow = ask(port, '/slow');
    await ask(port, '/ready');
    await Promise.all([slow, atexit.shutdown()]);
  },

  async inside() {
    const { parentPort } = await import('node:worker_threads');
    parentPort.postMessage((await start({ delay: 60_000 })).port);
  },
};

await ways[how]();
