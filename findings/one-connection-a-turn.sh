#!/bin/sh
# Node 20.20.2 (libuv 1.46), Linux: a server accepts one connection a turn of its event loop, however many wait. A client's
# 'connect' says nothing about that: the system has accepted it, the program has not. server.close() resets those that wait,
# with the requests that they have sent already, so a graceful close right after a burst fails most of it.
# Guess, before it was run: all that wait are accepted in one go, as libuv's loop around accept() suggests.
#
# Output seen:
#   20 connected, accepted by turn: 1 2 3 4 5
#   closed: 15 reset
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund node@20.20.2 > /dev/null
cat > main.js << 'END'
import { connect, createServer } from 'node:net';

const COUNT = 20;
let [accepted, connected, reset] = [0, 0, 0];
const server = createServer((socket) => {
  accepted++;
  socket.on('error', () => {}).resume();
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  for (let n = 0; n < COUNT; n++) {
    connect(port, '127.0.0.1')
      .on('connect', () => connected++)
      .on('error', () => reset++)
      .write('request');
  }
  const turns = [];
  const look = () => {
    if (accepted > 0) turns.push(accepted);
    if (turns.length < 5) return setImmediate(look);
    console.log(`${connected} connected, accepted by turn: ${turns.join(' ')}`);
    server.close();
    return setTimeout(() => {
      console.log(`closed: ${reset} reset`);
      process.exit();
    }, 500);
  };
  setImmediate(look);
});
END
cat > expected << 'END'
20 connected, accepted by turn: 1 2 3 4 5
closed: 15 reset
END
node_modules/node/bin/node main.js > seen
diff expected seen
