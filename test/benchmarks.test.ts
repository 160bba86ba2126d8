import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { temporaryFolder } from './programs.ts';

const runner = fileURLToPath(new URL('../benchmarks/run.js', import.meta.url));

interface Result {
  readonly rows: readonly { readonly row: string; readonly figures: Record<string, number> }[];
}

// No figure is judged: that is for `npm run bench`, on a machine at rest.
it.each([
  ['latency', ['worker-atexit', 'floor']],
  ['latency-sync', ['worker-atexit', 'floor']],
  ['gone', ['worker-atexit', 'pool.destroy()', 'SIGKILL']],
  ['children', ['worker-atexit', 'by hand']],
  ['server', ['worker-atexit', 'server.close()']],
  ['register', ['worker-atexit', 'signal-exit', 'CPython']],
  ['import', ['process']],
  ['spawn', ['worker-atexit', 'empty']],
  ['idle', ['worker-atexit', 'bare ports']],
  ['watchdog', ['worker-atexit', 'watchdog: false']],
  ['scale', ['all, ms']],
  ['check', ['worker-atexit', 'empty loop']],
  ['size', ['built', 'minified', 'gzipped']],
])('the benchmark %s runs and gives figures', async (name, series) => {
  const out = temporaryFolder();
  const { stdout } = await execa(process.execPath, [runner, name, '--smallest', '--out', out], {
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  const { rows }: Result = JSON.parse(readFileSync(join(out, `${name}.json`), 'utf8'));
  expect(rows.length).toBeGreaterThan(0);
  for (const { row, figures } of rows) {
    expect(stdout).toContain(row);
    for (const [what, figure] of Object.entries(figures)) expect(figure, `${row}, ${what}`).toBeTypeOf('number');
  }
  for (const what of series) expect(rows[0]?.figures[what], what).toBeGreaterThanOrEqual(0);
  expect(readFileSync(join(out, `${name}.svg`), 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
});
