// The program: a Piscina pool indexes the text files under node_modules into segment files. Each document that a task
// says is done is noted in the file `done`, at once, so that it can be checked later whether it was kept.
//   node index.js OUTPUT [options of demo.js]
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Presets, SingleBar } from 'cli-progress';
import { Piscina } from 'piscina';
import { readOptions } from './options.js';

const THREADS = 4;
const IN_FLIGHT = 4 * THREADS;
const TEXT = /\.([cm]?[jt]s|json|md|txt|ya?ml)$/;

const [output, ...args] = process.argv.slice(2);
const { options } = readOptions(args);
const corpus = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** Tools keep what changes in folders that begin with a dot. */
function findDocuments(folder = '') {
  return fs
    .readdirSync(path.join(corpus, folder), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .flatMap((entry) => {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) return findDocuments(name);
      return entry.isFile() && TEXT.test(name) ? [name] : [];
    });
}

/** As many as take a few seconds: so many that there is time to press Ctrl+C. */
const DOCUMENTS = 2000;

/** The same order in each run, in which documents of one package, which are large or small together, are far apart. */
function inOrder(documents) {
  const hash = (document) => createHash('sha256').update(document).digest('hex');
  return documents
    .map((document) => [hash(document), document])
    .sort()
    .map(([, document]) => document);
}

function createBar() {
  if (!process.stderr.isTTY) return undefined;
  return new SingleBar(
    {
      format: '{bar} {percentage}% | {value} of {total} documents | {duration} s',
      // It would listen for SIGINT and SIGTERM, and never end the program: then nobody else takes them for unheard.
      gracefulExit: false,
      // A death by signal must not leave the terminal changed.
      linewrap: true,
    },
    Presets.shades_classic,
  );
}

/** The ends that were asked for. They keep nothing alive: the work may be done before. */
function startTimers() {
  const ends = {
    interrupt: () => process.kill(process.pid, 'SIGINT'),
    exit: () => process.exit(0),
    crash() {
      throw new Error('a crash, as --crash asks');
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    if (options[name] !== undefined) setTimeout(end, options[name]).unref();
  }
}

async function main() {
  const atexit = options.without ? undefined : await import('worker-atexit');
  const piscina = options.without ? undefined : await import('worker-atexit/piscina');
  const isShuttingDown = atexit ? atexit.isShuttingDown : () => false;

  const documents = inOrder(findDocuments()).slice(0, options.documents ?? DOCUMENTS);
  console.log(`indexing ${documents.length} documents in ${THREADS} threads of process ${process.pid}`);

  const pool = new Piscina({
    filename: new URL(options.without ? './task-without.js' : './task.js', import.meta.url).href,
    minThreads: THREADS,
    maxThreads: THREADS,
    workerData: { corpus, output },
  });
  piscina?.registerPool(pool, { name: 'indexer' });

  const list = fs.openSync(path.join(output, 'done'), 'a');
  const bar = createBar();
  bar?.start(documents.length, 0);
  process.once('exit', () => bar?.stop());
  let done = 0;

  atexit?.configure({ onReport: (report) => console.log(String(report)) });
  atexit?.shutdownSignal.addEventListener('abort', () => bar?.stop());
  atexit?.register(function closeList() {
    fs.closeSync(list);
  });

  let next = 0;
  /** One of the tasks in flight, and when it is done the next one. */
  async function feed() {
    while (next < documents.length && !isShuttingDown()) {
      const document = documents[next++];
      if (!(await pool.run(document))) continue;
      fs.writeSync(list, `${document}\n`);
      done++;
      bar?.update(done);
      if (done === 1) startTimers();
    }
  }
  try {
    // Until every thread is there: a Node 20 that ends while one loads its module by require() may abort, whatever it uses.
    await Promise.all(Array.from({ length: THREADS }, () => pool.run(undefined)));
    await Promise.all(Array.from({ length: IN_FLIGHT }, feed));
  } catch (error) {
    // The pool refuses new work once the shutdown has begun.
    if (error.code !== 'ERR_WORKER_ATEXIT_SHUTDOWN') throw error;
  }
  bar?.stop();
  // With worker-atexit nothing is left to do. Without it, this is as graceful as a pool can end.
  if (!atexit) await pool.close();
}

// Not awaited here: process.exit() while a module is evaluated can change the exit code.
main();
