#!/bin/sh
# mqtt 5.16.0, with the broker aedes 1.2.0: what was published before a client is connected waits for the connection. end() says that it
# waits for what is on its way, and settles; the client does connect, sends nothing of it, and says goodbye. The promise of the
# publication never settles, so nobody hears of the loss; a short-lived program, which publishes one reading and ends its
# client, sends nothing at all.
# Guess, before it was run: lost without an error, as it is here; but with quality of service 1 sent, since end() waits for what
# nobody has acknowledged. There, too, nothing was sent, and end() itself did not settle, though the client was connected.
#
# Output seen:
#   ended before it was connected: end() settles, connected 1 times, the broker got 0, the publication stays open
#   ended afterwards: end() settles, connected 1 times, the broker got 1, the publication resolves
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund mqtt@5.16.0 aedes@1.2.0
cat > main.js << 'END'
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';

const broker = await Aedes.createBroker();
let [connected, got] = [0, 0];
broker.on('clientReady', () => connected++);
broker.on('publish', (_, client) => {
  if (client) got++;
});
const server = createServer(broker.handle).listen(0, '127.0.0.1');
await once(server, 'listening');

async function publish(isConnectedFirst) {
  [connected, got] = [0, 0];
  const client = mqtt.connect(`mqtt://127.0.0.1:${server.address().port}`);
  if (isConnectedFirst) await once(client, 'connect');
  let publication = 'stays open';
  client.publishAsync('readings', '21.5').then(
    () => (publication = 'resolves'),
    () => (publication = 'rejects'),
  );
  const end = await Promise.race([client.endAsync().then(() => 'settles'), sleep(10_000, 'stays open')]);
  await sleep(1000);
  return `end() ${end}, connected ${connected} times, the broker got ${got}, the publication ${publication}`;
}

console.log(`ended before it was connected: ${await publish(false)}`);
console.log(`ended afterwards: ${await publish(true)}`);
process.exit();
END
expected='ended before it was connected: end() settles, connected 1 times, the broker got 0, the publication stays open
ended afterwards: end() settles, connected 1 times, the broker got 1, the publication resolves'
seen=$(node main.js)
echo "$seen"
[ "$seen" = "$expected" ]
