// The demo: starts the program (`index.js`), waits for it to end in whatever way, and has another process (`verify.js`)
// find out, from what reached the disk, whether any document was lost. `--help` tells what it can be told.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HELP, readOptions } from './options.js';

/** `verify.js` has found something lost, or twice. */
const NOT_KEPT = 3;

const args = process.argv.slice(2);
const { options, mistakes } = readOptions(args);
if (mistakes.length > 0) {
  console.error(`${mistakes.join('\n')}\n\n${HELP}`);
  process.exit(2);
}
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

let child;
// A terminal sends Ctrl+C to everybody in the foreground, so the program has it already.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child?.kill(signal));

/** Runs a file of this folder to its end. */
function run(name, ...rest) {
  const file = fileURLToPath(new URL(name, import.meta.url));
  child = spawn(process.execPath, [file, ...rest], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

/** Whether the program ended in a way that somebody asked for. */
function isExpected({ code, signal }) {
  return signal !== null || code === 0 || code > 128 || (code === 1 && options.crash !== undefined);
}

const output = fs.mkdtempSync(path.join(os.tmpdir(), 'worker-atexit-demo-'));
try {
  const ended = await run('./index.js', output, ...args);
  // A death by signal that nobody heeds leaves the progress bar's line without an end.
  if (options.without && ended.signal && process.stderr.isTTY) console.error();
  console.log(`the program ended ${ended.signal ? `by signal ${ended.signal}` : `with exit code ${ended.code}`}`);
  const { code } = await run('./verify.js', output);
  const isKept = code === 0 || (code === NOT_KEPT && options.without);
  process.exitCode = isKept && isExpected(ended) ? 0 : 1;
} finally {
  fs.rmSync(output, { recursive: true, force: true });
}
