// `npm run endings`: runs each program of endings/ on each runtime and writes docs/endings.md. A cell that differs from
// the page as it was is named, and the command fails. Some topics or runtimes may be said, by the beginning of their
// names, and the others' cells are kept: `npm run endings -- locks node@26`. With `new` only what has no cell yet is run.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { packages, topics } from '../endings/index.js';
import { cellsOf, pageOf, RUNTIMES } from '../endings/page.js';
import { install } from './cache.js';
import { serverOf, stopServers } from './servers.js';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const PAGE = 'docs/endings.md';
/** A program has ended by then, or is killed: ms. */
const LIMIT = 20_000;
/** How often a program runs where its row does not say: what it answers differently is joined by "or". */
const RUNS = 3;
/** What each program may use without a word. `say` writes to the descriptor, so that no end can lose a line. */
const PRELUDE = `import * as threads from 'node:worker_threads';
import * as children from 'node:child_process';
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as net from 'node:net';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
const { Worker, isMainThread, parentPort, workerData } = threads;
const require = createRequire(import.meta.url);
const say = (line) => fs.writeSync(1, line + '\\n');
const thread = (data, options) => new Worker(new URL(import.meta.url), { workerData: data, ...options });
`;

function commandOf(runtime) {
  const bin = (file) => resolve('node_modules/.cache', runtime, 'node_modules', file);
  if (runtime === 'bun') return [bin('bun/bin/bun.exe')];
  if (runtime === 'deno') return [bin('deno/deno'), 'run', '--quiet', '--allow-all', '--node-modules-dir=manual'];
  return [bin('node/bin/node')];
}

/** Resolves with how a command has ended. What it has started ends with it: it leads a group of its own. */
function run([file, ...args], cwd, { env = {}, after = 50 } = {}) {
  const began = Date.now();
  const child = spawn(file, args, {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', NODE_NO_WARNINGS: '1', ...env },
  });
  const end = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group is gone.
    }
  };
  return new Promise((settle, reject) => {
    let [stdout, stderr, ms, late] = ['', '', 0, false];
    const timer = setTimeout(() => {
      late = true;
      end();
    }, LIMIT);
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.once('error', reject);
    // A child of the program's may hold the pipes open.
    child.once('exit', () => {
      ms = Date.now() - began;
      setTimeout(end, after);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      settle({ code, signal, ms, late, stdout, stderr, lines: stdout.split('\n').filter((line) => line !== '') });
    });
  });
}

const compiled = new Map();

/** The addon of endings/NAME.c, which needs nothing but a C compiler: its symbols are found in the runtime itself. */
function compile(name) {
  if (!compiled.has(name)) {
    const file = resolve('node_modules/.cache', `${name}.node`);
    const args = ['-shared', '-fPIC', '-o', file, `endings/${name}.c`];
    compiled.set(
      name,
      run(['cc', ...args], '.').then(({ code, stderr }) => (code === 0 ? file : Promise.reject(new Error(stderr)))),
    );
  }
  return compiled.get(name);
}

/** What a row's program answers on a runtime, once. */
async function ask(row, runtime) {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'endings-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(resolve('node_modules/.cache/endings/node_modules'), join(folder, 'node_modules'));
    for (const [name, text] of Object.entries(row.files ?? {})) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, 'main.mjs'), PRELUDE + row.program);
    const command = [...commandOf(runtime), ...(row.options?.(runtime) ?? []), 'main.mjs'];
    const env = {
      ...(row.server && (await serverOf(row.server))),
      ...(row.addon && { ADDON: await compile(row.addon) }),
    };
    const ended = await run(command, folder, { env, after: row.after });
    if (row.after) await sleep(row.after);
    const read = (name) => {
      try {
        return readFileSync(join(folder, name), 'utf8');
      } catch {
        return undefined;
      }
    };
    if (ended.late) return `HANGS ${ended.stdout} ${ended.stderr.slice(-300)}`;
    const cell = (row.cell ?? (({ lines }) => lines.join(', ')))({ ...ended, folder, read });
    return cell === '' || cell === undefined
      ? `NOTHING ${ended.code} ${ended.signal} ${ended.stderr.slice(0, 300)}`
      : cell;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function answerOf(row, runtime) {
  const words = row.words?.[runtime] ?? (runtime.startsWith('node@') ? row.words?.node : undefined);
  if (words !== undefined) return words;
  const answers = new Set();
  for (let i = 0; i < (row.runs ?? RUNS); i++) answers.add(await ask(row, runtime));
  const race = row.races?.[runtime];
  if (race && [...answers].every((answer) => race.includes(answer))) return race.join(' or ');
  return [...answers]
    .sort()
    .join(' or ')
    .replaceAll('|', '\\|')
    .replace(/\s*\n\s*/g, ' ');
}

