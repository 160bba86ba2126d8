import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { publint } from 'publint';
import { expect, it } from 'vitest';
import { pack, root } from './anywhere.ts';

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

it('loads nothing in a worker beyond its one file', () => {
  const code = readFileSync(join(root, 'dist', 'index.js'), 'utf8');
  const imported = [...code.matchAll(/^import .* from "(.*)";$/gm)].map(([, name]) => name);
  expect(imported.every((name) => name?.startsWith('node:'))).toBe(true);
});
