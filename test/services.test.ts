/** What the page on services promises, and the demo of it. */
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { defaults } from '../src/options.ts';
import { read, root } from './documents.ts';

it('the manifest for Kubernetes leaves the shutdown its time', () => {
  const page = read('docs/services.md');
  const figure = (pattern: RegExp): number => Number(pattern.exec(page)?.[1]);
  const grace = figure(/terminationGracePeriodSeconds: (\d+)/) * 1000;
  const delay = figure(/name: DELAY, value: '(\d+)'/);
  const probing = figure(/periodSeconds: (\d+)/) * figure(/failureThreshold: (\d+)/) * 1000;
  // The watchdog's half a second, and a second or two to spare.
  expect(grace).toBeGreaterThanOrEqual(delay + defaults.timeout + 2000);
  // The probe sees it in time.
  expect(delay).toBeGreaterThan(probing);
  expect(page).toContain(`# delay ${delay / 1000} s + timeout ${defaults.timeout / 1000} s`);
});

it('the demo restarts both instances without a failed request', async () => {
  const { stdout } = await execa(process.execPath, [`${root}examples/service/demo.js`], {
    env: { REQUESTS: '1000' },
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  expect(stdout.split('\n').at(-1)).toMatch(/^requests: (\d+) sent, \1 answered, 0 failed, 0 cut$/);
});

it('the README has the figures of the page', () => {
  const figures = (name: string, heading: string): readonly string[] => {
    const blocks = read(name).split(heading)[1]?.split('\n\n') ?? [];
    const table = blocks.find((block) => block.startsWith('| |'))?.split('\n') ?? [];
    return table.map((row) => row.split(' | ').slice(1).join());
  };
  const page = figures('docs/services.md', '\n## Balancers\n');
  expect(page).toHaveLength(9);
  expect(figures('README.md', '\n### Behind a balancer\n')).toEqual(page);
});
