// docs/endings.md as text, and back: one table a topic, one row a question, one column a runtime.

export const RUNTIMES = ['node@20', 'node@22', 'node@24', 'node@26', 'bun', 'deno'];

const NAMES = { bun: 'Bun', deno: 'Deno' };
const headOf = (runtime, version) => `${NAMES[runtime] ?? 'Node'} ${version}`;
const runtimeOf = (head) => {
  const [name, version = ''] = head.split(' ');
  return name === 'Node' ? `node@${version.split('.')[0]}` : name.toLowerCase();
};

const INTRO = `# What really happens when a thread ends

Each cell is what a small program answered on that runtime, without this library; where it is several times another
answer, all stand there. \`npm run endings\` runs the programs of [endings](../endings/index.js) and writes this page; it
fails where a cell differs from the page as it was, so that what a new release changes shows at once. A dash: the runtime
does not have it. What crashed or hung in other people's software stands here in words, and no program does it again.

What this library makes of it: [routes](routes.md), [limits](limits.md), [other runtimes](runtimes.md),
[native packages](native.md).
`;

const lineOf = (cells) => `| ${cells.join(' | ')} |`;

/** `heads`: versions by runtime. `cells`: by question, answers by runtime. */
export function pageOf(topics, heads, cells) {
  const head = ['what', ...RUNTIMES.map((runtime) => headOf(runtime, heads.get(runtime))), 'what to do about it'];
  const tables = topics.map(({ title, intro, rows }) => {
    const lines = rows.map((row) =>
      lineOf([row.what, ...RUNTIMES.map((runtime) => cells.get(row.what).get(runtime)), row.instead]),
    );
    return [
      `## ${title}`,
      '',
      ...(intro ? [intro, ''] : []),
      lineOf(head),
      lineOf(head.map(() => '---')),
      ...lines,
    ].join('\n');
  });
  return `${[INTRO, ...tables].join('\n\n').replace(/\n{3,}/g, '\n\n')}\n`;
}

/** The inverse of `pageOf`, but for what comes from the topics. */
export function cellsOf(page) {
  const heads = new Map();
  const cells = new Map();
  let columns = [];
  for (const line of page.split('\n')) {
    if (!line.startsWith('| ')) continue;
    const [what, ...rest] = line.slice(2, -2).split(' | ');
    if (what === 'what') {
      columns = rest.slice(0, -1).map(runtimeOf);
      for (const [i, runtime] of columns.entries()) heads.set(runtime, rest[i].split(' ')[1]);
    } else if (what !== '---') {
      cells.set(what, new Map(columns.map((runtime, i) => [runtime, rest[i]])));
    }
  }
  return { heads, cells };
}
