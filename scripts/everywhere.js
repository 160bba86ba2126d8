// `npm run test:everywhere`: the package as bundlers, other compilers and test runners take it, the lowest versions of its
// peers, the tests of other packages, then the runtimes that are not Node.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from './cache.js';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

for (const name of ['typescript@5.9', 'typescript@6.0', 'typescript@7.0', 'jest@30.5']) install(name);

const run = (args, env) => spawnSync(process.execPath, args, { env: { ...process.env, ...env }, stdio: 'inherit' });
const ended = [
  run(['node_modules/vitest/vitest.mjs', 'run'], { EVERYWHERE: 'true' }),
  run(['scripts/peers.js']),
  run(['scripts/guests.js']),
  run(['scripts/runtimes.js', 'bun', 'deno']),
];
process.exitCode = ended.every(({ status }) => status === 0) ? 0 : 1;
