import { describe, expect, it } from 'vitest';
import { type Ended, type Started, start } from './programs.ts';
import * as runtime from './runtime.ts';

const { options: AUTO, env } = runtime.auto;
const CLEANED_UP = 'ready\ncleaned up\n';

interface Situation {
  readonly act?: (program: Started) => void;
  readonly input?: string;
  readonly ipc?: boolean;
}

async function play(program: string, args: readonly string[], situation: Situation, auto: object): Promise<Ended> {
  const { act, input, ipc = false } = situation;
  const started = start(program, args, { ipc, ...(input !== undefined && { input }), ...auto });
  if (act) {
    await started.printed('ready');
    act(started);
  }
  return started.ended;
}

const kill =
  (signal: NodeJS.Signals) =>
  (program: Started): void =>
    program.kill(signal);
const terminate = kill('SIGTERM');
const disconnect = (program: Started): void => program.disconnect();

const situations: readonly [string, Situation][] = [
  ['hello world', {}],
  ['ends by itself, with beforeExit and exit listeners', {}],
  ['process.exit(5) in the middle', {}],
  ['an uncaught error', {}],
  ['a rejected promise', {}],
  ['a top-level await that never settles', {}],
  ['stdin piped in', { input: 'one\ntwo\n' }],
  ['a server', { act: terminate }],
  ['a server', { act: kill('SIGINT') }],
  ['a signal, and exit listeners', { act: terminate }],
  ['a signal, with a listener', { act: terminate }],
  ['a signal, while it computes', { act: terminate }],
  ['a child whose parent disconnects', { act: disconnect, ipc: true }],
  ['a child whose parent disconnects, without listeners', { act: disconnect, ipc: true }],
  ['a Piscina', {}],
  ['a Piscina that is signalled', { act: terminate }],
  ['a Piscina that is destroyed', {}],
  ['a worker that throws', {}],
  ['a worker that exits', {}],
  ['a worker that writes to its environment', {}],
  ['a worker that is terminated', {}],
];

it.each(situations)('changes nothing about a program that does not use the library: %s', async (name, situation) => {
  const without = await play('untouched.js', [name], situation, {});
  expect(await play('untouched.js', [name], situation, { nodeOptions: AUTO })).toEqual(without);
  if (env) expect(await play('untouched.js', [name], situation, { env })).toEqual(without);
});

it('changes nothing about a program in CommonJS', async () => {
  const without = await play('untouched.cjs', [], {}, {});
  expect(await play('untouched.cjs', [], {}, { nodeOptions: AUTO })).toEqual(without);
});

describe('a program whose workers use the library', () => {
  const auto = { nodeOptions: AUTO };

  it.each([
    ['worker', 1],
    ['piscina', 2],
    ['tinypool', 2],
  ])('lets them clean up: %s', async (kind, count) => {
    const cleanedUp = ['ready', ...Array(count).fill('cleaned up'), ''].join('\n');
    const bySignal = await play('auto.js', [kind, 'cleans up', 'a signal'], { act: terminate }, auto);
    expect(bySignal).toEqual({ code: undefined, signal: 'SIGTERM', stdout: cleanedUp, stderr: '' });
    const byExit = await play('auto.js', [kind, 'cleans up', 'process.exit()'], {}, auto);
    expect(byExit).toEqual({ code: 5, signal: undefined, stdout: cleanedUp, stderr: '' });
    const byCrash = await play('auto.js', [kind, 'cleans up', 'a crash'], {}, auto);
    expect(byCrash).toMatchObject({ code: 1, signal: undefined, stdout: cleanedUp });
    for (const piece of runtime.reportOf('a crash')) expect(byCrash.stderr).toContain(piece);
    expect(byCrash.stderr).not.toContain('worker-atexit:');
  });

  it('reports a worker that is stuck, by name, and ends all the same', async () => {
    const env = { WORKER_ATEXIT_TIMEOUT: '4000' };
    const ended = await play('auto.js', ['worker', 'stuck', 'a signal'], { act: terminate }, { ...auto, env });
    expect(ended).toMatchObject({ code: undefined, signal: 'SIGTERM' });
    expect(ended.stderr).toContain('worker-atexit: worker 1 timed-out: ');
    expect(ended.stderr).toMatch(/^worker-atexit: not clean shutdown by signal \(SIGTERM\)/m);
    expect(ended.stderr).toMatch(/^ {2}worker 1 +timed-out .*tidyUp/m);
  });

  it('reports a handler that fails', async () => {
    const { code, stderr } = await play('auto.js', ['worker', 'fails', 'process.exit()'], {}, auto);
    expect(code).toBe(5);
    expect(stderr).toMatch(/^worker-atexit: not clean shutdown by process\.exit \(exit code 5\)/m);
    expect(stderr).toMatch(/^ {2}worker 1 +failed .*tidyUp: Error: no space left/m);
  });
});

it.each([
  ['WORKER_ATEXIT_SIGNALS', 'none', 'a signal', terminate, { signal: 'SIGTERM', stdout: 'ready\n' }],
  ['WORKER_ATEXIT_SIGNALS', 'SIGINT, SIGUSR2', 'a signal', kill('SIGUSR2'), { signal: 'SIGUSR2', stdout: CLEANED_UP }],
  ['WORKER_ATEXIT_CRASH', 'off', 'a crash', undefined, { code: 1, stdout: 'ready\n' }],
  ['WORKER_ATEXIT_IPC', 'true', 'a signal', disconnect, { code: 0, stdout: CLEANED_UP }],
])('takes its options from the environment: %s=%s', async (variable, value, way, act, expected) => {
  const settings = { nodeOptions: AUTO, env: { [variable]: value } };
  const situation = { ipc: act === disconnect, ...(act && { act }) };
  expect(await play('auto.js', ['worker', 'cleans up', way], situation, settings)).toMatchObject(expected);
});

it.each([
  [
    'WORKER_ATEXIT_TIMEOUT',
    '8s',
    'WORKER_ATEXIT_TIMEOUT must be a number of milliseconds from 0 to 2147483647, some 24 days; it is "8s"',
  ],
  [
    'WORKER_ATEXIT_SYNC_TIMEOUT',
    '-1',
    'WORKER_ATEXIT_SYNC_TIMEOUT must be a number of milliseconds from 0 to 2147483647, some 24 days; it is "-1"',
  ],
  ['WORKER_ATEXIT_SIGNALS', 'SIGTERM,SIGFOO', 'WORKER_ATEXIT_SIGNALS has "SIGFOO", which is no signal of this system'],
  ['WORKER_ATEXIT_CRASH', 'loud', `WORKER_ATEXIT_CRASH must be 'sync', 'graceful' or 'off'; it is "loud"`],
  ['WORKER_ATEXIT_IPC', 'yes', 'WORKER_ATEXIT_IPC must be true or false; it is "yes"'],
  [
    'WORKER_ATEXIT_FAILURE_EXIT_CODE',
    '300',
    'WORKER_ATEXIT_FAILURE_EXIT_CODE must be an integer from 0 to 255; it is 300',
  ],
])('refuses to start with a value that does not fit: %s=%s', async (variable, value, message) => {
  const settings = { nodeOptions: AUTO, env: { [variable]: value } };
  const { code, stdout, stderr } = await start('untouched.js', ['hello world'], settings).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`TypeError: ${message}\n`);
});

it.runIf(runtime.isNode)('tells nobody but a worker how to wait', async () => {
  const { stdout } = await start('auto-environment.js', [], { nodeOptions: AUTO }).ended;
  expect(stdout).toBe('worker 1\nchild undefined\nmain undefined\n');
});
