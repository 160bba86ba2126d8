#!/bin/sh
# Node 20.20.2 and 26.10.0 (the package node; 22.23.3 and 24.21.0 do the same): http.Server.close() cuts an answer short that the program has ended
# and that is still being written. close() calls closeIdleConnections(), for which a connection is idle as soon as its answer
# is complete, although megabytes of it still wait for a slow reader. The graceful close loses the end of the answer; the
# very same close() before response.end() loses nothing.
# Guess, before it was run: close() lets answers that have begun finish, as its documentation says of connections.
#
# Output seen (on each):
#   close() before end(): whole
#   close() after end(): aborted
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
cat > main.js << 'END'
import { createServer, get } from 'node:http';

const LENGTH = 20_000_000;

function serve(isClosedFirst) {
  return new Promise((resolve) => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-length': LENGTH });
      if (isClosedFirst) server.close();
      response.end(Buffer.alloc(LENGTH));
      if (!isClosedFirst) setTimeout(() => server.close(), 20);
    });
    server.listen(0, '127.0.0.1', () => {
      get({ port: server.address().port, host: '127.0.0.1' }, (response) => {
        let read = 0;
        // A slow reader.
        response.on('data', (chunk) => {
          read += chunk.length;
          response.pause();
          setTimeout(() => response.resume(), 1);
        });
        response.on('error', ({ message }) => resolve(message));
        response.on('end', () => resolve(read === LENGTH ? 'whole' : 'short'));
      });
    });
  });
}

console.log('close() before end():', await serve(true));
console.log('close() after end():', await serve(false));
process.exit();
END
cat > expected << 'END'
close() before end(): whole
close() after end(): aborted
END
for version in 20.20.2 26.10.0; do
  npm install --silent --no-audit --no-fund "node@$version" > /dev/null
  node_modules/node/bin/node main.js > seen
  diff expected seen
done
