// A service that keeps a line of each request it has answered, and writes them at its end.   OUT=folder node lines.js
import { appendFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { configure, notifyReady, register } from 'worker-atexit';
import { registerServer } from 'worker-atexit/http';

const { OUT, PORT, DELAY, FAIL, TAKES = '50', LINES = '0' } = process.env;
const lines = Array.from({ length: Number(LINES) }, (_, n) => `line ${n}`);

configure({ onReport: (report) => console.log(String(report)) });
register(async function save() {
  await sleep(Number(TAKES));
  if (FAIL) throw new Error('disk full');
  if (OUT) await appendFile(join(OUT, String(process.pid)), lines.map((line) => `${line}\n`).join(''));
});

const server = createServer((request, response) => {
  request.resume();
  setTimeout(() => {
    lines.push(request.url);
    response.end('answered');
  }, 5);
});
registerServer(server, { name: 'api', ready: '/ready', delay: Number(DELAY ?? 0) });
server.listen(Number(PORT ?? 0), '127.0.0.1', () => {
  console.log('listening');
  notifyReady();
});
