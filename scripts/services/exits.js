// Packages that end by process.exit(), which cuts asynchronous handlers off.   node exits.js PACKAGE
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { configure, register } from 'worker-atexit';
import { load } from './peers.js';

configure({ exit: 'graceful' });
register(async function save() {
  await sleep(100);
  console.log('saved');
});

const ways = {
  async 'close-with-grace'() {
    const { default: closeWithGrace } = await load('close-with-grace');
    const server = createServer();
    closeWithGrace({ logger: false }, () => new Promise((resolve) => server.close(resolve)));
    server.listen(0, '127.0.0.1', () => console.log('listening'));
  },

  async 'http-graceful-shutdown'() {
    const { default: gracefulShutdown } = await load('http-graceful-shutdown');
    const server = createServer();
    gracefulShutdown(server);
    server.listen(0, '127.0.0.1', () => console.log('listening'));
  },

  async 'fastify-graceful-shutdown'() {
    const [{ default: fastify }, { default: gracefulShutdown }] = [
      await load('fastify'),
      await load('fastify-graceful-shutdown'),
    ];
    const app = fastify({ logger: { level: 'silent' } });
    await app.register(gracefulShutdown);
    await app.listen({ port: 0, host: '127.0.0.1' });
    console.log('listening');
  },
};

export const names = Object.keys(ways);
const [, , way] = process.argv;
if (way in ways) await ways[way]();
