// Clients that keep their connection for as long as they like: WebSockets behind haproxy, sessions of HTTP/2 beside it. Each
// has to be told that the service goes away, and none may be cut before it has had its last word.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { freePort, startBalancer } from './balancers.js';

const service = fileURLToPath(new URL('sockets.js', import.meta.url));

const CLIENTS = 50;

/** A service that is not gone by then never will be, and a client that has heard nothing: ms. */
const LIMIT = 20_000;

/** Resolves, once it is connected, to what becomes of it: whether it was told, and by which code it ended. */
async function openSocket(port, n) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  let isTold = false;
  socket.on('error', () => {});
  socket.on('message', async (data) => {
    if (String(data) !== 'going away') return;
    isTold = true;
    // The drain stage has 4 s.
    await sleep(n * 40);
    socket.send('last words');
    socket.close(1000);
  });
  const ended = once(socket, 'close').then(([code]) => isTold && code === 1000);
  await once(socket, 'message');
  return { ended };
}

/** Likewise: with a request that is in flight when the service is told. */
async function openSession(port) {
  const session = connect(`http://127.0.0.1:${port}`);
  let isTold = false;
  session.on('error', () => {});
  session.on('goaway', () => {
    isTold = true;
  });
  const ask = (path) => {
    const stream = session.request({ ':path': path });
    const answer = { path, body: '' };
    stream.on('error', () => {});
    stream.on('data', (chunk) => {
      answer.body += chunk;
    });
    return once(stream, 'close').then(() => answer.body === 'answered');
  };
  const slow = ask('/slow');
  await ask('/');
  const ended = Promise.all([slow, once(session, 'close')]).then(([isAnswered]) => isTold && isAnswered);
  return { ended };
}

/** Resolves to how many of these failed. */
export async function checkClients(folder) {
  const port = await freePort();
  const child = spawn(process.execPath, [service, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT);
  let balancer;
  try {
    let printed = '';
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      printed += `${line}\n`;
    });
    const [first] = await once(lines, 'line');
    const http2 = Number(/^http2 (\d+)$/.exec(first)?.[1]);
    // Its checks find the service there.
    balancer = await startBalancer('haproxy, L4', [port], folder);
    const clients = await Promise.all([
      ...Array.from({ length: CLIENTS }, (_, n) => openSocket(balancer.port, n)),
      ...Array.from({ length: CLIENTS }, () => openSession(http2)),
    ]);
    const ended = Promise.all(clients.map((client) => client.ended));
    const gone = once(child, 'close');
    child.kill('SIGTERM');
    const wrong = (await ended).filter((isRight) => !isRight).length;
    const [, signal] = await gone;
    const said = Number(/^last words (\d+)$/m.exec(printed)?.[1]);
    console.log(
      `clients: ${2 * CLIENTS - wrong} of ${2 * CLIENTS} told and not cut (WebSocket behind haproxy, HTTP/2), ` +
        `last words heard ${said} of ${CLIENTS}, ended by ${signal}`,
    );
    return wrong + (said === CLIENTS && signal === 'SIGTERM' ? 0 : 1);
  } finally {
    clearTimeout(limit);
    child.kill('SIGKILL');
    await balancer?.stop();
  }
}
