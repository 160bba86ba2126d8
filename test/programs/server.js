// A service that drains.   node server.js exit | disconnect
import cluster from 'node:cluster';
import { Agent, createServer, get } from 'node:http';
import * as atexit from 'worker-atexit';

const [how] = process.argv.slice(2);

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

if (how === 'exit') serve(() => atexit.exit());
else if (cluster.isPrimary) cluster.fork().on('exit', (code) => console.log(`exit code ${code}`));
else serve(() => cluster.worker.disconnect());
