import { expect, it } from 'vitest';
import { linesOf, run, temporaryFolder } from './programs.ts';

async function play(situation: string) {
  const dir = temporaryFolder();
  const ended = await run('on-main.js', [dir, situation]);
  return { ...ended, log: linesOf(dir, 'log') };
}

const entrusted = 'entrusted by the main thread';

it.each(['crashes', 'exits', 'is out of memory', 'is terminated'])(
  'what a worker entrusts to the main thread is done at once when it %s',
  async (how) => {
    const { code, log, stderr } = await play(`${how}, and the process lives on`);
    expect({ code, log }, stderr).toEqual({ code: 0, log: [entrusted, 'the process lives on', 'main'] });
  },
);

it.each([
  ['exit()', 0],
  ['process.exit()', 0],
  ['a crash', 1],
])('it is a handler of the main thread’s where the worker lives, by %s', async (route, expected) => {
  const { code, log, stderr } = await play(`lives, and the program ends by ${route}`);
  expect({ code, log }, stderr).toEqual({
    code: expected,
    log: ['registered after', entrusted, 'registered before'],
  });
});

it.each(['exit()', 'process.exit()'])(
  'it is done although the main thread has heard nothing yet, by %s',
  async (route) => {
    const { code, log, stderr } = await play(`has registered right before ${route}`);
    expect({ code, log }, stderr).toEqual({ code: 0, log: [entrusted, 'main'] });
  },
);

it('it is done although the program exits as soon as the worker is gone', async () => {
  const { code, log, stderr } = await play('dies, and the program exits by that');
  expect({ code, log, stderr }).toEqual({ code: 3, log: [entrusted, 'main'], stderr: '' });
});

it('it is done at once when a worker’s worker dies', async () => {
  const { code, log, stderr } = await play('is a grandchild that dies');
  expect({ code, log }, stderr).toEqual({ code: 0, log: [entrusted, 'the process lives on', 'main'] });
});

it('it is done once, in a shutdown() that its worker outlives', async () => {
  const { code, log, stderr } = await play('lives through a shutdown(), and is gone later');
  expect({ code, log }, stderr).toEqual({ code: 0, log: [entrusted, 'the process lives on', 'main'] });
});

it('it is done for a worker that is blocked, and terminated', async () => {
  const { code, log } = await play('is blocked, and terminated at the deadline');
  expect({ code, log }).toEqual({ code: 1, log: [entrusted, 'main'] });
});

it('the main thread may entrust something to itself; what cannot be loaded is a failure of that handler', async () => {
  const { code, log, stderr } = await play('is the main thread itself');
  expect({ code, log }).toEqual({ code: 1, log: [entrusted, 'main'] });
  expect(stderr).toMatch(
    /handler nothing of entrusted.js failed: TypeError: file:.*entrusted.js has no function nothing/,
  );
});