const isForNew = process.argv.includes('new');
const asked = process.argv.slice(2).filter((word) => word !== 'new');
const isAsked = (names, name) => {
  const here = asked.filter((word) => names.some((other) => other.startsWith(word)));
  return here.length === 0 || here.some((word) => name.startsWith(word));
};
const twice = topics
  .flatMap(({ rows }) => rows.map(({ what }) => what))
  .filter((what, i, all) => all.indexOf(what) !== i);
if (twice.length > 0)
  throw new Error(`two rows ask the same, so that their cells cannot be told apart: ${twice.join(', ')}`);
const unknown = asked.filter(
  (word) => ![...topics.map(({ name }) => name), ...RUNTIMES].some((n) => n.startsWith(word)),
);
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: neither a topic of endings/ nor a runtime`);

const before = (() => {
  try {
    return cellsOf(readFileSync(PAGE, 'utf8'));
  } catch {
    return { heads: new Map(), cells: new Map() };
  }
})();

mkdirSync('node_modules/.cache', { recursive: true });
for (const runtime of RUNTIMES) if (isAsked(RUNTIMES, runtime)) install(runtime);
install('endings', packages);

const heads = new Map(before.heads);
for (const runtime of RUNTIMES) {
  if (!isAsked(RUNTIMES, runtime)) continue;
  const { stdout } = await run([commandOf(runtime)[0], '--version'], '.');
  heads.set(runtime, /\d+\.\d+\.\d+/.exec(stdout)[0]);
}

const names = topics.map(({ name }) => name);
const cells = new Map();
/** The cell of a program that has not answered yet. */
const UNKNOWN = 'not run yet';
const changed = [];
const broken = [];
for (const { name, rows } of topics) {
  for (const row of rows) {
    const answers = await Promise.all(
      // Two at a time; those with a server one by one, since they share it.
      (row.server ? [0] : [0, 1]).map(async (half, _, halves) => {
        const mine = [];
        for (const [i, runtime] of RUNTIMES.entries()) {
          if (i % halves.length !== half) continue;
          const was = before.cells.get(row.what)?.get(runtime);
          const isAskedFor = isAsked(names, name) && isAsked(RUNTIMES, runtime);
          const isKept = isForNew && was !== undefined && was !== UNKNOWN;
          if (!isAskedFor || isKept || (row.server && !(await serverOf(row.server)))) {
            mine.push([runtime, was ?? UNKNOWN]);
            continue;
          }
          const is = await answerOf(row, runtime);
          if (/^(HANGS|NOTHING)| or (HANGS|NOTHING)/.test(is)) {
            broken.push(`${row.what}\n  ${runtime}: ${is}`);
            mine.push([runtime, was ?? UNKNOWN]);
            continue;
          }
          if (was !== undefined && was !== UNKNOWN && was !== is)
            changed.push(`${row.what}\n  ${runtime}: it was "${was}", it is "${is}"`);
          if (was !== is) console.log(`${row.what} | ${runtime} | ${is}`);
          mine.push([runtime, is]);
        }
        return mine;
      }),
    );
    cells.set(row.what, new Map(answers.flat()));
  }
}
await stopServers();

writeFileSync(PAGE, pageOf(topics, heads, cells));
if (broken.length > 0) {
  console.error(`\nPrograms that answered nothing, or did not end:\n\n${broken.join('\n')}`);
  process.exitCode = 1;
}
if (changed.length > 0) {
  console.error(`\nCells of ${PAGE} that differ from the page as it was:\n\n${changed.join('\n')}`);
  process.exitCode = 1;
}
