import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { run, temporaryFolder } from './programs.ts';
import * as runtime from './runtime.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

it('works with require()', async () => {
  const { code, stdout, stderr } = await run('required.cjs');
  expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: 'worker boolean true\nmain boolean true\n', stderr: '' });
});

it('has no runtime dependency and no install script', () => {
  expect(manifest.dependencies).toBeUndefined();
  expect(Object.keys(manifest.scripts).filter((script) => /install|prepare|^postpack/.test(script))).toEqual([]);
});

it('publishes JavaScript, declarations and source maps, and all that its exports name', async () => {
  const { stdout } = await execa('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    timeout: 60_000,
  });
  const files: string[] = JSON.parse(stdout)[0].files.map(({ path }: { path: string }) => path);
  const kinds =
    /^(dist\/[\w-]+\.js(\.map)?|dist\/types\/.*\.d\.ts(\.map)?|(src|workers)\/[\w-]+\.ts|package\.json|README\.md|LICENSE)$/;
  expect(files.filter((file) => !kinds.test(file))).toEqual([]);
  const exported = Object.values<string | { types: string; default: string }>(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? entry : [entry.types, entry.default],
  );
  for (const path of exported) expect(files).toContain(path.replace('./', ''));
  for (const file of files.filter((name) => name.endsWith('.js'))) expect(files).toContain(`${file}.map`);
});

it('is installed as a stranger would, and works there', async () => {
  const folder = temporaryFolder();
  const { stdout: packed } = await execa('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    timeout: 60_000,
  });
  const home = join(folder, 'node_modules', 'worker-atexit');
  mkdirSync(home, { recursive: true });
  await execa('tar', ['-xzf', join(folder, JSON.parse(packed)[0].filename), '-C', home, '--strip-components=1']);
  writeFileSync(
    join(folder, 'app.mjs'),
    "import { register } from 'worker-atexit'; register(() => console.log('clean')); process.exit(3);",
  );
  const { exitCode, stdout } = await execa(runtime.command, [...runtime.args, join(folder, 'app.mjs')], {
    reject: false,
    timeout: 20_000,
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: 'clean' });
});

it('is one library in a thread, however many copies of it are loaded', async () => {
  const folder = temporaryFolder();
  for (const copy of ['one', 'two']) {
    cpSync(join(root, 'dist'), join(folder, copy), { recursive: true });
    writeFileSync(join(folder, copy, 'package.json'), '{"type":"module"}');
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(
    join(folder, 'app.mjs'),
    `import * as one from './one/index.js';
import * as two from './two/index.js';
one.register(() => console.log('first'));
two.register(() => console.log('second'));
one.register(() => console.log(one.shutdownSignal === two.shutdownSignal, one.isShuttingDown === two.isShuttingDown));
two.exit(3);`,
  );
  const { exitCode, stdout } = await execa(runtime.command, [...runtime.args, join(folder, 'app.mjs')], {
    reject: false,
    timeout: 20_000,
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: 'true true\nsecond\nfirst' });
});

it('loads nothing in a worker beyond its one file', () => {
  const code = readFileSync(join(root, 'dist', 'index.js'), 'utf8');
  const imported = [...code.matchAll(/^import .* from "(.*)";$/gm)].map(([, name]) => name);
  expect(imported.every((name) => name?.startsWith('node:'))).toBe(true);
});
