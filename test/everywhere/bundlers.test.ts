import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { rolldown } from 'rolldown';
import * as vite from 'vite';
import { expect, it } from 'vitest';
import { borrow, copyLibrary, play, works, writeProgram } from '../anywhere.ts';
import { temporaryFolder } from '../programs.ts';
import * as runtime from '../runtime.ts';

/** What is to be bundled, and where to. Piscina has files of its own that it starts, and is never bundled. */
interface Job {
  readonly folder: string;
  readonly main: string;
  readonly task: string;
  readonly outdir: string;
}

const external = ['piscina'];

const withEsbuild =
  (options: esbuild.BuildOptions) =>
  async ({ main, task, outdir }: Job): Promise<void> => {
    await esbuild.build({
      entryPoints: [main, task],
      outdir,
      bundle: true,
      platform: 'node',
      target: 'node20',
      external,
      logLevel: 'error',
      ...options,
    });
  };

const withRolldown =
  (format: 'esm' | 'cjs', minify: boolean) =>
  async ({ main, task, outdir }: Job): Promise<void> => {
    const bundle = await rolldown({ input: { main, task }, platform: 'node', external });
    const extension = format === 'esm' ? 'mjs' : 'cjs';
    await bundle.write({
      dir: outdir,
      format,
      minify,
      entryFileNames: `[name].${extension}`,
      chunkFileNames: `[name].${extension}`,
    });
    await bundle.close();
  };

const withVite =
  (ssr: vite.SSROptions) =>
  async ({ folder, main, task, outdir }: Job): Promise<void> => {
    await vite.build({
      root: folder,
      logLevel: 'error',
      build: {
        ssr: true,
        outDir: outdir,
        rolldownOptions: { input: { main, task }, output: { entryFileNames: '[name].mjs' } },
      },
      ssr,
    });
  };

it.each([
  {
    name: 'esbuild, as modules',
    file: 'main.mjs',
    bundle: withEsbuild({ format: 'esm', outExtension: { '.js': '.mjs' } }),
  },
  {
    name: 'esbuild, as CommonJS',
    file: 'main.cjs',
    bundle: withEsbuild({ format: 'cjs', outExtension: { '.js': '.cjs' } }),
  },
  {
    name: 'esbuild, minified and with shared chunks',
    file: 'main.mjs',
    bundle: withEsbuild({ format: 'esm', outExtension: { '.js': '.mjs' }, minify: true, splitting: true }),
  },
  {
    name: 'esbuild, the library left outside',
    file: 'main.mjs',
    bundle: withEsbuild({ format: 'esm', outExtension: { '.js': '.mjs' }, packages: 'external' }),
  },
  { name: 'Rolldown, as modules', file: 'main.mjs', bundle: withRolldown('esm', false) },
  { name: 'Rolldown, minified, as CommonJS', file: 'main.cjs', bundle: withRolldown('cjs', true) },
  { name: "Vite's SSR build, which leaves the library outside", file: 'main.mjs', bundle: withVite({}) },
  {
    name: "Vite's SSR build with the library inside",
    file: 'main.mjs',
    bundle: withVite({ noExternal: ['worker-atexit'], external }),
  },
])('a program with a pool works as bundled by $name', async ({ file, bundle }) => {
  const folder = temporaryFolder();
  copyLibrary(folder);
  borrow(folder, 'piscina');
  writeFileSync(join(folder, 'package.json'), '{}');
  const outdir = join(folder, 'out');
  await bundle({ folder, main: writeProgram(folder, 'ts'), task: join(folder, 'task.ts'), outdir });
  expect(await play(runtime.command, [...runtime.args, join(outdir, file)])).toEqual(works);
});
