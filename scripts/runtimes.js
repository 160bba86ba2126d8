// `npm run test:runtimes`: the end-to-end tests on other runtimes, one after the other. Which ones may be said:
// `npm run test:runtimes -- node@22 bun`. Each comes from the npm registry, as a package with the binary inside.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from './cache.js';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const ALL = ['node@22', 'node@24', 'node@26', 'bun', 'deno'];

/** Returns the lines that the tests end with: what failed, and how many passed. */
function test(runtime) {
  console.log(`\n> the end-to-end tests on ${runtime}`);
  install(runtime);
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], {
    env: { ...process.env, RUNTIME: runtime },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  process.stdout.write(stdout);
  if (status !== 0) process.exitCode = 1;
  const lines = stdout.trimEnd().split('\n');
  return { failed: lines.filter((line) => line.startsWith('failed: ')), count: lines.at(-1) };
}

const asked = process.argv.slice(2);
const results = (asked.length > 0 ? asked : ALL).map((runtime) => ({ runtime, ...test(runtime) }));
console.log();
for (const { runtime, failed, count } of results) {
  console.log(`${runtime.padEnd(8)} ${count}`);
  for (const line of failed) console.log(line);
}
