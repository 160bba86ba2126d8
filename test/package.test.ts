import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { borrow, copyLibrary, copyNextLibrary, play, root, unpack, works, writeProgram } from './anywhere.ts';
import { run, temporaryFolder } from './programs.ts';
import * as runtime from './runtime.ts';

/** Node 20 leaves TypeScript alone. */
const stripsTypes = !/^node(@20)?$/.test(runtime.name) || Number.parseInt(process.versions.node, 10) > 22;

it('works with require()', async () => {
  const { code, stdout, stderr } = await run('required.cjs');
  expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: 'worker boolean true\nmain boolean true\n', stderr: '' });
});

describe('installed as a stranger would', () => {
  it('works in a path with spaces and letters of other languages', async () => {
    const folder = join(temporaryFolder(), 'Größe und Maß', '日本 #1%20');
    await unpack(join(folder, 'node_modules', 'worker-atexit'));
    borrow(folder, 'piscina');
    expect(await play(runtime.command, [...runtime.args, writeProgram(folder, 'mjs')])).toEqual(works);
  });

  it('works where node_modules is full of symbolic links, as pnpm has it', async () => {
    const folder = temporaryFolder();
    const store = join(folder, 'node_modules', '.pnpm', 'worker-atexit@1.0.0', 'node_modules');
    mkdirSync(store, { recursive: true });
    renameSync(copyLibrary(folder), join(store, 'worker-atexit'));
    symlinkSync(join(store, 'worker-atexit'), join(folder, 'node_modules', 'worker-atexit'));
    borrow(folder, 'piscina');
    expect(await play(runtime.command, [...runtime.args, writeProgram(folder, 'mjs')])).toEqual(works);
  });

  it('works by require() in CommonJS', async () => {
    const folder = temporaryFolder();
    copyLibrary(folder);
    const file = join(folder, 'app.cjs');
    writeFileSync(
      file,
      "const { register } = require('worker-atexit'); register(() => console.log('clean')); process.exit(3);",
    );
    expect(await play(runtime.command, [...runtime.args, file])).toEqual({ exitCode: 3, stdout: 'clean', stderr: '' });
  });

  it('works in TypeScript that tsx runs', async () => {
    const folder = temporaryFolder();
    copyLibrary(folder);
    borrow(folder, 'piscina');
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
    expect(await play(process.execPath, [tsx, writeProgram(folder, 'ts')])).toEqual(works);
  });

  it.skipIf(!stripsTypes)('works in TypeScript whose types the runtime strips', async () => {
    const folder = temporaryFolder();
    copyLibrary(folder);
    borrow(folder, 'piscina');
    expect(await play(runtime.command, [...runtime.args, writeProgram(folder, 'mts')])).toEqual(works);
  });
});

describe('several copies in one process', () => {
  /** A workspace: an application and a package, each with a copy of its own. */
  async function workspace(copy: typeof copyLibrary | typeof copyNextLibrary): Promise<string> {
    const folder = temporaryFolder();
    copyLibrary(join(folder, 'app'));
    await copy(join(folder, 'package'));
    writeFileSync(
      join(folder, 'package', 'index.mjs'),
      `import { register } from 'worker-atexit';
register(() => console.log('package'));`,
    );
    writeFileSync(
      join(folder, 'package', 'worker.mjs'),
      `import { parentPort } from 'node:worker_threads';
import { register } from 'worker-atexit';
register(async () => console.log('worker'));
parentPort.once('message', () => {});
parentPort.postMessage('ready');`,
    );
    writeFileSync(
      join(folder, 'app', 'main.mjs'),
      `import { register } from 'worker-atexit';
register(() => console.log('app'));
await import('../package/index.mjs').catch(({ code, message }) => console.log(code, message));
process.exit(3);`,
    );
    writeFileSync(
      join(folder, 'app', 'parent.mjs'),
      `import { Worker } from 'node:worker_threads';
import { configure, register, shutdown } from 'worker-atexit';
configure({ logger: { error: (message) => console.log(message) } });
register(() => console.log('app'));
const worker = new Worker(new URL('../package/worker.mjs', import.meta.url));
worker.once('message', async () => {
  const { workers } = await shutdown();
  console.log(workers.length);
  worker.once('exit', () => process.exit(3));
  worker.postMessage('end');
});`,
    );
    return join(folder, 'app');
  }

  it('are one library, if they fit together', async () => {
    const app = await workspace(copyLibrary);
    expect(await play(runtime.command, [...runtime.args, join(app, 'main.mjs')])).toEqual({
      exitCode: 3,
      stdout: 'package\napp',
      stderr: '',
    });
    expect(await play(runtime.command, [...runtime.args, join(app, 'parent.mjs')])).toEqual({
      exitCode: 3,
      stdout: 'worker\napp\n1',
      stderr: '',
    });
  });

  it('say so, if they do not', async () => {
    const app = await workspace(copyNextLibrary);
    const { exitCode, stdout, stderr } = await play(runtime.command, [...runtime.args, join(app, 'main.mjs')]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: '' });
    expect(stdout).toMatch(
      /^ERR_WORKER_ATEXIT_VERSION_MISMATCH two copies of worker-atexit in one thread do not fit .* install one version\napp$/,
    );
    const parent = await play(runtime.command, [...runtime.args, join(app, 'parent.mjs')]);
    expect(parent.stdout.split('\n').sort()).toEqual([
      '0',
      'app',
      'worker',
      expect.stringMatching(/^worker-atexit: worker 1 uses another version of the library .* works alone$/),
    ]);
  });

  it('are one list of handlers and one signal', async () => {
    const folder = temporaryFolder();
    for (const copy of ['one', 'two']) copyLibrary(join(folder, copy));
    const file = join(folder, 'app.mjs');
    writeFileSync(
      file,
      `import * as one from './one/node_modules/worker-atexit/dist/index.js';
import * as two from './two/node_modules/worker-atexit/dist/index.js';
one.register(() => console.log('first'));
two.register(() => console.log('second'));
one.register(() => console.log(one.shutdownSignal === two.shutdownSignal, one.isShuttingDown === two.isShuttingDown));
two.exit(3);`,
    );
    expect(await play(runtime.command, [...runtime.args, file])).toEqual({
      exitCode: 3,
      stdout: 'true true\nsecond\nfirst',
      stderr: '',
    });
  });
});
