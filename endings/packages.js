import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { js, waited } from './program.js';

/** What stands in a package's row where nothing of the kind was tried. */
const NODE_ONLY = { bun: 'not tried', deno: 'not tried' };
const SINCE_22 = { 'node@20': 'its binary is for 22 and later', ...NODE_ONLY };
/** A worker that does `work` and says so; then the program is ended by `end`. */
const ends = (work, end, before = '') => js`
  ${before}
  if (isMainThread) {
    const worker = thread();
    worker.on('error', () => {});
    await once(worker, 'message');
    ${end}
  } else {
    parentPort.once('message', () => process.exit());
    ${work}
    parentPort.postMessage('ready');
    setInterval(() => {}, 1000);
  }`;
const TERMINATE = 'await worker.terminate();';
const MAIN_EXIT = 'process.exit();';
const WORKER_EXIT = "worker.postMessage(1); await once(worker, 'exit');";
const SIGTERM = "process.kill(process.pid, 'SIGTERM'); await sleep(1000);";

const left =
  (name) =>
  ({ folder }) =>
    existsSync(join(folder, name)) ? 'is left' : 'is gone';

export default {
  name: 'packages',
  title: 'Native packages, embedded stores, clients',
  intro: 'What to close, and where: [native packages](native.md).',
  rows: [
    {
      what: 'bcrypt, argon2, DuckDB: a worker ends while a call of it runs',
      words: { node: 'can abort the whole process (kelektiv/node.bcrypt.js#980)', bun: 'not tried', deno: 'not tried' },
      instead: 'await in a handler what was called; end a worker by `exit()` of this library',
    },
    {
      what: 'DuckDB: two threads open one file, each inserts 100 rows and closes: rows in the file',
      program: js`
        const { DuckDBInstance } = require('@duckdb/node-api');
        const insert = async (from) => {
          const instance = await DuckDBInstance.create('duck.db');
          const connection = await instance.connect();
          await connection.run('CREATE TABLE IF NOT EXISTS t (n INTEGER)');
          for (let i = from; i < from + 100; i++) await connection.run('INSERT INTO t VALUES (' + i + ')');
          return { instance, connection };
        };
        if (isMainThread) {
          const mine = await insert(0);
          const worker = thread();
          const [text] = await once(worker, 'message');
          await once(worker, 'exit');
          mine.connection.closeSync();
          mine.instance.closeSync();
          const instance = await DuckDBInstance.create('duck.db');
          const connection = await instance.connect();
          const rows = (await connection.runAndReadAll('SELECT count(*) FROM t')).getRows();
          say(text === 'closed' ? rows[0][0] + ' of 200' : text);
          process.exit();
        } else {
          try {
            const its = await insert(100);
            its.connection.closeSync();
            its.instance.closeSync();
            parentPort.postMessage('closed');
          } catch (error) {
            parentPort.postMessage('refused: ' + error.message.split('\n')[0].slice(0, 60));
          }
        }`,
      runs: 2,
      words: NODE_ONLY,
      instead: 'one instance a process: the other threads ask that one. Nothing warns',
    },
    {
      what: 'DuckDB: a second process opens the file',
      program: js`
        const { DuckDBInstance } = require('@duckdb/node-api');
        const opened = await DuckDBInstance.create('duck.db').then(() => 'allowed', () => 'refused');
        if (process.argv[2]) say(opened);
        else {
          children.spawnSync(process.execPath, ['main.mjs', 'second'], { stdio: 'inherit' });
          process.exit();
        }`,
      words: NODE_ONLY,
      instead: '`access_mode: "READ_ONLY"` in every one, or one owner',
    },
    {
      what: 'zeromq: one message that nobody has fetched',
      words: {
        node: 'every end but a signal waits for the `linger` of the socket, for ever by default; `close()` does not help',
        ...NODE_ONLY,
      },
      instead: '`linger: 0`, or a limit',
    },
    {
      what: 'zeromq in a worker: the same with `linger: 1500`, `process.exit()` of the main thread',
      program: ends(
        js`
          const { Push } = require('zeromq');
          const socket = new Push({ linger: 1500 });
          socket.connect('tcp://127.0.0.1:1');
          socket.send('hello').catch(() => {});
          await sleep(100);
          globalThis.socket = socket;`,
        MAIN_EXIT,
      ),
      cell: ({ ms }) => waited(ms, 1500),
      words: NODE_ONLY,
      instead: 'set it where the socket is made',
    },
    {
      what: '@parcel/watcher: `require()` in a worker, after the only worker that had it is gone',
      program: js`
        if (isMainThread) {
          for (let i = 0; i < 2; i++) {
            const worker = thread();
            worker.on('message', (text) => { if (i === 1) say(text); });
            await once(worker, 'exit');
          }
        } else {
          try { require('@parcel/watcher'); parentPort.postMessage('works'); } catch (error) { parentPort.postMessage('throws ' + error.message.split('\n')[0].replace(/\/\S*/, '…')); }
        }`,
      words: NODE_ONLY,
      instead: '`import` it in the main thread as well, and leave it there',
    },
    {
      what: 'the same, where the main thread has loaded it as well',
      program: js`
        const text = () => { try { require('@parcel/watcher'); return 'works'; } catch (error) { return 'throws ' + error.message.split('\n')[0].replace(/\/\S*/, '…'); } };
        if (isMainThread) {
          text();
          for (let i = 0; i < 2; i++) {
            const worker = thread();
            const exit = once(worker, 'exit');
            worker.on('message', (told) => { if (i === 1) say(told); });
            await exit;
          }
        } else parentPort.postMessage(text());`,
      words: NODE_ONLY,
      instead: 'so',
    },
    {
      what: 'signal-exit 3 and 4 in one program (proper-lockfile, execa): at `process.exit()` the hooks of',
      program: js`
        const three = require('signal-exit-3');
        const { onExit } = require('signal-exit');
        three(() => say('3'));
        onExit(() => say('4'));
        process.exit();`,
      cell: ({ lines }) => lines.sort().join(', '),
      words: { bun: 'not tried', deno: 'not tried' },
      instead: 'as below',
    },
    {
      what: 'the same, SIGTERM: the hooks of',
      program: js`
        const three = require('signal-exit-3');
        const { onExit } = require('signal-exit');
        three(() => say('3'));
        onExit(() => say('4'));
        process.kill(process.pid, 'SIGTERM');
        await sleep(1000);`,
      cell: ({ lines }) => lines.sort().join(', ') || 'neither',
      words: { bun: 'not tried', deno: 'not tried' },
      instead: '`register(() => release())` yourself',
    },
    {
      what: 'classic-level: a worker opens what the main thread has open',
      program: js`
        const { ClassicLevel } = require('classic-level');
        const database = new ClassicLevel('level');
        if (isMainThread) {
          await database.open();
          const [text] = await once(thread(), 'message');
          say(text);
          process.exit();
        } else await database.open().then(() => parentPort.postMessage('allowed'), (error) => parentPort.postMessage('refused: ' + error.cause?.code));`,
      words: NODE_ONLY,
      instead: 'one thread owns it',
    },
    {
      what: 'classic-level: the main thread opens what a worker had open that was terminated',
      program: js`
        const { ClassicLevel } = require('classic-level');
        const open = async () => await (globalThis.kept = new ClassicLevel('level')).open();
        if (isMainThread) {
          const worker = thread();
          await once(worker, 'message');
          await worker.terminate();
          say(await open().then(() => 'allowed', (error) => 'refused: ' + error.cause?.code));
          process.exit();
        } else {
          await open();
          parentPort.postMessage('open');
          setInterval(() => {}, 1000);
        }`,
      words: NODE_ONLY,
      instead: 'free after every end',
    },
    {
      what: 'lmdb: 20,000 `put()`s of a worker that nobody awaits, `terminate()`: how many are there',
      words: { node: 'all; now and then `terminate()` has no end', ...NODE_ONLY },
      instead: '`await database.close()` in a handler',
    },
    {
      what: 'lmdb: 20,000 `put()`s of a worker that nobody awaits, `process.exit()` of the main thread: how many are there',
      words: { node: 'all; now and then the process has no end', ...NODE_ONLY },
      instead: 'as above',
    },
    {
      what: 'lmdb: 20,000 `put()`s of a worker that nobody awaits, SIGTERM: how many are there',
      words: { node: 'none, or by luck all: it is one batch', ...NODE_ONLY },
      instead: 'as above',
    },
    {
      what: 'better-sqlite3, an open transaction of a worker that is terminated: rows, and whether another connection can write',
      program: js`
        const Database = require('better-sqlite3');
        if (isMainThread) {
          const worker = thread();
          await once(worker, 'message');
          await worker.terminate();
          const other = new Database('db');
          let writes = 'writes';
          try { other.exec('INSERT INTO t VALUES (3)'); } catch (error) { writes = error.code; }
          say(other.prepare('SELECT count(*) AS n FROM t').get().n - (writes === 'writes' ? 1 : 0) + ', ' + writes);
        } else {
          const database = new Database('db');
          database.pragma('journal_mode = WAL');
          database.exec('CREATE TABLE t (n); BEGIN IMMEDIATE; INSERT INTO t VALUES (2)');
          parentPort.postMessage('open');
          setInterval(() => {}, 1000);
        }`,
      words: SINCE_22,
      cell: ({ stdout, stderr }) =>
        stdout.trim() ||
        stderr
          .split('\n')
          .find((line) => line.includes('Error'))
          ?.trim(),
      instead: 'commit in a handler',
    },
    ...[
      ['`process.exit()` of the main thread', MAIN_EXIT],
      ['SIGTERM', SIGTERM],
    ].map(([how, end]) => ({
      what: `better-sqlite3 in a worker, write-ahead log, ${how}: \`-wal\``,
      program: ends(
        js`
          const Database = require('better-sqlite3');
          const database = new Database('db');
          database.pragma('journal_mode = WAL');
          database.exec('CREATE TABLE t (n); INSERT INTO t VALUES (2)');
          globalThis.database = database;`,
        end,
      ),
      cell: left('db-wal'),
      words: SINCE_22,
      instead: '`register(() => database.close())` in that worker',
    })),
    ...[
      ['`terminate()`', `${TERMINATE} process.exit();`],
      ["the worker's `process.exit()`", `${WORKER_EXIT}`],
      ['`process.exit()` of the main thread', MAIN_EXIT],
      ['SIGTERM', SIGTERM],
    ].flatMap(([how, end]) => [
      {
        what: `proper-lockfile in a worker, ${how}: the lock`,
        program: ends("await require('proper-lockfile').lock('main.mjs');", end),
        cell: left('main.mjs.lock'),
        words: NODE_ONLY,
        instead: '`register(release)`; whoever comes next waits until it is `stale`',
      },
      {
        what: `tmp in a worker (\`setGracefulCleanup()\`), ${how}: the folder`,
        program: ends(
          "const tmp = require('tmp'); tmp.setGracefulCleanup(); tmp.dirSync({ tmpdir: process.cwd(), name: 'scratch' });",
          end,
        ),
        cell: left('scratch'),
        words: NODE_ONLY,
        instead: '`register(removeCallback)`',
      },
    ]),
    ...[
      ['`terminate()`', `${TERMINATE} await sleep(1200); process.exit();`],
      ['`process.exit()` of the main thread', MAIN_EXIT],
    ].map(([how, end]) => ({
      what: `execa in a worker, ${how}: its child`,
      program: ends(
        "const { execa } = await import('execa'); execa('sh', ['-c', 'sleep 0.6; touch lives'], { stdio: 'ignore' }).catch(() => {}); await sleep(50);",
        end,
      ),
      after: 1200,
      cell: ({ folder }) => (existsSync(join(folder, 'lives')) ? 'lives on' : 'ends'),
      words: NODE_ONLY,
      instead: '`register(() => child.kill())`',
    })),
    {
      what: 'sharp: `toFile()` in flight in a worker that is terminated: the file',
      program: js`
        const sharp = require('sharp');
        if (isMainThread) {
          const worker = thread();
          await once(worker, 'message');
          await worker.terminate();
          if (!fs.existsSync('out.png')) say('no file');
          else await sharp('out.png').stats().then(() => say('whole'), () => say('a part'));
          process.exit();
        } else {
          sharp({ create: { width: 4000, height: 2000, channels: 3, background: 'red' } }).blur(5).png().toFile('out.png', () => {});
          parentPort.postMessage('runs');
          setInterval(() => {}, 1000);
        }`,
      words: NODE_ONLY,
      instead: 'the end waits for it; bound what you queue',
    },
    {
      what: 'pg: a query of a worker that is terminated: whether it goes on at the server after 1 s',
      server: 'postgres',
      runs: 1,
      program: js`
        const { Client } = require('pg');
        if (isMainThread) {
          const worker = thread();
          await once(worker, 'message');
          await worker.terminate();
          await sleep(1000);
          const client = new Client({ database: 'postgres' });
          await client.connect();
          const { rows } = await client.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'");
          await client.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'");
          say(rows.length > 0 ? 'yes' : 'no');
          process.exit();
        } else {
          const client = new Client({ database: 'postgres' });
          await client.connect();
          client.query('SELECT pg_sleep(20)').catch(() => {});
          await sleep(200);
          parentPort.postMessage('runs');
          setInterval(() => {}, 1000);
        }`,
      words: NODE_ONLY,
      instead:
        '`pg_cancel_backend()` in a handler, and `statement_timeout`, or `client_connection_check_interval` at the server',
    },
    {
      what: 'ioredis: 20,000 `set()`s of a worker that nobody awaits, then an end: how many the server has',
      words: { node: 'from none to all, by luck; the most of them by the worker’s own `process.exit()`', ...NODE_ONLY },
      instead: '`await redis.quit()` in a handler',
    },
    {
      what: 'grpc-js: a call in flight of a worker that is terminated: what the server sees',
      program: js`
        const grpc = require('@grpc/grpc-js');
        const bytes = (value) => value;
        const service = { hang: { path: '/s/hang', requestStream: false, responseStream: false, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes } };
        if (isMainThread) {
          const server = new grpc.Server();
          const port = await new Promise((done) => {
            let worker;
            server.addService(service, { hang: (call) => { call.on('cancelled', () => { say('cancelled'); process.exit(); }); worker.terminate(); } });
            server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (_, bound) => { worker = thread(bound); });
            setTimeout(() => { say('nothing'); process.exit(); }, 4000);
          });
        } else {
          const Client = grpc.makeGenericClientConstructor(service, 's');
          new Client('127.0.0.1:' + workerData, grpc.credentials.createInsecure()).hang(Buffer.from('x'), () => {});
        }`,
      words: NODE_ONLY,
      instead: 'the server may stop; `client.close()` in a handler says so earlier',
    },
    {
      what: 'fs-ext: `flock()` of a worker that is terminated; node-pty: its program',
      words: { node: 'released; ended (built from source, so by no program of this page)', ...NODE_ONLY },
      instead: 'nothing',
    },
  ],
};
