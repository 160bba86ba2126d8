#!/bin/sh
# @parcel/watcher 2.6.0 on Node 24.21.0: loaded by a worker that ends, and then by the next worker.
# The second require() fails: the shared library has been loaded once, its registration is not run again, and nobody else
# in the process keeps it. It works for any number of workers where the main thread has loaded it, too.
# Guess, before it was run: it works; a native addon is loaded a second time by dlopen as ever.
#
# Output seen:
#   worker 1: works
#   worker 2: Module did not self-register
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund node@24.21.0 @parcel/watcher@2.6.0
cat > main.js << 'END'
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const load = () => {
  try {
    createRequire(import.meta.url)('@parcel/watcher');
    return 'works';
  } catch (error) {
    return error.message.split(':')[0];
  }
};
if (isMainThread) {
  for (let i = 1; i <= 2; i++) {
    const worker = new Worker(new URL(import.meta.url));
    const ended = once(worker, 'exit');
    console.log(`worker ${i}: ${(await once(worker, 'message'))[0]}`);
    await ended;
  }
} else parentPort.postMessage(load());
END
cat > expected << 'END'
worker 1: works
worker 2: Module did not self-register
END
node_modules/node/bin/node main.js > seen
diff expected seen
