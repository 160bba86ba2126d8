// A Redis of one's own, for the tests and the demo of jobs: on a free port, in memory, stopped by whoever has started it.
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';

export const HINT =
  'redis-server is missing: on Debian and Ubuntu `apt-get install redis-server`, on macOS `brew install redis`';

export const hasRedis = () => spawnSync('redis-server', ['--version']).status === 0;

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** How long Redis may take to start: ms. */
const START = 20_000;

/** Resolves to where it listens, and how to stop it. */
export async function startRedis() {
  const port = await freePort();
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    tmpdir(),
  ];
  const redis = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => redis.once('exit', resolve));
  // Should this process end without a word.
  const kill = () => redis.kill('SIGKILL');
  process.once('exit', kill);
  await new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(
      () => reject(new Error(`redis-server has not started within ${START} ms\n${text}`)),
      START,
    );
    redis.once('error', () => reject(new Error(HINT)));
    redis.once('exit', (code) => reject(new Error(`redis-server ended with ${code}\n${text}`)));
    redis.stdout.on('data', (chunk) => {
      text += chunk;
      if (!text.includes('Ready to accept connections')) return;
      clearTimeout(timer);
      resolve();
    });
  });
  return {
    port,
    pid: redis.pid,
    async stop() {
      process.off('exit', kill);
      redis.kill('SIGTERM');
      const killer = setTimeout(kill, 5000);
      await ended;
      clearTimeout(killer);
    },
    kill: () => redis.kill('SIGKILL'),
  };
}
