// What worker-atexit/auto leaves in the environment.   node --require worker-atexit/auto auto-environment.js
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { isMainThread, SHARE_ENV, Worker } from 'node:worker_threads';

const NAME = 'PISCINA_DISABLE_ATOMICS';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { env: SHARE_ENV });
  worker.once('exit', () => fs.writeSync(1, `main ${process.env[NAME]}\n`));
} else {
  const script = `process.stdout.write('child ' + process.env.${NAME})`;
  const env = { ...process.env, NODE_OPTIONS: '' };
  fs.writeSync(1, `worker ${process.env[NAME]}\n`);
  fs.writeSync(1, `${execFileSync(process.execPath, ['-e', script], { env })}\n`);
}
