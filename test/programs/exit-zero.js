// A process that ends by process.exit(0), beside a server.   node exit-zero.js SITUATION

import { once } from 'node:events';
import http from 'node:http';
import { onDrain, register } from 'worker-atexit';

const server = http.createServer((_, response) => void response.end('hello'));
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const situations = {
  'closed, onDrain'() {
    onDrain(server);
    server.close(() => process.exit(0));
  },
  'closed, register'() {
    register(server);
    server.close(() => process.exit(0));
  },
  idle() {
    onDrain(server);
    process.exit(0);
  },
  async 'idle, a connection is kept alive'() {
    onDrain(server);
    const agent = new http.Agent({ keepAlive: true });
    const request = http.get({ port: server.address().port, host: '127.0.0.1', agent });
    const [response] = await once(request, 'response');
    await once(response.resume(), 'end');
    setTimeout(() => process.exit(0), 50);
  },
  async 'a request is in flight'() {
    onDrain(server);
    server.removeAllListeners('request').on('request', () => process.exit(0));
    http.get({ port: server.address().port, host: '127.0.0.1' }).on('error', () => {});
  },
  'a write is pending'() {
    register(async function write() {
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    process.exit(0);
  },
};
situations[process.argv[2]]();
