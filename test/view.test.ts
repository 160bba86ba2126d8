/** `npx worker-atexit view`, as a command that people type. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { toHtml, toText, toTrace } from 'worker-atexit/timeline';
import { pack, root } from './anywhere.ts';
import { temporaryFolder } from './programs.ts';
import * as runtime from './runtime.ts';
import { heavy, nasty, slow } from './timeline/reports.ts';

/** It has ended by then, or is killed, and its test fails: ms. */
const LIMIT = 30_000;

const bin = join(root, 'dist', 'bin.js');
const terminal = join(root, 'test', 'terminal.py');
/** What Node asks for a terminal's colours before `TERM`: a job of CI has none (https://nodejs.org/api/tty.html). */
const undecided = { CI: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined, NODE_DISABLE_COLORS: undefined };
const env = { NODE_OPTIONS: '', LC_ALL: 'C.UTF-8', TERM: 'xterm', ...runtime.env };

interface Settings {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function view(args: readonly string[], { input = '', env: more = {} }: Settings = {}) {
  const { exitCode, stdout, stderr, timedOut } = await execa(runtime.command, [...runtime.args, bin, ...args], {
    env: { ...env, ...more },
    input,
    reject: false,
    timeout: LIMIT,
    killSignal: 'SIGKILL',
    stripFinalNewline: false,
  });
  if (timedOut) throw new Error(`killed after ${LIMIT} ms`);
  return { code: exitCode, stdout, stderr };
}

function write(text: string): string {
  const file = join(temporaryFolder(), 'report.json');
  writeFileSync(file, text);
  return file;
}

const json = JSON.stringify(slow);
const text = toText(slow, { width: 80, color: false, unicode: true });

describe('view', () => {
  it.each([
    ['bars', [], text],
    ['bars', ['--text'], text],
    ['a page', ['--html'], toHtml(slow)],
    ['a trace', ['--trace'], toTrace(slow)],
  ])('prints %s: %j', async (_, args, stdout) => {
    expect(await view(['view', write(json), ...args])).toEqual({ code: 0, stdout, stderr: '' });
  });

  it('reads what its own --trace has written, what comes on stdin, and a file that an editor began with a mark', async () => {
    expect((await view(['view', write(toTrace(slow))])).stdout).toBe(text);
    expect((await view(['view', '-'], { input: json })).stdout).toBe(text);
    expect((await view(['view', write(`\ufeff${json}`)])).stdout).toBe(text);
  });

  it('draws with ASCII where the locale has nothing else', async () => {
    const { stdout } = await view(['view', write(JSON.stringify(nasty))], { env: { LC_ALL: 'C' } });
    expect(stdout).toMatch(/^[\x20-\x7e\n]+$/);
  });

  it.each([
    { columns: 20, color: true, more: {} },
    { columns: 120, color: true, more: {} },
    { columns: 0, color: true, more: {} },
    { columns: 120, color: false, more: { NO_COLOR: '1' } },
    { columns: 120, color: false, more: { TERM: 'dumb' } },
  ])('draws for a terminal of $columns columns, in colour $color, with $more', async ({ columns, color, more }) => {
    const command = [runtime.command, ...runtime.args, bin, 'view', write(json)];
    const { stdout } = await execa('python3', [terminal, String(columns), '', ...command], {
      env: { ...env, ...undecided, COLORTERM: 'truecolor', ...more },
      timeout: LIMIT,
      killSignal: 'SIGKILL',
    });
    const expected = toText(slow, { width: columns || 80, color, unicode: !('TERM' in more) });
    expect(stdout.replaceAll('\r\n', '\n')).toBe(`${expected}\n[signal 0, exit 0]`);
  });

  it('copes with 10,000 spans whose names have 10 KB', async () => {
    const file = write(JSON.stringify(heavy));
    expect((await view(['view', file])).stdout).toContain('and 9800 more');
    expect((await view(['view', file, '--html'])).stdout.length).toBeGreaterThan(1e6);
  });

  it('says how it is used', async () => {
    expect(await view(['--help'])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^Usage: worker-atexit view/),
      stderr: '',
    });
  });

  it('ends in silence when whoever reads it stops reading', async () => {
    const file = write(JSON.stringify(heavy));
    const line = `"$0" "$1" view "$2" --html | head -c 10; exit \${PIPESTATUS[0]}`;
    const { exitCode, stdout, stderr } = await execa('bash', ['-c', line, runtime.command, bin, file], {
      env,
      reject: false,
      timeout: LIMIT,
    });
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '<!doctype ', stderr: '' });
  });

  it('ends with 2 though stderr is closed', async () => {
    const line = '"$0" "$1" view 2>&-';
    const { exitCode } = await execa('bash', ['-c', line, runtime.command, bin], {
      env,
      reject: false,
      timeout: LIMIT,
    });
    expect(exitCode).toBe(2);
  });
});

describe('what it cannot draw ends it with 2 and a line that says why', () => {
  it.each([
    [[], 'worker-atexit: no command\n\nUsage: '],
    [['look'], 'worker-atexit: no command "look"\n\nUsage: '],
    [['view'], 'worker-atexit: view takes one file\n\nUsage: '],
    [['view', 'a.json', 'b.json'], 'worker-atexit: view takes one file\n\nUsage: '],
    [['view', 'a.json', '--svg'], "worker-atexit: Unknown option '--svg'"],
    [['view', 'a.json', '--text', '--html'], 'worker-atexit: one picture at a time, not --text and --html\n\nUsage: '],
    [['view', '/nowhere/report.json'], 'worker-atexit: cannot read /nowhere/report.json: ENOENT'],
    [['view', '/'], 'worker-atexit: cannot read /: EISDIR'],
  ])('%j', async (args, stderr) => {
    const ended = await view(args);
    expect(ended).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(stderr) });
  });

  it.each([
    ['', 'is no JSON: '],
    ['{"ok":', 'is no JSON: '],
    ['null', ': report must be an object; it is null'],
    ['{}', ': report.ok must be true or false; it is undefined'],
    ['{"traceEvents":[]}', ': report must be an object; it is undefined'],
    [
      JSON.stringify({ ...slow, timeline: { ...slow.timeline, version: 2 } }),
      ': report.timeline.version must be 1, which is what this version of worker-atexit draws; it is 2',
    ],
  ])('a file with %s', async (text, reason) => {
    const file = write(text);
    expect(await view(['view', file])).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(`${file}`) });
    expect((await view(['view', file])).stderr).toContain(reason);
  });
});

it('is there as a command where the package is installed', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const options = { cwd: folder, timeout: LIMIT, env: { NO_COLOR: '1', LC_ALL: 'C.UTF-8' } };
  await execa('npm', ['install', '--offline', '--no-audit', '--no-fund', await pack()], options);
  const { stdout } = await execa('npx', ['--offline', 'worker-atexit', 'view', write(json)], options);
  expect(stdout).toBe(text.trimEnd());
});
