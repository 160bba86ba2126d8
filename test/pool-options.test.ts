import { expect, it } from 'vitest';
import { filesOf, linesOf, run, temporaryFolder } from './programs.ts';

const situations: [string, number, string[]?][] = [
  ['concurrentTasksPerWorker 3', 2],
  ['a load balancer that always picks the first', 2],
  ['a load balancer that picks none', 2],
  ['close() under way', 2],
  // Waking its worker has spawned no other.
  ['one of four starts', 1, ['threads 1']],
  ['maxQueue 0', 2],
  ['minThreads 0', 2],
  ['several pools', 2],
  ['a task file in CommonJS', 2],
];

it.each(
  situations.flatMap(([name, workers, lines = []]) =>
    ['exit()', 'process.exit()'].map((route) => ({ name, route, workers, lines })),
  ),
)('a Piscina: $name, by $route', async ({ name, route, workers, lines }) => {
  const dir = temporaryFolder();
  const { code, stderr } = await run('pool-options.js', [dir, `${name}, by ${route}`]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(filesOf(dir, /^done-/)).toHaveLength(workers);
  expect(linesOf(dir, 'log')).toEqual([`true ${Array(workers).fill('acked').join(' ')}`, ...lines]);
});
