#!/bin/sh
# @duckdb/node-api 1.5.6-r.1: two threads of one process open the same file, and each inserts 100 rows, without an error.
# DuckDB refuses a second process. A second thread it lets in, each with an instance of its own, and when both are closed
# half of the committed rows are not in the file.
# Guess, before it was run: the second thread is refused, as a process is.
#
# Output seen:
#   the other thread: has inserted 100 rows
#   100 of 200 rows
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund node@24.21.0 @duckdb/node-api@1.5.6-r.1
cat > main.js << 'END'
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { DuckDBInstance } from '@duckdb/node-api';

async function insert(from) {
  const instance = await DuckDBInstance.create('data.duckdb');
  const connection = await instance.connect();
  await connection.run('CREATE TABLE IF NOT EXISTS t (n INTEGER)');
  for (let n = from; n < from + 100; n++) await connection.run(`INSERT INTO t VALUES (${n})`);
  return () => {
    connection.closeSync();
    instance.closeSync();
  };
}

if (isMainThread) {
  const close = await insert(0);
  const worker = new Worker(new URL(import.meta.url));
  const ended = once(worker, 'exit');
  console.log('the other thread:', (await once(worker, 'message'))[0]);
  await ended;
  close();
  const connection = await (await DuckDBInstance.create('data.duckdb')).connect();
  const rows = (await connection.runAndReadAll('SELECT count(*)::INTEGER FROM t')).getRows();
  console.log(`${rows[0][0]} of 200 rows`);
  process.exit();
} else {
  const said = await insert(100).then((close) => (close(), 'has inserted 100 rows'), (error) => error.message);
  parentPort.postMessage(said);
}
END
cat > expected << 'END'
the other thread: has inserted 100 rows
100 of 200 rows
END
node_modules/node/bin/node main.js > seen
diff expected seen
