/**
 * The package as it is published, installed in places where its users have it, and a program that shows that it works
 * there: a pool whose idle workers are parked, and that all clean up by `process.exit()`.
 */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { build } from 'rolldown';
import { VERSION } from '../src/wire/reason.ts';
import { temporaryFolder } from './programs.ts';
import * as runtime from './runtime.ts';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The file that is published. */
export async function pack(): Promise<string> {
  const folder = temporaryFolder();
  const { stdout } = await execa('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    timeout: 60_000,
  });
  return join(folder, JSON.parse(stdout)[0].filename);
}

/** Unpacks what is published to `home`. */
export async function unpack(home: string): Promise<void> {
  mkdirSync(home, { recursive: true });
  await execa('tar', ['-xzf', await pack(), '-C', home, '--strip-components=1']);
}

/** Makes packages of this repository's there for a program in `folder`. */
export function borrow(folder: string, ...names: readonly string[]): void {
  for (const name of names) {
    const path = join(folder, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), path);
  }
}

/** A copy of the library in `folder`. Returns where it is. */
export function copyLibrary(folder: string): string {
  const home = join(folder, 'node_modules', 'worker-atexit');
  cpSync(join(root, 'dist'), join(home, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(home, 'package.json'));
  return home;
}

/** A copy of the library in `folder`, of the next protocol version. */
export async function copyNextLibrary(folder: string): Promise<void> {
  const raise = (code: string, file: string): string =>
    file.endsWith('reason.ts') ? code.replace(`VERSION = ${VERSION};`, `VERSION = ${VERSION + 1};`) : code;
  await build({
    input: join(root, 'src', 'index.ts'),
    platform: 'node',
    plugins: [{ name: 'next-version', transform: raise }],
    output: { file: join(copyLibrary(folder), 'dist', 'index.js') },
  });
}

/** Writes the program. `extension`: of its files; `ts` adds what only TypeScript understands. */
export function writeProgram(folder: string, extension: 'mjs' | 'ts' | 'mts'): string {
  const number = extension === 'mjs' ? '' : ': number';
  // No top-level await and no import.meta, so that it can be bundled as CommonJS as well.
  writeFileSync(
    join(folder, `main.${extension}`),
    `import { dirname, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Piscina } from 'piscina';
import { register } from 'worker-atexit';
import { registerPool } from 'worker-atexit/piscina';

const [, main = ''] = process.argv;
const threads${number} = 2;
const filename = join(dirname(main), \`task\${extname(main)}\`);
const pool = registerPool(new Piscina({ filename, minThreads: threads, maxThreads: threads }), { name: 'pool' });
register(() => console.log('main'));
Promise.all([pool.run(40), pool.run(40)]).then(async () => {
  await sleep(50); // The workers are parked by now.
  process.exit(3);
});
`,
  );
  writeFileSync(
    join(folder, `task.${extension}`),
    `import { setTimeout as sleep } from 'node:timers/promises';
import { register } from 'worker-atexit';

register(async () => {
  await sleep(10);
  console.log('worker');
});

export default async function task(ms${number}) {
  await sleep(ms);
}
`,
  );
  return join(folder, `main.${extension}`);
}

/** What the program does where the library works. */
export const works = { exitCode: 3, stdout: 'worker\nworker\nmain', stderr: '' };

export async function play(command: string, args: readonly string[]): Promise<typeof works> {
  const { exitCode, stdout, stderr } = await execa(command, args, {
    env: runtime.env,
    reject: false,
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  return { exitCode: exitCode ?? -1, stdout, stderr };
}
