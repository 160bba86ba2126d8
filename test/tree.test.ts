import { describe, expect, it } from 'vitest';
import { linesOf, run, temporaryFolder } from './programs.ts';

/** ms: what is hung uses up its share of it, and sixty threads are started on two cores. */
const TIMEOUT = 8000;

async function play(situation: string, route: string) {
  const dir = temporaryFolder();
  const { code, stderr } = await run('tree.js', [dir, situation, route], {
    env: { TIMEOUT: String(TIMEOUT) },
    limit: 60_000,
  });
  const log = linesOf(dir, 'log');
  const reports = log.filter((line) => line.startsWith('report: ')).map((line) => line.slice('report: '.length));
  return { code, stderr, log, reports };
}

describe.each(['exit()', 'process.exit()'])('by %s', (route) => {
  it('leaves come first, three deep, and a fault in a leaf is in the report with its path', async () => {
    const { code, log, reports, stderr } = await play('three deep', route);
    expect(code, stderr).toBe(1);
    const before = (leaf: string, parent: string): void =>
      expect(log.indexOf(leaf), `${leaf} before ${parent}`).toBeLessThan(log.indexOf(parent));
    for (const [leaf, parent] of [
      'aaa aa',
      'throws aa',
      'aba ab',
      'aa a',
      'ab a',
      'hangs ba',
      'bba bb',
      'ba b',
      'bb b',
      'a main',
      'b main',
    ].map((pair) => pair.split(' ') as [string, string])) {
      expect(log).toContain(leaf);
      before(leaf, parent);
    }
    expect(reports.sort()).toEqual([
      'a depth 1 acked',
      'aa depth 2 acked',
      'aaa depth 3 acked',
      'ab depth 2 acked',
      'aba depth 3 acked',
      'b depth 1 acked',
      'ba depth 2 acked',
      'bb depth 2 acked',
      'bba depth 3 acked',
      'hangs depth 3 failed hangs',
      'throws depth 3 failed throws',
    ]);
  });

  it('the deadline shrinks on the way down, so that the parents of a leaf that loops still answer', async () => {
    const { code, log, reports } = await play('a leaf that loops', route);
    expect(code).toBe(1);
    expect(log.filter((line) => /^(a+|b|main)$/.test(line)).at(-1)).toBe('main');
    expect(reports.sort()).toEqual([
      'a depth 1 acked',
      'aa depth 2 acked',
      'aaa depth 3 acked',
      'b depth 1 acked',
      'loops depth 3 timed-out handler loops blocks it (0 of 2 done)',
    ]);
  });

  it('one hung worker costs 63 clean ones nothing, and the main thread’s handlers have their quarter', async () => {
    const { code, log, reports, stderr } = await play('one of many hangs', route);
    expect(code, stderr).toBe(1);
    expect(log.filter((line) => /^clean\d+$/.test(line))).toHaveLength(63);
    expect(reports.filter((line) => line.endsWith('depth 1 acked'))).toHaveLength(63);
    expect(reports.filter((line) => line.startsWith('loops'))).toEqual([
      'loops depth 1 timed-out handler loops blocks it (0 of 2 done)',
    ]);
    expect(log.at(-1)).toBe('ok false, main handler unfinished: false');
    expect(log).toContain('main');
  });
});

describe('a worker that registers again after a shutdown, below one that does not', () => {
  const before = ['child: round 1', 'parent: round 1'];

  it.each(['exit()', 'process.exit()', 'SIGTERM', 'an empty event loop', 'shutdown()'])('%s', async (route) => {
    const { stdout, stderr } = await run('again.js', [route]);
    expect(stdout.split('\n'), stderr).toEqual([...before, 'child: round 2', 'depth 1 acked, depth 2 acked', '']);
  });

  it('terminate() of its parent', async () => {
    const { stdout, stderr } = await run('again.js', ['terminate()']);
    expect(stdout.split('\n').slice(0, 3), stderr).toEqual([...before, 'child: round 2']);
  });
});

it.each(['process.exit()', 'exit()'])(
  'a worker that registers right after a shutdown is not lost if its event loop has not turned: %s',
  async (route) => {
    const { stdout, stderr } = await run('again-at-once.js', [route]);
    expect(stdout, stderr).toBe('round 1\nacked\nround 2\nacked\n');
  },
);
