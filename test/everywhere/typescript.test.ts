import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { borrow, root, unpack } from '../anywhere.ts';
import { temporaryFolder } from '../programs.ts';

const bin = (name: string): string =>
  join(root, 'node_modules', '.cache', name, 'node_modules', 'typescript', 'bin', 'tsc');

const consumer = readFileSync(fileURLToPath(new URL('./consumer.ts', import.meta.url)), 'utf8');

it.each(['typescript@5.9', 'typescript@6.0', 'typescript@7.0'])(
  'what is published compiles with %s',
  async (typescript) => {
    const folder = temporaryFolder();
    await unpack(join(folder, 'node_modules', 'worker-atexit'));
    borrow(folder, '@types/node', 'undici-types', 'piscina', 'tinypool', 'workerpool', 'comlink');
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'consumer.ts'), consumer);
    const compilerOptions = {
      target: 'es2023',
      // Comlink's own declarations need the DOM's.
      lib: ['es2023', 'esnext.disposable', 'dom'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      isolatedModules: true,
      verbatimModuleSyntax: true,
      skipLibCheck: false,
      noEmit: true,
    };
    for (const resolution of [
      { module: 'nodenext', moduleResolution: 'nodenext' },
      { module: 'esnext', moduleResolution: 'bundler' },
    ]) {
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ compilerOptions: { ...compilerOptions, ...resolution }, files: ['consumer.ts'] }),
      );
      const { stdout, stderr } = await execa(process.execPath, [bin(typescript), '--project', folder], {
        reject: false,
        timeout: 120_000,
      });
      // Piscina's own declarations are at odds with exactOptionalPropertyTypes.
      const errors = stdout.split('\n').filter((line) => /^\S/.test(line) && !line.startsWith('node_modules/piscina/'));
      expect({ errors, stderr }, resolution.module).toEqual({ errors: [], stderr: '' });
    }
  },
  // The compiler runs twice, and may have to share its cores.
  300_000,
);
