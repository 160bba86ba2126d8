// A service that answers in 5 ms, as each of the ways of ending it has it.   node service.js WAY PORT
import { createServer } from 'node:http';
import { load } from './peers.js';

const [way, port] = process.argv.slice(2);

/** How long balancers need to see that it is not ready: ms. */
const DELAY = 1500;

function answer(request, response) {
  request.resume();
  setTimeout(() => response.end('answered'), 5);
}

/** A readiness path of the program's own, for ways that have none. */
function withReadiness(isReady) {
  return createServer((request, response) => {
    if (request.url !== '/ready') return answer(request, response);
    response.statusCode = isReady() ? 200 : 503;
    return response.end();
  });
}

const listen = (server) => server.listen(Number(port), '127.0.0.1', () => console.log('listening'));

const ways = {
  async 'registerServer, delay'() {
    const { registerServer } = await import('worker-atexit/http');
    listen(registerServer(createServer(answer), { name: 'api', ready: '/ready', delay: DELAY }));
  },

  async 'onDrain(server)'() {
    const { onDrain, isShuttingDown } = await import('worker-atexit');
    listen(onDrain(withReadiness(() => !isShuttingDown())));
  },

  async 'server.close()'() {
    const server = withReadiness(() => true);
    process.on('SIGTERM', () => server.close(() => process.exit(0)));
    listen(server);
  },

  async '@godaddy/terminus'() {
    const { createTerminus } = await load('@godaddy/terminus');
    const server = createServer(answer);
    const beforeShutdown = () => new Promise((resolve) => setTimeout(resolve, DELAY));
    createTerminus(server, { healthChecks: { '/ready': async () => {} }, beforeShutdown, timeout: 5000 });
    listen(server);
  },

  async 'http-terminator'() {
    const { createHttpTerminator } = await load('http-terminator');
    let ready = true;
    const server = withReadiness(() => ready);
    const terminator = createHttpTerminator({ server });
    process.on('SIGTERM', () => {
      ready = false;
      setTimeout(() => terminator.terminate().then(() => process.exit(0)), DELAY);
    });
    listen(server);
  },

  async lightship() {
    const { createLightship } = await load('lightship');
    let ready = true;
    const lightship = await createLightship({ detectKubernetes: false, port: 0, shutdownDelay: DELAY });
    const server = withReadiness(() => ready);
    process.on('SIGTERM', () => {
      ready = false;
    });
    lightship.registerShutdownHandler(() => new Promise((resolve) => server.close(resolve)));
    listen(server);
    lightship.signalReady();
  },

  async 'fastify, close-with-grace'() {
    const [{ default: fastify }, { default: closeWithGrace }] = await Promise.all([
      load('fastify'),
      load('close-with-grace'),
    ]);
    const app = fastify();
    let ready = true;
    app.addContentTypeParser('*', (_, payload, done) => payload.resume().on('end', () => done(null)));
    app.get('/ready', (_, reply) => reply.code(ready ? 200 : 503).send());
    for (const method of ['get', 'post']) {
      app[method]('/', async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return 'answered';
      });
    }
    closeWithGrace({ delay: 10_000 }, async () => {
      ready = false;
      await new Promise((resolve) => setTimeout(resolve, DELAY));
      await app.close();
    });
    await app.listen({ port: Number(port), host: '127.0.0.1' });
    console.log('listening');
  },
};

export const names = Object.keys(ways);

if (way in ways) await ways[way]();
