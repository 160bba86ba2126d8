// A real pino transport: a worker of somebody else's. Its last lines are to be written.   node pino.js FILE ROUTE
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import * as atexit from 'worker-atexit';

const [destination, route] = process.argv.slice(2);
const transport = pino.transport({ target: 'pino/file', options: { destination } });
const ready = once(transport, 'ready');
const logger = pino(transport);
atexit.configure({ logger });
atexit.register(function fails() {
  throw new Error('told by the logger');
});
atexit.register(async () => {
  for (let line = 0; line < 100; line++) logger.info(`line ${line}`);
  if (route !== 'process.exit' && route !== 'throw') await sleep(5);
  logger.info('the last line');
});
await ready;
console.log('ready');

const routes = {
  beforeExit() {},
  exit: () => atexit.exit(3),
  'process.exit': () => process.exit(3),
  throw: () =>
    setImmediate(() => {
      throw new Error('an uncaught error');
    }),
  signal: () => setInterval(() => {}, 1000),
};
routes[route]();
