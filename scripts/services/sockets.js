// A service with WebSockets, and one of HTTP/2 beside it: both tell their clients that it goes away.   node sockets.js PORT
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { register, shutdownSignal } from 'worker-atexit';
import { registerServer } from 'worker-atexit/http';
import { WebSocketServer } from 'ws';

let lastWords = 0;

const server = registerServer(createServer(), { name: 'sockets', ready: '/ready', delay: 600 });
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => {
  socket.on('message', () => lastWords++);
  socket.send('hello');
});
shutdownSignal.addEventListener('abort', () => {
  for (const socket of sockets.clients) socket.send('going away');
});

const http2 = registerServer(createHttp2Server(), { name: 'http2' });
http2.on('request', (request, response) => {
  request.resume();
  setTimeout(() => response.end('answered'), request.url === '/slow' ? 1500 : 0);
});

register(function count() {
  console.log(`last words ${lastWords}`);
});

server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  http2.listen(0, '127.0.0.1', () => console.log(`http2 ${http2.address().port}`));
});
