/**
 * What the tests start their programs with: this Node, or the runtime that the environment variable RUNTIME names
 * (`node@22`, `bun`, `deno`), which scripts/runtimes.js has installed. The tests themselves always run on this Node.
 */
import { fileURLToPath } from 'node:url';

export const name = process.env.RUNTIME ?? 'node';

const bin = (file: string): string =>
  fileURLToPath(new URL(`../node_modules/.cache/${name}/node_modules/${file}`, import.meta.url));

interface Runtime {
  readonly command: string;
  /** What comes before the program's file. */
  readonly args: readonly string[];
}

function find(): Runtime {
  if (name === 'node') return { command: process.execPath, args: [] };
  if (name.startsWith('node@')) return { command: bin('node/bin/node'), args: [] };
  if (name === 'bun') return { command: bin('bun/bin/bun.exe'), args: [] };
  if (name === 'deno')
    return { command: bin('deno/deno'), args: ['run', '--quiet', '--allow-all', '--node-modules-dir=manual'] };
  throw new Error(`RUNTIME is ${name}: neither node@…, bun nor deno`);
}

export const { command, args } = find();

export const isNode = name.startsWith('node');

/** Deno colours what it prints of an error, wherever that goes. */
export const env: Readonly<Record<string, string>> = { NODE_OPTIONS: '', ...(!isNode && { NO_COLOR: '1' }) };

const AUTO = 'worker-atexit/auto';

/** What loads `worker-atexit/auto` before a program: options, and an environment variable where there is one. */
export const auto: { readonly options: readonly string[]; readonly env?: Readonly<Record<string, string>> } =
  name === 'deno'
    ? { options: ['--import', `npm:${AUTO}`] }
    : name === 'bun'
      ? { options: ['--import', AUTO], env: { BUN_OPTIONS: `--import=${AUTO}` } }
      : { options: ['--require', AUTO], env: { NODE_OPTIONS: `--require=${AUTO}` } };

export const exposeGc = name === 'deno' ? '--v8-flags=--expose-gc' : '--expose-gc';

/** What the runtime itself prints of an uncaught error, piece after piece. */
export const reportOf = (message: string): string[] =>
  isNode ? [`Error: ${message}\n`, 'Node.js v'] : [`rror: ${message}`];
