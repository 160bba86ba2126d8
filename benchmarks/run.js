/**
 * `npm run bench`: all benchmarks; `npm run bench -- NAME…`: those. Each prints a table and leaves its figures as JSON and
 * a chart in `results/`. A figure that is worse than its target by more than 20 % makes the exit code 1.
 *
 * `--smallest` runs each at its smallest size, to see that it works: such figures are not judged. `--out FOLDER`: results
 * go there. With all of them there, README's tables are printed.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { shown, toChart } from './chart.js';
import { toSummary } from './summary.js';

/** How much worse than its target a figure may be: machines are noisy. */
const ALLOWANCE = 1.2;

const NAMES = [
  'latency',
  'latency-sync',
  'gone',
  'children',
  'server',
  'register',
  'import',
  'spawn',
  'idle',
  'watchdog',
  'scale',
  'check',
  'size',
];

const { values, positionals } = parseArgs({
  options: {
    smallest: { type: 'boolean', default: false },
    out: { type: 'string', default: fileURLToPath(new URL('./results', import.meta.url)) },
  },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are ${NAMES.join(', ')}`);
  process.exit(2);
}

function toTable({ rows }) {
  const series = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const lines = rows.map(({ row, figures, target }) => [
    row,
    ...series.map((name) => shown(figures[name])),
    target ? `${target.what} ${shown(target.value)}` : '',
    target ? `<= ${shown(target.most)}` : '',
  ]);
  const all = [['', ...series, 'judged', 'target'], ...lines];
  const widths = all[0].map((_, column) => Math.max(...all.map((line) => line[column].length)));
  const toLine = (line) =>
    `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [toLine(all[0]), rule, ...all.slice(1).map(toLine)].join('\n');
}

const pathOf = (name) => join(values.out, `${name}.json`);

mkdirSync(values.out, { recursive: true });
const machine = { node: process.version, platform: `${process.platform} ${process.arch}`, cpus: cpus().length };
const missed = [];

for (const name of positionals.length > 0 ? positionals : NAMES) {
  const { default: measure } = await import(`./${name}.js`);
  const result = { name, ...(await measure(values.smallest)), machine };
  console.log(`\n${name}: ${result.about} (${result.unit})\n\n${toTable(result)}`);
  writeFileSync(pathOf(name), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(values.out, `${name}.svg`), toChart(result));
  for (const { row, target } of result.rows) {
    if (!target || target.value <= target.most * ALLOWANCE) continue;
    missed.push(`${name}, ${row}: ${target.what} ${shown(target.value)}, target ${shown(target.most)}`);
  }
}

if (!values.smallest && NAMES.every((name) => existsSync(pathOf(name)))) {
  const results = NAMES.map((name) => [name, JSON.parse(readFileSync(pathOf(name), 'utf8'))]);
  console.log(`\n${toSummary(Object.fromEntries(results))}`);
}

if (missed.length > 0 && !values.smallest) {
  console.error(`\nworse than the target by more than 20 %:\n${missed.map((line) => `  ${line}\n`).join('')}`);
  process.exitCode = 1;
}
