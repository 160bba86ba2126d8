import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './programs.ts';
import * as runtime from './runtime.ts';

/** A demo that hangs is killed by then, and its test fails: ms. */
const LIMIT = 45_000;

const file = fileURLToPath(new URL('../examples/demo/demo.js', import.meta.url));

interface Options {
  /** Called once the program works, with its process id and that of the demo. */
  readonly onIndexing?: (program: number, demo: number) => void;
}

/** Runs the demo to its end. It is the leader of its own process group, as a terminal would have it. */
async function demo(args: readonly string[], { onIndexing }: Options = {}) {
  const folder = temporaryFolder();
  const child = execa(runtime.command, [...runtime.args, file, ...args], {
    env: { ...runtime.env, TMPDIR: folder, TEMP: folder, TMP: folder },
    reject: false,
    timeout: LIMIT,
    killSignal: 'SIGKILL',
    detached: true,
  });
  let printed = '';
  let told = false;
  child.stdout.on('data', (chunk) => {
    printed += chunk;
    const program = /of process (\d+)\n/.exec(printed);
    if (told || !program || !child.pid) return;
    told = true;
    onIndexing?.(Number(program[1]), child.pid);
  });
  const { exitCode, stdout, stderr, timedOut } = await child;
  if (timedOut) throw new Error(`the demo was killed after ${LIMIT} ms\n${stdout}\n${stderr}`);
  const last = stdout.split('\n').at(-1) ?? '';
  const counts = /^documents: (\d+) reported done, (\d+) in the index, (\d+) lost, (\d+) twice$/.exec(last);
  const [done = -1, indexed = -1, lost = -1, twice = -1] = counts?.slice(1).map(Number) ?? [];
  return {
    code: exitCode,
    stdout,
    stderr,
    all: Number(/^indexing (\d+) documents/m.exec(stdout)?.[1]),
    route: /^worker-atexit: clean shutdown by (.*) in [\d.]+ ms$/m.exec(stdout)?.[1],
    ended: /^the program ended (.*)$/m.exec(stdout)?.[1],
    kept: { done, indexed, lost, twice },
    left: readdirSync(folder),
  };
}

const output = ({ stdout, stderr }: { stdout: string; stderr: string }): string => `${stdout}\n${stderr}`;

it('indexes every document exactly once', async () => {
  const run = await demo([]);
  const { code, stderr, all, route, ended, kept, left } = run;
  expect(kept, output(run)).toEqual({ done: all, indexed: all, lost: 0, twice: 0 });
  expect(all).toBeGreaterThan(1000);
  expect({ code, stderr, route, ended, left }).toEqual({
    code: 0,
    stderr: '',
    route: 'beforeExit (exit code 0)',
    ended: 'with exit code 0',
    left: [],
  });
});

const ends = {
  interrupt: { route: 'signal (SIGINT)', ended: 'by signal SIGINT', stderr: /^$/ },
  exit: { route: 'process.exit (exit code 0)', ended: 'with exit code 0', stderr: /^$/ },
  crash: { route: 'uncaughtException (exit code 1)', ended: 'with exit code 1', stderr: /rror: a crash/ },
};

describe.each(Object.entries(ends))('ended by --%s', (option, { route, ended, stderr }) => {
  it.each([0, 400, 1500])('%d ms after its first document, it loses nothing', async (ms) => {
    const run = await demo([`--${option}`, String(ms)]);
    expect(run, output(run)).toMatchObject({ code: 0, route, ended, left: [], kept: { lost: 0, twice: 0 } });
    expect(run.stderr).toMatch(stderr);
    expect(run.kept.done).toBeGreaterThan(0);
    expect(run.kept.done).toBeLessThan(run.all);
    // An answer that was on its way when a synchronous route began is not read any more.
    expect(run.kept.indexed).toBeGreaterThanOrEqual(run.kept.done);
  });

  it('without the library it loses what was reported done, and says so', async () => {
    const run = await demo(['--without', `--${option}`, '1500']);
    expect(run, output(run)).toMatchObject({ code: 0, route: undefined, ended, left: [], kept: { twice: 0 } });
    expect(run.kept.lost).toBeGreaterThan(0);
  });
});

it('without the library even a run that ends by itself loses what is in memory', async () => {
  const run = await demo(['--without', '--documents', '300']);
  expect(run, output(run)).toMatchObject({ code: 0, ended: 'with exit code 0', kept: { done: 300, twice: 0 } });
  expect(run.kept.lost).toBeGreaterThan(0);
});

/** Signals that come from outside, once the program has been at work for a while. */
const senders: Record<string, { signal: string; send: (program: number, demo: number) => void }> = {
  'Ctrl+C, which a terminal sends to the whole process group': {
    signal: 'SIGINT',
    send: (_, group) => process.kill(-group, 'SIGINT'),
  },
  'SIGTERM to the program': { signal: 'SIGTERM', send: (program) => process.kill(program, 'SIGTERM') },
  'SIGTERM to the demo, which passes it on': {
    signal: 'SIGTERM',
    send: (_, launcher) => process.kill(launcher, 'SIGTERM'),
  },
};

it.skipIf(process.platform === 'win32').each(Object.entries(senders))(
  'loses nothing by %s',
  async (_, { signal, send }) => {
    const run = await demo([], {
      onIndexing: (program, launcher) => setTimeout(send, 1000, program, launcher),
    });
    expect(run, output(run)).toMatchObject({
      code: 0,
      stderr: '',
      route: `signal (${signal})`,
      ended: `by signal ${signal}`,
      left: [],
      kept: { lost: 0, twice: 0 },
    });
    expect(run.kept.done).toBeLessThan(run.all);
  },
);

it('loses nothing by Ctrl+C while it starts up', async () => {
  const run = await demo([], { onIndexing: (_, group) => process.kill(-group, 'SIGINT') });
  expect(run, output(run)).toMatchObject({ code: 0, ended: 'by signal SIGINT', kept: { lost: 0, twice: 0 }, left: [] });
});

it('names the options that it does not know', async () => {
  const { code, stdout, stderr, left } = await demo(['--interupt', '5', '--exit', 'soon', '--loud']);
  expect({ code, stdout, left }).toEqual({ code: 2, stdout: '', left: [] });
  expect(stderr).toMatch(/^unknown: --interupt, 5, --loud\n--exit needs a whole number\n/);
});

it('tells what it can be told', async () => {
  const { code, stdout } = await demo(['--help']);
  expect(code).toBe(0);
  for (const option of ['interrupt', 'exit', 'crash', 'without', 'documents', 'help'])
    expect(stdout).toContain(`--${option}`);
});
