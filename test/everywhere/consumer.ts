// A program that uses every part of the public interface, to be compiled as its users' programs are.
import { createServer } from 'node:http';
import { Worker } from 'node:worker_threads';
import { releaseProxy } from 'comlink';
import { Piscina } from 'piscina';
import Tinypool from 'tinypool';
import type { Options, ShutdownReport, WorkerLink } from 'worker-atexit';
import * as atexit from 'worker-atexit';
import { expose, type WorkerGoneError, wrap } from 'worker-atexit/comlink';
import { registerPool as registerPiscina } from 'worker-atexit/piscina';
import { registerPool as registerTinypool } from 'worker-atexit/tinypool';
import { registerPool as registerWorkerpool } from 'worker-atexit/workerpool';
import workerpool from 'workerpool';

const options: Options = { timeout: 5000, signals: ['SIGTERM'], logger: false };
atexit.configure(options);

const close = async (name: string, port?: number): Promise<string> => `${name}:${port}`;
const registered: typeof close = atexit.register(close, 'http', 80);
atexit.register(registered, 'http');
// @ts-expect-error: a port is a number
atexit.register(close, 'http', '80');
atexit.onDrain(createServer());
atexit.unregister(registered);

const pool: Piscina<{ line: string }, number> = registerPiscina(new Piscina<{ line: string }, number>(), {
  name: 'lines',
});
const length: Promise<number> = pool.run({ line: 'one' });
// @ts-expect-error: a task has a line
pool.run({ text: 'one' });
const tinypool: Tinypool = registerTinypool(new Tinypool({ filename: 'task.js' }), { force: true });
const other: workerpool.Pool = registerWorkerpool(workerpool.pool({ workerType: 'thread' }), { timeout: 100 });

interface Parser {
  count(text: string): number;
}
const worker = new Worker('./parser.js');
const link: WorkerLink = atexit.registerWorker(worker, { name: 'parser', timeout: 500 });
const parser = wrap<Parser>(worker, { name: 'parser' });
const words: Promise<number> = parser.count('one two');
// @ts-expect-error: a text is a string
parser.count(2);
parser[releaseProxy]();
expose({ count: (text: string) => text.length });

const isGone = (error: unknown): error is WorkerGoneError =>
  error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_ATEXIT_WORKER_GONE';

atexit.shutdownSignal.addEventListener('abort', () => {
  const { reason } = atexit.shutdownSignal;
  if (reason instanceof atexit.ShutdownError) console.log(reason.route, reason.signal, reason.exitCode);
});
const report: ShutdownReport = await atexit.shutdown({ reason: 'done', timeout: 100 });
for (const { name, status, diagnosis } of report.workers) console.log(name, status, diagnosis ?? '');
if (!atexit.isShuttingDown()) await atexit.exit(3);

export { isGone, length, link, other, tinypool, words };
