import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesOf, linesOf, start, temporaryFolder } from './programs.ts';
import { reportOf } from './runtime.ts';

const routes = {
  beforeExit: { by: 'beforeExit', code: 0 },
  exit: { by: 'exit', code: 3 },
  'process.exit': { by: 'process.exit', code: 3 },
  throw: { by: 'uncaughtException', code: 1 },
  reject: { by: 'unhandledRejection', code: 1 },
  SIGINT: { by: 'signal', signal: 'SIGINT' },
  SIGTERM: { by: 'signal', signal: 'SIGTERM' },
  SIGHUP: { by: 'signal', signal: 'SIGHUP' },
  shutdown: { by: 'shutdown', code: 0 },
} as const;

/** What each kind of program has below its main thread, in the order in which it must clean up. */
const topologies = {
  none: [],
  plain: ['plain', 'plain', 'plain', 'plain'],
  piscina: ['pool', 'pool', 'pool', 'pool'],
  nested: ['child', 'parent'],
};

async function play(route: keyof typeof routes, topology: string, options = {}) {
  const dir = temporaryFolder();
  const isSignal = route.startsWith('SIG');
  const program = start('scene.js', [dir, isSignal ? 'signal' : route, topology, JSON.stringify(options)]);
  if (isSignal) {
    await program.printed('ready');
    program.kill(route as NodeJS.Signals);
  }
  const ended = await program.ended;
  const report = JSON.parse(readFileSync(join(dir, 'report.json'), 'utf8'));
  return { ...ended, dir, report, log: linesOf(dir, 'main.log') };
}

describe.each(Object.entries(topologies))('a program with workers: %s', (topology, workers) => {
  it.each(Object.entries(routes))('cleans up on the route %s', async (route, expected) => {
    const { code, signal, stdout, stderr, dir, report, log } = await play(route as keyof typeof routes, topology);
    const dies = 'signal' in expected;
    expect({ code, signal }, stderr).toEqual({
      code: dies ? undefined : expected.code,
      signal: dies ? expected.signal : undefined,
    });
    // Workers before the main thread, leaves before their parents, handlers last in first out, everything once.
    const exitCode = dies ? 128 + { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[expected.signal] : expected.code;
    expect(log).toEqual([
      'ready',
      `aborted by ${expected.by}`,
      ...workers.map((kind) => `worker ${kind}`),
      'second',
      'first',
      ...(route === 'shutdown' ? ['lives on, false, false, true'] : []),
      `exit ${exitCode}`,
    ]);
    expect(filesOf(dir, /^worker-/)).toHaveLength(workers.length);
    // What a worker prints in a handler is seen, whether or not the main thread's event loop still turns.
    for (const file of filesOf(dir, /^worker-/)) {
      const id = file.replace('worker-', '');
      expect(stdout).toContain(`worker ${id} cleans up\n`);
      expect(stdout).toContain(`worker ${id} is done\n`);
    }
    expect(report).toMatchObject({
      route: expected.by,
      ok: true,
      stages: ['drain', 'workers', 'handlers'],
      handlers: ['second', 'first'],
      ...(dies ? { signal: expected.signal } : route === 'shutdown' ? {} : { exitCode: expected.code }),
    });
    expect(report.workers.map(({ status }: { status: string }) => status)).toEqual(workers.map(() => 'acked'));
    expect(report.workers.flatMap(({ handlers }: { handlers: string[] }) => handlers)).toEqual(
      workers.map(() => 'cleanUp'),
    );
    const errors = { throw: 'an uncaught error', reject: 'an unhandled rejection' };
    if (route !== 'throw' && route !== 'reject') expect(stderr).toBe('');
    // The runtime's own report is whole: from the line that threw to its own version.
    else for (const piece of ['scene.js:', ...reportOf(errors[route])]) expect(stderr).toContain(piece);
  });
});

it('names the workers of a pool and those further down in the report', async () => {
  const pool = await play('SIGTERM', 'piscina');
  expect(pool.report.workers.map(({ name }: { name: string }) => name).sort()).toEqual([
    'pool 1',
    'pool 2',
    'pool 3',
    'pool 4',
  ]);
  const nested = await play('SIGTERM', 'nested');
  expect(nested.report.workers.map(({ path }: { path: number[] }) => path)).toEqual([[1], [1, 2]]);
});

it('prints the report as a table for people', async () => {
  const { dir } = await play('SIGTERM', 'piscina', { failing: true });
  const lines = linesOf(dir, 'report.txt');
  expect(lines[0]).toMatch(/^worker-atexit: not clean shutdown by signal \(SIGTERM\) in \d+\.\d ms$/);
  expect(lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^ {2}pool 1 +acked +\d+\.\d +1 of 1 done$/),
      expect.stringMatching(/^ {2}broken +\d+\.\d +Error: a handler that fails$/),
      expect.stringMatching(/^ {2}second +\d+\.\d +done$/),
    ]),
  );
});

it.each([
  ['beforeExit', {}, 1],
  ['beforeExit', { failureExitCode: 7 }, 7],
  ['beforeExit', { failureExitCode: 0 }, 0],
  ['exit', {}, 3],
] as const)('a handler that fails on the route %s with %j: exit code %d', async (route, options, expected) => {
  const { code, stderr, log, report } = await play(route, 'none', { failing: true, ...options });
  expect(code).toBe(expected);
  expect(log).toEqual(expect.arrayContaining(['second', 'first']));
  expect(report).toMatchObject({ ok: false, exitCode: expected });
  expect(stderr).toMatch(/^worker-atexit: handler broken failed: Error: a handler that fails\n {4}at broken/);
});
