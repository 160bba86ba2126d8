// What the folders promise, held by dependency-cruiser: no import in a circle, and none that goes upwards.
//   npm run house              says whether it holds, and writes the picture into ARCHITECTURE.md
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cruise } from 'dependency-cruiser';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const page = join(root, 'ARCHITECTURE.md');

/** From the doors down to the ground: the wings of each floor, and the pattern of what stands there. */
const floors = [
  {
    doors:
      '^src/(index|auto|piscina|tinypool|workerpool|comlink|http|bullmq|process|timeline|bin|rest|on-demand|at-once)[.]ts$',
  },
  { adapters: '^src/adapters/', timeline: '^src/timeline/' },
  { api: '^src/api/' },
  { routes: '^src/routes/' },
  { thread: '^src/thread/' },
  { children: '^src/children/', workers: '^workers/' },
  { sequence: '^src/sequence/' },
  { handlers: '^src/handlers/', watchdog: '^src/watchdog/', output: '^src/output/' },
  { report: '^src/report/', options: '^src/options[.]ts$' },
  { table: '^src/table/' },
  { wire: '^src/wire/' },
  {
    ground:
      '^src/(times|clock|threads|process-threads|fair-clock|platform|shared-memory|iteration|stand-in|signal-names|misuse)[.]ts$',
  },
];
const wings = floors.flatMap((floor, depth) =>
  Object.entries(floor).map(([name, pattern]) => ({ name, depth, pattern })),
);

/** An adapter finds the library by its front door: each is a build of its own, and one copy of the library is to serve all. */
const THROUGH_THE_DOOR = { from: 'adapters', to: '^src/index[.]ts$' };

const upwards = wings.map(({ name, depth, pattern }) => {
  const above = wings.filter((wing) => wing.depth < depth).map((wing) => wing.pattern);
  const isFree = name === THROUGH_THE_DOOR.from;
  return {
    name: `upwards-from-${name}`,
    severity: 'error',
    from: { path: pattern },
    to: { path: above.join('|') || '^$', ...(isFree && { pathNot: THROUGH_THE_DOOR.to }) },
  };
});

const rules = {
  forbidden: [
    { name: 'circle', severity: 'error', from: {}, to: { circular: true, viaOnly: { pathNot: THROUGH_THE_DOOR.to } } },
    {
      name: 'no-room-without-a-wing',
      severity: 'error',
      from: {},
      to: { path: '^(src|workers)/', pathNot: wings.map(({ pattern }) => pattern).join('|') },
    },
    ...upwards,
  ],
};

/** Reads every import, types included. */
async function read() {
  const { output } = await cruise(['src', 'workers'], {
    baseDir: root,
    // TypeScript 7 has no API by which another tool could read a file.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    ruleSet: rules,
    validate: true,
  });
  return output;
}

const wingOf = (path) => wings.find(({ pattern }) => new RegExp(pattern).test(path))?.name;

/** The wings by floors, and who imports whom, as Mermaid has it. */
function draw({ modules }) {
  const arrows = new Set();
  for (const { source, dependencies } of modules) {
    for (const { resolved } of dependencies) {
      const [from, to] = [wingOf(source), wingOf(resolved)];
      // Everybody stands on the ground.
      if (from && to && from !== to && to !== 'ground') arrows.add(`  ${from} --> ${to}`);
    }
  }
  const boxes = floors.map((floor) => `  ${Object.keys(floor).join(' ~~~ ')}`);
  return ['```mermaid', 'flowchart TD', ...boxes, ...[...arrows].sort(), '```'].join('\n');
}

const PICTURE = /(?<=<!-- The picture that `npm run house` draws\. -->\n)[\s\S]*?(?=\n<!-- End of the picture\. -->)/;

/** What is wrong, in a line each, and the page as it is and as it would be today. */
export async function inspect() {
  const read_ = await read();
  const faults = read_.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} imports ${to}`);
  const found = readFileSync(page, 'utf8');
  return { faults, found, drawn: found.replace(PICTURE, () => draw(read_)) };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { faults, drawn } = await inspect();
  for (const fault of faults) console.error(fault);
  writeFileSync(page, drawn);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
