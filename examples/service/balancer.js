// A balancer for the demo: it hands connections on, in turn, to the instances whose `/ready` is answered with 200.
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, createServer } from 'node:net';

/** How often each instance is asked: ms. */
const INTERVAL = 200;

export async function startBalancer(_, ports) {
  const ready = new Set();
  let turn = 0;

  /** One that is slow to answer is not gone: it is asked again when it has answered. */
  function check(port) {
    const note = (isReady) => {
      if (isReady) ready.add(port);
      else ready.delete(port);
      if (isOpen) setTimeout(check, INTERVAL, port);
    };
    get({ port, host: '127.0.0.1', path: '/ready', agent: false }, (response) => {
      response.resume();
      note(response.statusCode === 200);
    }).on('error', () => note(false));
  }

  let isOpen = true;
  ports.forEach(check);

  const server = createServer((client) => {
    const [...candidates] = ready;
    const instance = connect(candidates[turn++ % candidates.length] ?? ports[0], '127.0.0.1');
    for (const [one, other] of [
      [client, instance],
      [instance, client],
    ]) {
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroySoon());
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: server.address().port,
    areUp: () => ready.size === ports.length,
    async stop() {
      isOpen = false;
      server.close();
    },
  };
}
