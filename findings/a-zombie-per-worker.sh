#!/bin/sh
# Node 24.21.0: a worker that has started a child process is terminated, and the child ends afterwards.
# Nobody reaps it: it stays in the process table, state Z, for as long as the main thread lives, also when the main thread
# starts and reaps children of its own meanwhile. A service that ends workers like this fills its container's limit of pids.
# Guess, before it was run: it is reaped, since SIGCHLD is the process's.
#
# Output seen:
#   the child of the terminated worker: Z
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund node@24.21.0
cat > main.js << 'END'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  const [pid] = await once(worker, 'message');
  await worker.terminate();
  await sleep(1000);
  await once(spawn('true'), 'exit');
  await sleep(500);
  const state = () => { try { return readFileSync(`/proc/${pid}/stat`, 'utf8').match(/\) (\w)/)[1]; } catch { return 'gone'; } };
  console.log('the child of the terminated worker:', state());
  process.exit();
} else {
  const child = spawn('sleep', ['0.5'], { stdio: 'ignore' });
  child.once('spawn', () => parentPort.postMessage(child.pid));
}
END
cat > expected << 'END'
the child of the terminated worker: Z
END
node_modules/node/bin/node main.js > seen
diff expected seen
