// `npm run test:native`: the recipes of docs/native.md, with their packages and with servers of their own, on this Node or on
// those that are named: `npm run test:native -- node@24`. With `--built` those whose packages are built from source, too.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packages } from '../endings/index.js';
import { install } from './cache.js';
import { serverOf, stopServers } from './servers.js';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const arguments_ = process.argv.slice(2);
const isBuilt = arguments_.includes('--built');
const runtimes = arguments_.filter((word) => word !== '--built');

// The same versions as in docs/endings.md, where a package is in both.
const READY = ['bcrypt@6.0.0', 'argon2@0.45.1'];
const BUILT = ['node-pty@1.1.0'];
install('native', [...packages, ...READY]);
if (isBuilt) install('native-built', BUILT);

const servers = [];
for (const name of ['redis', 'postgres']) {
  const env = await serverOf(name);
  if (env === undefined)
    throw new Error(`${name}: its server is not installed here (apt-get install redis-server postgresql)`);
  servers.push(env);
}
for (const runtime of runtimes.length > 0 ? runtimes : [undefined]) {
  if (runtime !== undefined) install(runtime);
  const env = { ...process.env, ...Object.assign({}, ...servers), NATIVE: isBuilt ? 'built' : 'ready' };
  if (runtime !== undefined) env.RUNTIME = runtime;
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', 'test/docs.test.ts', '-t', '^docs/native.md', '--testTimeout', '130000'],
    { env, stdio: 'inherit' },
  );
  const [code] = await once(child, 'exit');
  if (code !== 0) process.exitCode = 1;
}
await stopServers();
