#!/bin/sh
# Node 24.21.0: a worker holds a Web Lock, another thread waits for it, and the worker is terminated.
# The lock is free from then on, and nobody is told: the request that was waiting is granted only when somebody asks for
# a lock anew, a second or an hour later. `ifAvailable` on a timer is enough to wake all that wait.
# Guess, before it was run: the waiting request is granted as soon as the worker is gone.
#
# Output seen:
#   the request that was waiting, after 1 s: waits
#   asked with ifAvailable: granted
#   the request that was waiting: granted
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund node@24.21.0
cat > main.js << 'END'
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  await once(worker, 'message');
  let granted = 'waits';
  navigator.locks.request('mine', () => { granted = 'granted'; });
  await sleep(100);
  await worker.terminate();
  await sleep(1000);
  console.log('the request that was waiting, after 1 s:', granted);
  console.log('asked with ifAvailable:', await navigator.locks.request('mine', { ifAvailable: true }, (lock) => (lock ? 'granted' : 'held')));
  await sleep(200);
  console.log('the request that was waiting:', granted);
  process.exit();
} else {
  navigator.locks.request('mine', () => new Promise(() => {}));
  await sleep(50);
  parentPort.postMessage('held');
  setInterval(() => {}, 1000);
}
END
cat > expected << 'END'
the request that was waiting, after 1 s: waits
asked with ifAvailable: granted
the request that was waiting: granted
END
node_modules/node/bin/node main.js > seen
diff expected seen
