#!/bin/sh
# Node 24.21.0: one error, two ways out of a worker, and each loses what the other keeps.
# Posted, an AggregateError arrives as an Error without `errors`, and `code` is gone; a DOMException (what an AbortSignal
# aborts with) stays whole. Thrown, so that it arrives as the 'error' event, AggregateError and `code` stay; but the
# DOMException arrives as an Error whose name and message are lost: an abort can no longer be told from any other error.
# Guess, before it was run: an AggregateError keeps its errors, `code` is lost, a DOMException stays whole, on both ways.
#
# Output seen:
#   message, aggregate: Error "many", code undefined, no errors
#   message, coded: Error "not there", code undefined, no errors
#   message, aborted: AbortError "This operation was aborted", code 20, no errors
#   error, aggregate: AggregateError "many", code undefined, 1 errors
#   error, coded: Error "not there", code ENOENT, no errors
#   error, aborted: Error "", code undefined, no errors
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund node@24.21.0
cat > main.js << 'END'
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const errors = {
  aggregate: () => new AggregateError([new Error('one')], 'many'),
  coded: () => Object.assign(new Error('not there'), { code: 'ENOENT' }),
  aborted: () => AbortSignal.abort().reason,
};
if (isMainThread) {
  for (const way of ['message', 'error']) {
    for (const kind of Object.keys(errors)) {
      const worker = new Worker(new URL(import.meta.url), { workerData: { way, kind } });
      const [error] = await once(worker, way);
      const { name, message, code } = error;
      console.log(`${way}, ${kind}: ${name} "${message}", code ${code}, ${error.errors?.length ?? 'no'} errors`);
    }
  }
} else if (workerData.way === 'message') parentPort.postMessage(errors[workerData.kind]());
else throw errors[workerData.kind]();
END
cat > expected << 'END'
message, aggregate: Error "many", code undefined, no errors
message, coded: Error "not there", code undefined, no errors
message, aborted: AbortError "This operation was aborted", code 20, no errors
error, aggregate: AggregateError "many", code undefined, 1 errors
error, coded: Error "not there", code ENOENT, no errors
error, aborted: Error "", code undefined, no errors
END
node_modules/node/bin/node main.js > seen
diff expected seen
