import { expect, it } from 'vitest';
import { run } from './programs.ts';

it('a server drains although its connections are kept alive', async () => {
  const { code, stdout, stderr } = await run('server.js', ['exit']);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'answered\nok true\n', stderr: '' });
});

it('a server of a cluster, which closes it when it disconnects, is drained as well', async () => {
  const { stdout, stderr } = await run('server.js', ['disconnect']);
  expect({ stdout, stderr }).toEqual({ stdout: 'answered\nok true\nexit code 0\n', stderr: '' });
});

it('a server is not ready as soon as the signal comes, and serves for its delay', async () => {
  const { signal, stdout, stderr } = await run('server.js', ['delay']);
  const lines = stdout.split('\n');
  // Those three are asked at the same time.
  expect(lines.splice(1, 3).sort()).toEqual(['/quick: 200 quick', '/ready: 503 shutting down', '/slow: 200 slow']);
  expect(lines).toEqual(['/ready: 200 ready', 'saved', 'ok true, drain: done', 'server api: 2 requests finished', '']);
  expect({ signal, stderr }).toEqual({ signal: 'SIGTERM', stderr: '' });
});

it('a stream that nobody ends is cut before the first handler, and named', async () => {
  const { stdout, stderr } = await run('server.js', ['stream']);
  expect(stdout.split('\n')).toEqual([
    '/events: 200 stream, ended',
    '/slow: 200 slow',
    'saved',
    'ok false, drain: failed',
    'server api: 2 requests finished, 1 connection cut',
    '',
  ]);
  expect(stderr).toMatch(
    /^worker-atexit: handler server api failed: server api: 1 connection cut: GET \/for-ever for [\d.]+ ms\n$/,
  );
});

it.each([
  { state: 'idle', out: 'ok true, drain: done', code: 0, err: '' },
  { state: 'busy', out: 'ok false, drain: failed', code: 1, err: '1 connection cut: GET /for-ever for' },
])('process.exit() in the delay of a server that is $state ends it at once', async ({ state, out, code, err }) => {
  const ended = await run('server.js', ['process.exit', state]);
  expect(ended.stdout).toContain(out);
  expect(ended.stdout).toContain('saved');
  expect(ended.stderr).toContain(err);
  expect(ended.code).toBe(code);
});

it('a second Ctrl+C cuts the delay short', async () => {
  const { signal, stdout } = await run('server.js', ['again']);
  expect(stdout).toContain('saved\nok true, drain: done\n');
  expect(signal).toBe('SIGINT');
});

it('a program that closes its server and calls process.exit(0) ends with 0', async () => {
  const { code, stdout, stderr } = await run('server.js', ['closed']);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'saved\nok true, drain: done\n', stderr: '' });
});

it('a server in a worker is drained in the time that its order leaves', async () => {
  const { code, stdout, stderr } = await run('server.js', ['worker']);
  expect(stdout).toContain('/slow: 200 slow\n');
  expect(stdout).toContain('saved\n');
  expect(stdout).toContain('ok true\n');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
