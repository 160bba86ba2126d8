import { js } from './program.js';

const open = js`
  const sqlite = await import('node:sqlite').catch(() => undefined);
  if (sqlite === undefined) { say('—'); process.exit(); }
  const begin = (file) => {
    const database = new sqlite.DatabaseSync(file);
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (n); INSERT INTO t VALUES (1)');
    globalThis.kept = database;
    return database;
  };`;
const inWorker = (end, worker = 'setInterval(() => {}, 1000);') => js`${open}
  if (isMainThread) {
    const worker = thread();
    const exit = once(worker, 'exit');
    await once(worker, 'message');
    ${end}
  } else {
    begin('db');
    parentPort.postMessage('open');
    parentPort.once('message', () => process.exit());
    ${worker}
  }`;
const tidied = ({ stdout, read }) =>
  stdout.includes('—') ? '—' : read('db-wal') === undefined ? 'tidied' : '`-wal` is left';

export default {
  name: 'databases',
  title: 'SQLite (`node:sqlite`, write-ahead log)',
  intro:
    'An open database whose `close()` nobody calls. Where `-wal` is left, nothing is lost; the next to open it recovers.',
  rows: [
    {
      what: 'an open database of a worker whose event loop runs empty',
      program: inWorker('await exit;', 'setTimeout(() => parentPort.close(), 50);'),
      cell: tidied,
      words: { deno: 'either' },
      instead: '`register(() => database.close())` in each thread',
    },
    {
      what: 'an open database of a worker that calls `process.exit()`',
      program: inWorker('worker.postMessage(1); await exit;'),
      cell: tidied,
      instead: 'as above',
    },
    {
      what: 'an open database of a worker that is terminated',
      program: inWorker('await worker.terminate();'),
      cell: tidied,
      words: { deno: 'either' },
      instead: 'as above, and `registerWorker(worker)`',
    },
    {
      what: 'an open database of a worker, when the main thread calls `process.exit()`',
      program: inWorker('process.exit();'),
      cell: tidied,
      instead: 'as above',
    },
    {
      what: 'an open database of the main thread, whose event loop runs empty',
      program: `${open} begin('db');`,
      cell: tidied,
      instead: 'as above',
    },
    {
      what: 'an open database of the main thread, which calls `process.exit()`',
      program: `${open} begin('db'); process.exit();`,
      cell: tidied,
      instead: 'as above',
    },
    {
      what: 'an open database of the main thread, after an uncaught error',
      program: `${open} begin('db'); throw new Error('mine');`,
      cell: tidied,
      instead: 'as above',
    },
    {
      what: 'an open transaction of a worker that is terminated: rows that another connection sees, and whether it can write',
      program: js`${open}
        if (isMainThread) {
          const worker = thread();
          await once(worker, 'message');
          await worker.terminate();
          const other = new sqlite.DatabaseSync('db');
          const { n } = other.prepare('SELECT count(*) AS n FROM t').get();
          let writes = 'writes';
          try { other.exec('INSERT INTO t VALUES (3)'); } catch (error) { writes = error.message; }
          say(n + ', ' + writes);
          process.exit();
        } else {
          begin('db').exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (2)');
          parentPort.postMessage('open');
          setInterval(() => {}, 1000);
        }`,
      words: { deno: '1, for a while `database is locked`' },
      instead:
        'commit in a handler; where the thread’s descriptors stay open, so does its lock, until the process ends',
    },
  ],
};
