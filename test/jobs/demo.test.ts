/** The demo of jobs, to its last line. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../programs.ts';

const file = fileURLToPath(new URL('../../examples/jobs/demo.js', import.meta.url));

/** A demo that hangs is killed by then, and its test fails: ms. */
const LIMIT = 55_000;

async function demo(...args: string[]) {
  const folder = temporaryFolder();
  const { exitCode, stdout, stderr } = await execa(process.execPath, [file, '--documents', '600', ...args], {
    env: { TMPDIR: folder },
    reject: false,
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  });
  const counts = /^documents: (\d+) reported done, (\d+) in the index, (\d+) lost, (\d+) twice$/.exec(
    stdout.split('\n').at(-1) ?? '',
  );
  // On a busy machine a service may say who is waited for.
  const told = stderr.replace(/^worker-atexit: still shutting down: .*\n?/gm, '');
  const [done, indexed, lost, twice] = counts?.slice(1).map(Number) ?? [];
  return {
    exitCode,
    stderr: told,
    kept: { done, indexed, lost, twice },
    ended: / has ended by (\w+); the other goes on$/m.exec(stdout)?.[1],
    left: readdirSync(folder),
  };
}

it.each(['0', '500'])('loses nothing where one service is ended %s ms after the first job', async (ms) => {
  expect(await demo('--interrupt', ms)).toEqual({
    exitCode: 0,
    stderr: '',
    kept: { done: 600, indexed: 600, lost: 0, twice: 0 },
    ended: 'SIGTERM',
    left: [],
  });
});

it('without the library it loses what was reported done, and says so', async () => {
  // All may be done by the time at which it ends one unless told.
  const { exitCode, kept } = await demo('--without', '--interrupt', '200');
  expect({ exitCode, ...kept }).toMatchObject({ exitCode: 0, done: 600, twice: 0 });
  expect(kept.lost).toBeGreaterThan(0);
});

it('says what no library can save', async () => {
  const { exitCode, kept, ended } = await demo('--kill', '--interrupt', '200');
  expect({ exitCode, ended }).toEqual({ exitCode: 0, ended: 'SIGKILL' });
  expect(kept.lost).toBeGreaterThan(0);
});

it('names the options that it does not know, and tells what it can be told', async () => {
  expect(await demo('--interupt', '5')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--interupt') });
  expect(await demo('--help')).toMatchObject({ exitCode: 0, left: [] });
});
