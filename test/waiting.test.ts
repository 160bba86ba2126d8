/** What a shutdown that takes long shows to whoever waits for it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { start, temporaryFolder } from './programs.ts';
import * as runtime from './runtime.ts';

const programs = fileURLToPath(new URL('./programs/', import.meta.url));
const CLEAR = '\r\u001b[K';

/** What a terminal of so many columns gets, when `keys` are typed once the program is ready. */
async function inTerminal(columns: number, keys: string, ...args: readonly string[]): Promise<string> {
  const program = [runtime.command, ...runtime.args, `${programs}waiting.js`, ...args];
  const { stdout } = await execa('python3', [`${programs}../terminal.py`, String(columns), keys, ...program], {
    env: { NODE_OPTIONS: '', TERM: 'xterm', ...runtime.env },
    timeout: 40_000,
    killSignal: 'SIGKILL',
  });
  return stdout;
}

/** The lines that were drawn, without what clears them. */
const drawn = (shown: string): string[] =>
  shown.split(CLEAR).flatMap((part) => (part.startsWith('shutting down: ') ? [part.split('\r')[0] ?? ''] : []));

const CTRL_C = '\\x03';

describe('in a terminal', () => {
  it('says who is awaited, for how long, and what Ctrl+C does, stage by stage', async () => {
    const shown = await inTerminal(120, CTRL_C);
    const lines = drawn(shown);
    const [drain] = lines;
    expect(drain).toMatch(/^shutting down: stopConsumer \(\d\.\d s\), \d\.\d s left; Ctrl\+C again ends at once$/);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^shutting down: 1 of 1 workers \(indexer 1: flushIndex, 1 of 2, \d\.\d s\), \d\.\d s left; Ctrl/,
      ),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^shutting down: closeDatabase \(\d\.\d s\), /));
    expect(shown).toMatch(/\[signal 2, exit -1\]$/);
  });

  it('is gone before anything else is printed, and at the end', async () => {
    const shown = await inTerminal(120, CTRL_C);
    expect(shown).toContain(`${CLEAR}the consumer has stopped\r\n`);
    const rest = shown.slice(shown.lastIndexOf(CLEAR));
    expect(rest.replace(/\r?\n/g, '')).toBe(`${CLEAR}[signal 2, exit -1]`);
  });

  it('is no wider than the terminal', async () => {
    const lines = drawn(await inTerminal(20, CTRL_C));
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(19);
  });

  it('is gone before a worker prints', async () => {
    expect(await inTerminal(120, CTRL_C, 'say')).toContain(`${CLEAR}the index is half written\r\n`);
  });

  it('has 80 columns where the terminal does not say how many it has', async () => {
    const lines = drawn(await inTerminal(0, CTRL_C));
    expect(lines.map(({ length }) => length)).toContain(79);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(79);
  });

  it('costs nothing where the terminal is closed in the middle of it', async () => {
    const file = join(temporaryFolder(), 'closed.txt');
    const shown = await inTerminal(120, `${CTRL_C}~~!`, file);
    expect(drawn(shown).length).toBeGreaterThan(0);
    expect(shown).toMatch(/\[signal 2, exit -1\]$/);
    expect(readFileSync(file, 'utf8')).toBe('closed');
  });

  it('is cleared where a second Ctrl+C ends the program, which is said', async () => {
    const shown = await inTerminal(120, `${CTRL_C}~~${CTRL_C}`);
    expect(shown).toContain(`${CLEAR}worker-atexit: SIGINT again: `);
    expect(shown).toMatch(/\[signal 2, exit -1\]$/);
  });

  it('is off with the logger', async () => {
    const shown = await inTerminal(120, CTRL_C, 'off');
    expect(shown).not.toContain('shutting down');
    expect(shown).toMatch(/\[signal 2, exit -1\]$/);
  });
});

describe('without a terminal', () => {
  it('is a line of the log, once, at half of the time', async () => {
    const program = start('waiting.js');
    await program.printed('ready');
    program.kill('SIGTERM');
    const { signal, stderr } = await program.ended;
    expect(signal).toBe('SIGTERM');
    expect(stderr).toMatch(/^worker-atexit: still shutting down: \S.* \(\d\.\d s\), \d\.\d s left\n$/);
  });

  it('is nothing without a logger', async () => {
    const program = start('waiting.js', ['off']);
    await program.printed('ready');
    program.kill('SIGTERM');
    const { signal, stderr } = await program.ended;
    expect({ signal, stderr }).toEqual({ signal: 'SIGTERM', stderr: '' });
  });

  it('costs nothing where stderr is closed in the middle', async () => {
    const file = join(temporaryFolder(), 'closed.txt');
    const program = start('waiting.js', [file]);
    await program.printed('ready');
    program.kill('SIGTERM');
    // Its drain stage is nearly over, and half of the time is not.
    await program.printed('the consumer has stopped');
    program.stopReading();
    expect((await program.ended).signal).toBe('SIGTERM');
    expect(readFileSync(file, 'utf8')).toBe('closed');
  });

  it('costs nothing where nobody reads stderr any more', async () => {
    // Whoever reads it has ended before the program is told to.
    const line =
      'cd "$FOLDER"; "$0" "$@" > out.txt 2> >(exit 0) & until grep -q ready "$FOLDER/out.txt"; do sleep 0.1; done; kill -TERM $!; wait $!; exit $?';
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'out.txt'), '');
    const args = ['-c', line, runtime.command, ...runtime.args, `${programs}waiting.js`];
    const { exitCode } = await execa('bash', args, {
      env: { NODE_OPTIONS: '', FOLDER: folder, ...runtime.env },
      reject: false,
      timeout: 30_000,
      killSignal: 'SIGKILL',
    });
    const stdout = readFileSync(join(folder, 'out.txt'), 'utf8');
    expect({ exitCode, stdout }).toEqual({ exitCode: 143, stdout: 'ready\nthe consumer has stopped\n' });
  });
});
