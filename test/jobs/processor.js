// A processor that keeps the lines of its jobs in memory, and writes them in batches, as many do. Its job is done before its
// lines are on disk: what it has not written when it ends is lost, unless it is told of its end.
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { register } from 'worker-atexit';

const BATCH = 25;
let lines = [];
let folder;

async function flush() {
  const batch = lines;
  lines = [];
  // As long as a slow disk takes.
  await sleep(20);
  if (batch.length > 0) await appendFile(join(folder, 'index'), batch.join(''));
}

if (process.env.SLOW) await sleep(Number(process.env.SLOW));
register(flush);

export default async function index(job, _token, signal) {
  folder = job.data.folder;
  const { takes = 5, heeds = true } = job.data;
  await sleep(takes, undefined, heeds ? { signal } : {});
  lines.push(`${job.id}\n`);
  if (lines.length >= BATCH) await flush();
}
