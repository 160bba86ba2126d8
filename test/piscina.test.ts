import { expect, it } from 'vitest';
import { linesOf, run, temporaryFolder } from './programs.ts';

async function play(situation: string) {
  const dir = temporaryFolder();
  const ended = await run('pool.js', [dir, situation]);
  return { ...ended, log: linesOf(dir, 'log') };
}

it('finishes what is queued and running, takes tasks while others drain, and refuses them later', async () => {
  const { code, log, stderr } = await play('drain');
  expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
  expect(log.slice(0, 8).sort()).toEqual([
    'early 1',
    'early 2',
    'early 3',
    'early 4',
    'early 5',
    'early 6',
    'while draining 7',
    'while stopping 8',
  ]);
  expect(log.slice(8)).toEqual([
    'worker',
    'worker',
    'late AbortError ERR_WORKER_ATEXIT_SHUTDOWN exit',
    'true piscina acked, piscina acked',
  ]);
});

it('refuses tasks at once where nothing drains', async () => {
  const { code, log } = await play('refuses at once');
  // Whether the main thread tells before the workers have cleaned up is up to the scheduler.
  expect({ code, log: log.slice(0, 3).sort(), last: log.slice(3) }).toEqual({
    code: 3,
    log: ['late AbortError ERR_WORKER_ATEXIT_SHUTDOWN exit', 'worker', 'worker'],
    last: ['true piscina acked, piscina acked'],
  });
});

it('destroys the pool after a shutdown() in a process that lives on, and leaves it as it was', async () => {
  const { log, stderr } = await play('shutdown()');
  expect(stderr).toBe('');
  expect(log).toEqual([
    'worker',
    'worker',
    'true piscina acked, piscina acked',
    'threads 0',
    'own run false',
    'listeners 0',
    'again 9',
    // It is registered again with its new worker, which the pool's own destroy() lets clean up.
    'worker',
    'true ',
  ]);
});

it('wakes parked workers by a task each where the pool was registered late, and says so', async () => {
  const { code, log } = await play('registered late');
  expect({ code, log }).toEqual({
    code: 3,
    log: [
      'worker',
      'worker',
      'true late acked, late acked',
      '2 of 2 idle workers of pool late were woken by a task each, since not every one of them is known',
    ],
  });
});

it('drains tasks that were submitted before the pool was registered', async () => {
  const { code, log } = await play('tasks before it was registered');
  expect({ code, log: log.sort() }).toEqual({
    code: 3,
    log: ['early 1', 'early 2', 'early 3', 'true piscina acked, piscina acked', 'worker', 'worker'],
  });
});

it('lets workers clean up that are in the middle of a task', async () => {
  const { code, log } = await play('busy');
  expect({ code, log }).toEqual({ code: 3, log: ['worker', 'worker', 'true piscina acked, piscina acked'] });
});

it('terminates a worker that never ends its task', async () => {
  const { code, log } = await play('never ends');
  expect({ code, log: log.sort() }).toEqual({
    code: 3,
    log: [
      expect.stringMatching(/^false piscina (acked, piscina timed-out|timed-out, piscina acked)$/),
      'pool piscina has not finished its tasks',
      'worker',
    ],
  });
});

it.each(['sync', 'async', 'disabled'].flatMap((atomics) => ['process.exit', 'exit'].map((route) => [atomics, route])))(
  'cleans up with atomics %s on %s()',
  async (atomics, route) => {
    const { code, log } = await play(`atomics: ${atomics}, ${route}()`);
    expect({ code, log }).toEqual({ code: 3, log: ['worker', 'worker', 'true piscina acked, piscina acked'] });
  },
);
