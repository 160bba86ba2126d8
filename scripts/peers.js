// `npm run test:peers`: the tests of pools and of Comlink, types included, with the lowest version of each peer that
// package.json allows. They run in a copy of this folder that has everything else from here.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from './cache.js';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

// Those whose programs, or that themselves, import a pool or Comlink.
const TESTS = [
  'auto',
  'behaviour',
  'chaos',
  'comlink',
  'early',
  'endings',
  'examples',
  'force',
  'misuse',
  'package',
  'piscina',
  'pool-options',
  'routes',
  'types',
  'unit/comlink-wire',
  'unit/task-pool',
];

const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

/** The lowest version of a range such as `^5.0.0`, or `^5.0.0 || ^6.0.0`. */
function lowest(range) {
  const [, version] = /^\^(\d+\.\d+\.\d+)( \|\| \^\S+)*$/.exec(range) ?? [];
  if (version === undefined) throw new Error(`package.json: ${range} is no range such as ^5.0.0`);
  return version;
}

/** Copies this folder to `copy`, with links to its packages, and to those of `peers`: folders by name. */
function furnish(copy, peers) {
  const left = new Set(['.git', 'coverage', 'node_modules']);
  for (const name of readdirSync('.')) if (!left.has(name)) cpSync(name, join(copy, name), { recursive: true });
  const modules = join(copy, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync('node_modules')) {
    symlinkSync(resolve(peers.get(name) ?? join('node_modules', name)), join(modules, name));
  }
}

const copy = mkdtempSync(join(realpathSync(tmpdir()), 'worker-atexit-peers-'));
try {
  const peers = new Map();
  for (const [name, range] of Object.entries(peerDependencies)) {
    const version = lowest(range);
    console.log(`> ${name} ${version}`);
    install(`${name}@${version}`);
    peers.set(name, join('node_modules', '.cache', `${name}@${version}`, 'node_modules', name));
  }
  furnish(copy, peers);
  const run = (...args) => spawnSync(process.execPath, args, { cwd: copy, stdio: 'inherit' }).status;
  const files = TESTS.map((name) => `test/${name}.test.ts`);
  const ended = [
    run('node_modules/typescript/bin/tsc', '--noEmit'),
    run('node_modules/vitest/vitest.mjs', 'run', ...files),
  ];
  process.exitCode = ended.every((status) => status === 0) ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
