#!/bin/sh
# lockfile 1.0.4 and proper-lockfile 4.1.2: both lock `data` by `data.lock`, the first with a file, the second with a folder.
# While the other one holds it each says so, as it should. Once the lock is stale (its owner was killed), neither can take
# it over: proper-lockfile fails with ENOTDIR, lockfile with EEXIST, each time from then on, until somebody removes it by hand.
# Guess, before it was run: whoever comes second takes the stale lock over.
#
# Output seen:
#   a file, fresh: proper-lockfile ELOCKED
#   a file, stale: proper-lockfile ENOTDIR
#   a file, stale: lockfile locked
#   a folder, fresh: lockfile EEXIST
#   a folder, stale: lockfile EEXIST
#   a folder, stale: proper-lockfile locked
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund lockfile@1.0.4 proper-lockfile@4.1.2
cat > main.js << 'END'
import { mkdirSync, rmdirSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import lockfile from 'lockfile';
import properLockfile from 'proper-lockfile';

const told = (promise) => promise.then(() => 'locked', (error) => error.code);
const proper = () => told(properLockfile.lock('data', { stale: 5000 }));
const plain = () => told(promisify(lockfile.lock)('data.lock', { stale: 500 }));
// One asks for the time of the last write, the other for that of the last change, which cannot be set.
const makeOld = async () => {
  utimesSync('data.lock', new Date(0), new Date(0));
  await sleep(1000);
};

writeFileSync('data', '');
lockfile.lockSync('data.lock');
console.log('a file, fresh: proper-lockfile', await proper());
await makeOld();
console.log('a file, stale: proper-lockfile', await proper());
console.log('a file, stale: lockfile', await plain());
lockfile.unlockSync('data.lock');
mkdirSync('data.lock');
console.log('a folder, fresh: lockfile', await plain());
await makeOld();
console.log('a folder, stale: lockfile', await plain());
console.log('a folder, stale: proper-lockfile', await proper());
await properLockfile.unlock('data');
END
cat > expected << 'END'
a file, fresh: proper-lockfile ELOCKED
a file, stale: proper-lockfile ENOTDIR
a file, stale: lockfile locked
a folder, fresh: lockfile EEXIST
a folder, stale: lockfile EEXIST
a folder, stale: proper-lockfile locked
END
node main.js > seen
diff expected seen
