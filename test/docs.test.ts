import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { normalise, pages, parse, REFERENCE, reached, read, root, type Session, type Source } from './documents.ts';
import { temporaryFolder } from './programs.ts';
import * as runtime from './runtime.ts';

/** A block's commands have ended by then, or are killed, and their test fails: ms. A recipe is five programs. */
const LIMIT = process.env.NATIVE === undefined ? 30_000 : 120_000;

/** A page's `node` is the runtime. */
const PATH = [dirname(runtime.command), process.env.PATH].join(delimiter);

const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Its recipes need packages and servers that scripts/native.js installs and starts: only that one runs them. */
const RECIPES = 'docs/native.md';
/** Its programs need Redis, which scripts/jobs.js sees to. */
const JOBS = 'docs/jobs.md';
/** These packages are built from source where they are installed. */
const BUILT = ['node-pty.js'];

const recipes = process.env.NATIVE;
const recipePackages = recipes === undefined ? [] : recipes === 'built' ? ['native', 'native-built'] : ['native'];

/** Its binary is for Node 22 and later. */
const isTooOld = (line: string): boolean =>
  line.includes('better-sqlite3.js') &&
  (runtime.name === 'node@20' || (runtime.name === 'node' && /^v20\./.test(process.version)));

/** Whether this run is the one that plays `session`. */
function isPlayed(page: string, session: Session): boolean {
  if (page === JOBS || process.env.JOBS) return page === JOBS && process.env.JOBS !== undefined;
  if (page !== RECIPES) return recipes === undefined;
  if (session.commands.some(({ line }) => isTooOld(line))) return false;
  const isBuilt = session.commands.some(({ line }) => BUILT.some((name) => line.includes(name)));
  return recipes === 'built' || (recipes === 'ready' && !isBuilt);
}

/** A folder with the page's files, in which the library and the packages of the documents can be imported. */
function folderWith(sources: readonly Source[]): string {
  const folder = realpathSync(temporaryFolder());
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  symlinkSync(root, join(modules, 'worker-atexit'));
  for (const name of Object.keys(devDependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  for (const installed of recipePackages.map((name) => join(root, 'node_modules', '.cache', name, 'node_modules'))) {
    for (const name of readdirSync(installed).filter((name) => !name.startsWith('.'))) {
      if (!existsSync(join(modules, name))) symlinkSync(join(installed, name), join(modules, name));
    }
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const { name, code } of sources) writeFileSync(join(folder, name), code);
  return folder;
}

/** Runs a command line as a shell does, stdout and stderr in the order in which they were written. */
async function run(line: string, cwd: string): Promise<string> {
  const child = execa('sh', ['-c', `exec 2>&1; ${line}`], {
    cwd,
    env: { NODE_OPTIONS: '', NO_COLOR: '1', PATH },
    stdin: 'ignore',
    reject: false,
    // The shell leads a group of its own, so that its programs end with it.
    detached: true,
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, LIMIT);
  const { stdout } = await child;
  clearTimeout(timer);
  if (isLate) throw new Error(`${line} was killed after ${LIMIT} ms\n${stdout}`);
  return stdout;
}

async function play({ commands }: Session, sources: readonly Source[]): Promise<void> {
  const folder = folderWith(sources);
  for (const { line, output } of commands) {
    expect(normalise(await run(line, folder), folder), line).toBe(normalise(output, folder));
  }
}

const firstLine = ({ commands }: Session): string => commands[0]?.line ?? 'no command';

describe.each(pages.filter((page) => page !== REFERENCE))('%s', (page) => {
  const { sources, sessions, nameless } = parse(read(page));

  const played = sessions.filter((session) => isPlayed(page, session));
  it.each(played.map((session) => [firstLine(session), session] as const))('prints what it says: %s', (_, session) =>
    play(session, sources),
  );

  it('has no code that is not run', () => {
    const runs = reached({ sources, sessions, nameless });
    const idle = sources.filter(({ name }) => !runs.has(name)).map(({ name }) => name);
    expect({ nameless, idle }).toEqual({ nameless: [], idle: [] });
    const names = sources.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    for (const { commands } of sessions) expect(commands).not.toEqual([]);
  });
});

/** The anchors that GitHub gives a page's headings. */
const anchorsOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

it.each(pages)('%s has no link that leads nowhere', (page) => {
  const prose = read(page).replace(/^```.*?^```$/gms, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]*)\)/g)].map(([, target = '']) => target);
  const broken = targets.filter((target) => {
    if (target.startsWith('https://')) return false;
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? page : join(dirname(page), file);
    if (anchor === undefined) return !existsSync(join(root, path));
    return !anchorsOf(read(path)).includes(anchor);
  });
  expect(broken).toEqual([]);
});

it(`${REFERENCE} is what npm run docs writes`, async () => {
  const { stdout } = await execa(process.execPath, [join(root, 'scripts', 'reference.js')], { timeout: LIMIT });
  expect(read(REFERENCE).trim()).toBe(stdout);
});
