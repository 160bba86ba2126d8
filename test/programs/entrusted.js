// What on-main.js entrusts to the main thread.
import fs from 'node:fs';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';

export function save(dir, { text }) {
  fs.appendFileSync(path.join(dir, 'log'), `${text} by the ${isMainThread ? 'main thread' : 'worker'}\n`);
}
