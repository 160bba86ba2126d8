import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, it } from 'vitest';
import * as atexit from 'worker-atexit';
import { defaults } from '../src/options.ts';
import { STATUSES } from '../src/wire/outcomes.ts';
import { read, root } from './documents.ts';

/** What the rows of a page's table under `heading` begin with. */
function namesIn(page: string, heading: string): string[] {
  const text = read(page);
  const table = text
    .slice(text.indexOf(`${heading}\n`))
    .split('\n\n')
    .find((block) => block.startsWith('| '));
  const cells = table?.split('\n').slice(2) ?? [];
  return cells.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w[\w-]*)/g)].map(([, name = '']) => name));
}

it('names every function, and none that is not there', () => {
  const exported = Object.keys(atexit).filter((name) => name !== 'ShutdownError');
  const named = new Set(namesIn('README.md', '## Interface').filter((name) => name !== 'worker-atexit'));
  expect([...named].sort()).toEqual(
    [
      ...exported,
      'registerPool',
      'wrap',
      'expose',
      'toText',
      'toHtml',
      'toTrace',
      'registerProcess',
      'registerServer',
      'registerCluster',
    ].sort(),
  );
});

it('names every option, and none that is not there', () => {
  const options = Object.keys(defaults);
  expect(namesIn('docs/options.md', '# Options')).toEqual(options);
});

it('names every status', () => {
  expect(namesIn('README.md', '## The report')).toEqual(STATUSES);
});

it('shows every status in a report of its own', () => {
  const text = read('docs/report.md');
  for (const status of STATUSES) expect(text).toContain(`\n## ${status}\n`);
});

it('shows the figures of the last run of all benchmarks', async () => {
  const { toSummary }: { toSummary(results: object): string } = await import(`${root}benchmarks/summary.js`);
  const results = readdirSync(`${root}benchmarks/results`).filter((name) => name.endsWith('.json'));
  const figures = results.map((name) => [basename(name, '.json'), JSON.parse(read(`benchmarks/results/${name}`))]);
  expect(read('README.md')).toContain(`\n${toSummary(Object.fromEntries(figures))}\n`);
});
