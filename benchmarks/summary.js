/** The figures that README shows: what is written by hand today, the fastest of the peers, and this library. */
import { shown } from './chart.js';

const OWN = 'worker-atexit';

/** What, its benchmark and row there, and the series of what is written by hand; without that, every other one is a peer. */
const ROWS = [
  ['`shutdown()` of 1 idle worker, beside bare ports', 'latency', '1 workers', 'floor'],
  ['the same with 16', 'latency', '16 workers', 'floor'],
  ['16 workers inside `process.exit()`', 'latency-sync', '16 workers', 'floor'],
  [
    'SIGTERM until the process is gone, 16 idle threads of a Piscina, beside `pool.destroy()`, where none cleans up',
    'gone',
    '16 threads',
    'pool.destroy()',
  ],
  ['`register()`, 1,000 handlers, each', 'register', 'register 1000'],
  ['`unregister()`, 1,000 handlers, each', 'register', 'unregister 1000'],
  ['a worker from `new Worker` to ready, beside one without the library', 'spawn', 'ready and linked', 'empty'],
  ['`isShuttingDown()` in a hot loop, beside the empty loop', 'check', 'worker', 'empty loop'],
];

const withUnit = (value, unit) => `${shown(value)} ${unit}`;

function toRow([what, name, row, byHand], results) {
  const { unit, rows } = results[name];
  const { figures } = rows.find((found) => found.row === row);
  const measured = (series) => withUnit(figures[series], unit.split(' ')[0]);
  if (byHand) return [what, measured(byHand), '', measured(OWN)];
  const peers = Object.keys(figures).filter((series) => series !== OWN && series !== 'CPython');
  const fastest = peers.reduce((one, other) => (figures[other] < figures[one] ? other : one));
  return [what, '', `${measured(fastest)} (${fastest})`, measured(OWN)];
}

/** What an import costs is a row a library. */
function importRow({ import: { unit, rows } }) {
  const costs = rows.flatMap(({ row, figures: { cost } }) => (cost === undefined ? [] : [[row, cost]]));
  const [, own] = costs.find(([name]) => name === OWN);
  const [name, fastest] = costs.filter(([name]) => name !== OWN).toSorted(([, one], [, other]) => one - other)[0];
  return ['an import, above an empty module', '', `${withUnit(fastest, unit)} (${name})`, withUnit(own, unit)];
}

const toMarkdown = (lines) => lines.map((cells) => `| ${cells.join(' | ')} |`.replaceAll(/ {2,}/g, ' ')).join('\n');

const rule = (head) => head.map(() => '---');

/** Both tables, in Markdown. `results`: what the benchmarks have left, by their names. */
export function toSummary(results) {
  const head = ['', 'by hand', 'the fastest peer', 'this'];
  const times = [head, rule(head), ...ROWS.map((row) => toRow(row, results)), importRow(results)];
  const kinds = Object.keys(results.size.rows[0].figures);
  const sizes = results.size.rows.map(({ row, figures }) => [
    row,
    ...kinds.map((kind) => `${shown(figures[kind] / 1024)} KiB`),
  ]);
  return `${toMarkdown(times)}\n\n${toMarkdown([['', ...kinds], rule(['', ...kinds]), ...sizes])}`;
}
