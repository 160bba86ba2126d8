import { describe, expect, it } from 'vitest';
import { BLOCKED, linesOf, PARKED, run, temporaryFolder } from './programs.ts';

async function play(pool: string) {
  const dir = temporaryFolder();
  const ended = await run('other-pools.js', [dir, pool]);
  return { ...ended, lines: linesOf(dir, 'events') };
}

describe('workers of a pool that has no adapter clean up before the pool ends them:', () => {
  it('threads.js, on SIGTERM, with a listener of its own that terminates them and exits', async () => {
    const { lines, stderr } = await play('threads');
    expect(lines.toSorted(), stderr).toEqual(['main', 'worker', 'worker']);
  });

  it.each([
    ['poolifier', 'destroy()', ['worker', 'worker', 'destroyed', 'main']],
    ['jest-worker', 'end()', ['worker', 'worker', 'ended', 'main']],
    ['bree', 'closeWorkerAfterMs', ['ready', 'worker', 'ended', 'main']],
  ])('%s, by %s', async (pool, _, expected) => {
    const { lines, code, stderr } = await play(pool);
    expect(lines, stderr).toEqual(expected);
    expect(code, stderr).toBe(0);
  });
});

describe('terminate() of a worker that nobody has registered', () => {
  it('lets it clean up first where it has registered a handler itself', async () => {
    const { lines, code, stderr } = await play('plain');
    expect({ lines, code, stderr }).toEqual({ lines: ['worker', 'exit code 1', 'main'], code: 0, stderr: '' });
  });

  it('ends it at once when it is called again', async () => {
    const { lines } = await play('twice');
    expect(lines).toEqual(['exit code 1', 'main']);
  });

  it('ends a worker that does not read its order, and says so', async () => {
    const { lines, stderr } = await play('busy');
    expect(lines).toEqual(['exit code 1', 'main']);
    expect(stderr).toMatch(/^worker-atexit: worker \d+ timed-out: /);
  });

  it('says how many handlers it has cost where nobody could tell the worker yet', async () => {
    const { lines, code, stderr } = await play('at once');
    expect({ lines, code }).toEqual({ lines: ['exit code 1', 'main'], code: 0 });
    expect(stderr).toMatch(
      /^worker-atexit: worker \d+ lost: it ended (before its link arrived|with exit code 1), and its 2 handlers were not called: registerWorker\(\), where it is made, lets terminate\(\) clean up first; .*\n$/,
    );
  });

  it('cleans up even then where the worker is registered', async () => {
    const { lines, code, stderr } = await play('at once, registered');
    expect({ lines, code, stderr }).toEqual({ lines: ['worker', 'exit code 1', 'main'], code: 0, stderr: '' });
  });

  it('is untouched where it has registered nothing', async () => {
    const { lines, code, stderr } = await play('without handlers');
    expect({ lines, code, stderr }).toEqual({
      lines: ['untouched', 'exit code 1', 'main'],
      code: 0,
      stderr: '',
    });
  });
});

describe('a worker of a pool that nobody has registered is told apart:', () => {
  it.each([
    ['piscina', 'idle', PARKED],
    ['piscina', 'busy', BLOCKED],
    ['tinypool', 'idle', PARKED],
    ['tinypool', 'busy', BLOCKED],
  ])('%s, %s', async (pool, work, diagnosis) => {
    const dir = temporaryFolder();
    const { code, stderr } = await run('forgotten-pool.js', [dir, pool, work]);
    expect({ code, lines: linesOf(dir, 'events') }, stderr).toEqual({ code: 1, lines: [`timed-out: ${diagnosis}`] });
  });
});
