#!/bin/sh
# node:sqlite (Node 24.21.0) and better-sqlite3 13.2.0 in one process, one database file, write-ahead log.
# The first begins a transaction with BEGIN IMMEDIATE, which is there so that no second writer gets in. The second begins one as
# well, at once, and both commit without an error. Then the row of the first is gone, and the integrity check says ok.
# Each package carries an SQLite of its own. POSIX locks belong to the process and not to the descriptor, so that two copies
# of SQLite in one process do not see each other's. Two processes do: the second is told SQLITE_BUSY.
# Guess, before it was run: the second is told SQLITE_BUSY.
#
# Output seen:
#   the second begins to write
#   the first has committed
#   the second has committed
#   writers whose row is there: 2
#   integrity: ok
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund node@24.21.0 better-sqlite3@13.2.0
cat > main.js << 'END'
import { DatabaseSync } from 'node:sqlite';
import Database from 'better-sqlite3';

const first = new DatabaseSync('data.db');
first.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (writer); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)');
const second = new Database('data.db', { timeout: 200 });
try {
  second.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (2)");
  console.log('the second begins to write');
  first.exec('COMMIT');
  console.log('the first has committed');
  second.exec('COMMIT');
  console.log('the second has committed');
} catch (error) {
  console.log(error.code, error.message);
}
first.close();
second.close();
const third = new DatabaseSync('data.db');
console.log('writers whose row is there:', third.prepare('SELECT group_concat(writer) AS kept FROM t').get().kept);
console.log('integrity:', third.prepare('PRAGMA integrity_check').get().integrity_check);
END
cat > expected << 'END'
the second begins to write
the first has committed
the second has committed
writers whose row is there: 2
integrity: ok
END
node_modules/node/bin/node main.js > seen
diff expected seen
