import { expect, it } from 'vitest';
import { run } from './programs.ts';
import * as runtime from './runtime.ts';

const cleansUp = ['cleans up, true, terminate', 'done'];

it.each<[string, string[], number?]>([
  ['terminate', [...cleansUp, 'code 1, gone true', 'again undefined']],
  ['terminate, twice', ['hangs', 'code 1, gone true', 'code 1']],
  ['terminate, silent', ['code 1, gone true']],
  // As without the library: 0 where it had not come to run anything.
  ['terminate, right after it was started', [expect.stringMatching(/^code [01]$/)]],
  [
    'link.shutdown()',
    [...cleansUp, 'one 1 acked cleanUp', 'two 2 failed of the worker', 'unlinked true', ...cleansUp, 'acked'],
  ],
  ['await using', [...cleansUp, 'gone true']],
  ['unregister', ['cleans up, true, terminate', 'done', 'code 1']],
  [
    'the others are left alone',
    [...cleansUp, 'shutting down false', 'pong', 'cleans up, true, process.exit', 'done'],
    3,
  ],
])('a registered worker: %s', async (situation, prints, expected = 0) => {
  const { code, stdout, stderr } = await run('retiring.js', [situation]);
  expect(stdout.split('\n').slice(0, -1), stderr).toEqual(prints);
  expect(code, stderr).toBe(expected);
});

it('cleans up once where the process shuts down meanwhile', async () => {
  const { code, stdout } = await run('retiring.js', ['the process shuts down meanwhile']);
  // Why it ends, it hears first from whoever comes first.
  expect(stdout).toMatch(/^cleans up, true, (terminate|process\.exit)\ndone\n$/);
  expect(code).toBe(3);
});

it('names a worker that fails or is silent when it is ended alone', async () => {
  const silent = await run('retiring.js', ['terminate, silent']);
  expect(silent.stderr).toMatch(
    /^worker-atexit: worker 1 timed-out: its event loop was blocked and the order never read\n$/,
  );
  const failed = await run('retiring.js', ['link.shutdown()']);
  expect(failed.stderr).toMatch(/^worker-atexit: two 2: handler fails failed: Error: of the worker\n/);
});

/** A worker takes a while to start, and this is all that a test of other runtimes does for minutes. */
const MANY = runtime.name === 'node' ? 1000 : 400;

it('many retired workers leave nothing behind', async () => {
  const settings = { nodeOptions: ['--expose-gc'], limit: 600_000 };
  const { stdout, stderr } = await run('retiring.js', ['many', String(MANY)], settings);
  expect(stdout.split('\n').slice(0, -1), stderr).toEqual(['workers left: false', 'listeners: true', 'memory: true']);
}, 610_000);
