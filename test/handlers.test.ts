import { expect, it } from 'vitest';
import { run } from './programs.ts';
import { reportOf } from './runtime.ts';

interface Expectation {
  readonly prints: readonly string[];
  readonly code?: number;
  /** In this order; nothing is on stderr unless told. */
  readonly stderr?: readonly (string | RegExp)[];
}

const situations: Record<string, Expectation> = {
  'arguments, many times': { prints: ['true', 'd', 'a 1', 'b 2', 'a 1'] },
  resources: { prints: ['true', 'drained', 'disposed', 'server true'] },
  unregister: { prints: ['b', 'b'] },
  'while they run': { prints: ['last', 'adds', 'added', 'first'] },
  'awaited one by one': { prints: ['c begins', 'c ends', 'b begins', 'b ends', 'a begins', 'a ends'] },
  drain: { prints: ['b begins', 'a begins', 'b ends', 'a ends', 'handler'] },
  'drain fails': { prints: ['drains', 'handler'], code: 1, stderr: ['handler refuses failed: Error: cannot drain'] },
  'drain hangs': { prints: ['drains', 'handler'], code: 1, stderr: ['handler never was left unfinished'] },
  fail: {
    prints: ['b', 'a'],
    code: 1,
    stderr: [
      'handler nothing failed: thrown, and not an Error: undefined',
      'handler oddity failed: thrown, and not an Error: a value that cannot be shown',
      'handler rejects failed: Error: rejected\n    at rejects',
      'handler throws failed: Error: thrown\n    at throws',
    ],
  },
  hang: {
    prints: ['b', 'holds', 'hangs', 'a'],
    code: 1,
    stderr: ['handler holds was left unfinished', 'handler hangs was left unfinished'],
  },
  'registered while pools are ended': { prints: ['first', 'late'] },
  'process.exit() in a handler': { prints: ['c', 'b', 'a'], code: 7 },
  'process.exit() in two handlers inside exit': { prints: ['c', 'b', 'a'], code: 8 },
  'process.exit() in a drain function': { prints: ['c', 'b', 'a'], code: 7 },
  'process.exit() in somebody’s listener': { prints: ['b', 'a'], code: 9 },
  'process.exit() while one is awaited': {
    prints: ['c', 'b', 'a'],
    code: 5,
    stderr: [/handler b was left unfinished: no asynchronous work goes on .* Call worker-atexit's exit\(\)/],
  },
  'an error while one is awaited': {
    prints: ['b', 'a'],
    code: 1,
    stderr: ['handler b was left unfinished: ', ...reportOf('meanwhile')],
  },
  'asynchronous, left unfinished': {
    prints: ['slow begins', 'a'],
    code: 1,
    stderr: [/handler slow was left unfinished: no asynchronous work goes on .* Call worker-atexit's exit\(\)/],
  },
  'asynchronous, and done at once': { prints: ['quick'] },
  'asynchronous, and rejects at once': { prints: [], code: 1, stderr: ['handler broken failed: ', 'Error: at once'] },
  'awaits its own end': {
    prints: [
      'TypeError ERR_WORKER_ATEXIT_INSIDE_HANDLER',
      'TypeError ERR_WORKER_ATEXIT_INSIDE_HANDLER',
      'TypeError ERR_WORKER_ATEXIT_INSIDE_HANDLER',
    ],
    code: 3,
  },
  'exit() sets the code': { prints: ['handler'], code: 4 },
  'shutdown() again': { prints: ['true', 'shutdown true'] },
  'shutdown() twice': {
    prints: [
      '0,0,0,0',
      '1,1,1,1',
      'once',
      'true AbortError ERR_WORKER_ATEXIT_SHUTDOWN the first',
      '0,0,0,0 true false false',
      'again',
      'again',
    ],
  },
  'new work in beforeExit': { prints: ['zipped', 'timer', 'worker', 'handler'] },
  'a listener of beforeExit that gives no work': { prints: ['handler'] },
  'a listener of beforeExit that gives work again and again': { prints: ['all rounds', 'handler'] },
  'registered in a listener of exit': { prints: ['own', 'late'] },
  'nothing registered': { prints: [] },
  'many listeners of the signal': { prints: ['beforeExit', 'handler'] },
  'a logger that fails': { prints: ['worker-atexit: handler throws failed: Error: thrown', 'a'], code: 1 },
  'onReport fails': { prints: ['a'], stderr: ['worker-atexit: onReport failed: Error: no report'] },
  'no logger': { prints: [], code: 1 },
  'exit() in a signal': { prints: ['a'], code: 5 },
  'crash: graceful': { prints: ['handler a crash', 'exit 1'], code: 1, stderr: [...reportOf('a crash')] },
  'crash: graceful, twice': {
    prints: ['a'],
    code: 1,
    stderr: ['was left unfinished', ...reportOf('the second crash')],
  },
  'crash: off': { prints: [], code: 1, stderr: [...reportOf('a crash')] },
  'crash: sync, beside a listener of its own': { prints: ['caught a crash', 'handler'] },
};

it.each(Object.entries(situations))('%s', async (situation, { prints, code = 0, stderr = [] }) => {
  const ended = await run('handlers.js', [situation]);
  expect(ended.stdout.split('\n').slice(0, -1), ended.stderr).toEqual(prints);
  expect(ended.code, ended.stderr).toBe(code);
  let rest = ended.stderr;
  for (const expected of stderr) {
    const found = typeof expected === 'string' ? rest.indexOf(expected) : rest.search(expected);
    expect(found, `${expected} in ${rest}`).toBeGreaterThanOrEqual(0);
    rest = rest.slice(found + 1);
  }
  if (stderr.length === 0) expect(ended.stderr).toBe('');
});

it('tells where a handler fails by its own frames alone', async () => {
  const { stderr } = await run('handlers.js', ['fail in many ways']);
  const failures = stderr.split('worker-atexit: ').slice(1);
  const frames = failures.map((failure) => failure.split('\n').filter((line) => /^\s*at /.test(line)));
  expect(failures, stderr).toHaveLength(6);
  for (const [line, ...more] of frames) {
    expect(line, stderr).toContain('handlers.js');
    expect(more.length, stderr).toBeLessThan(2);
  }
  expect(stderr).not.toMatch(/^\s*at .*\bdist\b/m);
});

it('tells of every handler in the report', async () => {
  const { stdout } = await run('handlers.js', ['the report']);
  const [drains, report = ''] = stdout.split('\n');
  expect(drains).toBe('drains');
  expect(JSON.parse(report)).toEqual({
    ok: false,
    route: 'beforeExit',
    reason: { name: 'AbortError', code: 'ERR_WORKER_ATEXIT_SHUTDOWN', route: 'beforeExit', exitCode: 0 },
    exitCode: 0,
    stages: [
      { name: 'drain', handlers: [{ name: 'drains' }] },
      { name: 'workers' },
      { name: 'handlers', timedOut: true },
    ],
    workers: [],
    handlers: [
      { name: 'never', unfinished: true },
      { name: 'throws', error: {} },
    ],
    notes: [],
  });
});
