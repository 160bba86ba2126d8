// A server that says on which port it listens.   node server.js registerServer | close
import { createServer } from 'node:http';

// Its clients are idle for longer than any sample takes.
const server = createServer({ keepAliveTimeout: 600_000 }, (_, response) => response.end('answered'));
if (process.argv[2] === 'registerServer') {
  const { registerServer } = await import('worker-atexit/http');
  registerServer(server);
} else {
  process.on('SIGTERM', () => {
    server.close();
    server.closeIdleConnections();
  });
}
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
