// `npm run test:jobs`: the tests of BullMQ, with a Redis of their own. Where Debian's is missing, it is installed.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HINT, hasRedis } from './redis.js';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

function installRedis() {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  const run = (...words) => spawnSync(words[0], words.slice(1), { stdio: 'inherit' }).status === 0;
  const install = () => run(...sudo, 'apt-get', 'install', '-y', 'redis-server');
  return install() || (run(...sudo, 'apt-get', 'update') && install());
}

if (!hasRedis() && !(installRedis() && hasRedis())) {
  console.error(HINT);
  process.exit(1);
}
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)], {
  env: { ...process.env, JOBS: '1' },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
