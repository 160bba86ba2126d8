import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import * as atexit from 'worker-atexit';
import { defaults } from '../src/options.ts';
import { STATUSES } from '../src/protocol.ts';
import { linesOf, temporaryFolder } from './programs.ts';
import * as runtime from './runtime.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The first cells of the rows of the table under `heading`. */
const firstCells = (heading: string): string[] =>
  readme
    .slice(readme.indexOf(heading))
    .split('\n\n')
    .find((block) => block.startsWith('| '))
    ?.split('\n')
    .slice(2)
    .map((row) => row.split('|')[1]?.trim() ?? '') ?? [];

it.each([
  ['main.js', 'main thread: last of all, when every worker has cleaned up'],
  ['comlink.js', '3 words\nparser: cleaned up'],
])('has an example that works as it says: %s', async (example, expected) => {
  const folder = temporaryFolder();
  for (const [, name = '', code = ''] of readme.matchAll(/```js\n\/\/ ([\w.]+)\n(.*?)```/gs)) {
    writeFileSync(join(folder, name), code);
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'worker-atexit'));
  for (const name of ['piscina', 'comlink']) {
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  const { exitCode, stdout, stderr } = await execa(runtime.command, [...runtime.args, example], {
    cwd: folder,
    timeout: 20_000,
    reject: false,
  });
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: expected, stderr: '' });
  if (example === 'main.js') expect(linesOf(folder, 'lines.txt').sort()).toEqual(['one', 'three', 'two']);
});

it('names every function, option and status, and none that is not there', () => {
  const names = (cells: readonly string[]) =>
    cells.flatMap((cell) => [...cell.matchAll(/`(\w[\w-]*)/g)].map(([, name]) => name));
  const functions = new Set(names(firstCells('## Interface')).filter((name) => name !== 'worker-atexit'));
  expect([...functions].sort()).toEqual(
    [...Object.keys(atexit).filter((name) => name !== 'ShutdownError'), 'registerPool', 'wrap', 'expose'].sort(),
  );
  expect(names(firstCells('### Options'))).toEqual(Object.keys(defaults));
  expect(names(firstCells('### The report'))).toEqual(STATUSES);
});
