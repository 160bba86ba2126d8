import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { publint } from 'publint';
import { expect, it } from 'vitest';
import { borrow, copyLibrary, pack, root } from './anywhere.ts';
import { temporaryFolder } from './programs.ts';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function arrayBuffer(file: string): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = Uint8Array.from(readFileSync(file));
  return buffer.slice(byteOffset, byteOffset + byteLength);
}

it('has no runtime dependency and no install script', () => {
  expect(manifest.dependencies).toBeUndefined();
  expect(Object.keys(manifest.scripts).filter((script) => /install|prepare|^postpack/.test(script))).toEqual([]);
});

it('publishes JavaScript, declarations, source maps and documents, and all that its exports and README name', async () => {
  const { stdout } = await execa('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    timeout: 60_000,
  });
  const files: string[] = JSON.parse(stdout)[0].files.map(({ path }: { path: string }) => path);
  const kinds =
    /^(dist\/[\w-]+\.c?js(\.map)?|dist\/types\/.*\.d\.ts(\.map)?|(src|workers)\/([\w-]+\/)*[\w-]+\.ts|docs\/[\w-]+\.md|package\.json|(README|CHANGELOG)\.md|LICENSE)$/;
  expect(files.filter((file) => !kinds.test(file))).toEqual([]);
  const exported = Object.values<string | { types: string; default: string }>(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? entry : [entry.types, entry.default],
  );
  for (const path of exported) expect(files).toContain(path.replace('./', ''));
  const linked = readFileSync(join(root, 'README.md'), 'utf8').matchAll(/\]\((docs\/[\w-]+\.md)\)/g);
  for (const [, page] of linked) expect(files).toContain(page);
  for (const file of files.filter((name) => name.endsWith('.js'))) expect(files).toContain(`${file}.map`);
});

it('is clean in the eyes of publint and of Are The Types Wrong', async () => {
  const tarball = await pack();
  const { messages } = await publint({ strict: true, pack: { tarball: arrayBuffer(tarball) } });
  expect(messages).toEqual([]);
  // CommonJS gets it by require(), which Node has for modules since 20.19.
  const { exitCode, stdout } = await execa('attw', [tarball, '--profile', 'esm-only'], {
    preferLocal: true,
    localDir: root,
    reject: false,
    timeout: 60_000,
  });
  expect(exitCode, stdout).toBe(0);
}, 120_000);

/** As the table in docs/typescript.md has it. */
it.each([
  { resolution: 'nodenext', module: 'nodenext', file: 'esm.mts', errors: '' },
  { resolution: 'nodenext', module: 'nodenext', file: 'cjs.cts', errors: '' },
  { resolution: 'nodenext', module: 'node20', file: 'cjs.cts', errors: '' },
  { resolution: 'node16', module: 'node16', file: 'esm.mts', errors: '' },
  { resolution: 'node16', module: 'node16', file: 'cjs.cts', errors: 'TS1479' },
  { resolution: 'bundler', module: 'esnext', file: 'plain.ts', errors: '' },
  { resolution: 'node10', module: 'commonjs', file: 'plain.ts', errors: 'TS5108' },
])('its types are found by $resolution with $module in $file, but for "$errors"', async ({ errors, ...how }) => {
  const folder = temporaryFolder();
  copyLibrary(folder);
  borrow(folder, '@types/node', 'undici-types');
  writeFileSync(
    join(folder, how.file),
    `import { register } from 'worker-atexit';
import { registerServer } from 'worker-atexit/http';
register(async (port: number) => {}, 80);
// @ts-expect-error: a port is a number
register(async (port: number) => {}, '80');
export { registerServer };`,
  );
  const compilerOptions = {
    module: how.module,
    moduleResolution: how.resolution,
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [how.file] }));
  const { stdout } = await execa('tsc', ['--project', folder], {
    preferLocal: true,
    localDir: root,
    reject: false,
    timeout: 60_000,
  });
  expect([...new Set(stdout.match(/TS\d+/g))].join()).toBe(errors);
});

it('loads nothing in a worker beyond its one file', () => {
  const code = readFileSync(join(root, 'dist', 'index.js'), 'utf8');
  const imported = [...code.matchAll(/^import .* from "(.*)";$/gm)].map(([, name]) => name);
  expect(imported.every((name) => name?.startsWith('node:'))).toBe(true);
});
