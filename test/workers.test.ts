import { expect, it } from 'vitest';
import { linesOf, PARKED, run, temporaryFolder } from './programs.ts';

const behind = ' behind'.repeat(5);

async function play(situation: string) {
  const dir = temporaryFolder();
  const ended = await run('workers.js', [dir, situation]);
  return { ...ended, log: linesOf(dir, 'log') };
}

it.each([
  ['undelivered, process.exit()', 3],
  ['undelivered, exit()', 3],
  ['undelivered, crash', 1],
])('a worker that has registered cleans up although its link was not delivered: %s', async (situation, expected) => {
  const { code, log, stderr } = await play(situation);
  // What its handlers are called is known where the event loop took the link after all.
  const handlers = situation === 'undelivered, exit()' ? ' cleanUp' : '';
  expect({ code, log }, stderr).toEqual({ code: expected, log: ['worker 1', 'main', `worker 1: acked${handlers}`] });
});

it.each(['process.exit()', 'exit()'])(
  'names workers that were gone before their links were delivered, and awaits none of them: %s',
  async (route) => {
    const { code, log, stderr } = await play(`long gone, ${route}`);
    expect({ code, log }).toEqual({ code: 3, log: ['main'] });
    const lines = stderr.trimEnd().split('\n').sort();
    // A link may arrive in the very moment.
    const told =
      /^worker-atexit: worker \d lost: it ended (before its link arrived|with exit code 1), and its handler was not called: registerWorker\(\)/;
    expect(lines).toEqual([1, 2, 3].map(() => expect.stringMatching(told)));
  },
);

it.each([
  ['undelivered', '1 of its handlers failed; its ack was not delivered'],
  ['delivered', 'open fails Error: unheard'],
])('tells of a worker that has ended by itself, and not been heard of: %s', async (situation, told) => {
  const { code, log } = await play(`a failure that has not been heard of, ${situation}`);
  expect({ code, log }).toEqual({ code: 1, log: ['main', `worker 1: failed ${told}`] });
});

it.each(['by itself', 'process.exit()', 'crash'])(
  'tells what failed in a worker that ended before its link was taken: %s',
  async (end) => {
    const { stderr, log } = await play(`gone first, ${end}`);
    expect(log).toContain('main');
    expect(stderr.match(/handler fails failed: Error: unheard/g)).toHaveLength(1);
  },
);

it('passes on what such a worker has printed', async () => {
  const { code, stdout, stderr, log } = await play('gone first, and had printed');
  expect({ code, stdout, stderr, log }).toEqual({
    code: 3,
    stdout: 'printed\n',
    stderr: 'and this\n',
    log: ['main', 'worker 1: acked prints'],
  });
});

it('a worker that ends by itself keeps nobody waiting who blocks for it', async () => {
  const { code, log } = await play('gone first, and nobody looks');
  // A report may still tell of it.
  expect({ code, log: log.slice(0, 3) }).toEqual({ code: 0, log: ['worker 1', 'ok', 'main'] });
});

it('what was printed before a handler loops is not lost with a link that is on its way', async () => {
  const { code, stdout, log } = await play('undelivered, and a handler loops after another has printed');
  expect({ code, stdout, log }).toEqual({
    code: 3,
    stdout: 'printed\n',
    log: ['main', 'worker 1: timed-out handler loops blocks it (1 of 2 done)'],
  });
});

it('a worker whose link is not taken in time says itself what has failed, and what is printed in the end', async () => {
  const { code, stdout, stderr, log } = await play('undelivered, and a handler exits after another has failed');
  expect({ code, stdout, log }).toEqual({
    code: 3,
    stdout: 'printed\nprinted in the end\n',
    log: ['main', 'worker 1: failed 1 of its handlers failed; its ack was not delivered'],
  });
  expect(stderr.match(/handler fails failed: Error: unheard/g)).toHaveLength(1);
});

it('a handler that is registered while a link is on its way is run', async () => {
  const { code, log } = await play('undelivered, and it registers when its handlers are through');
  expect({ code, log: log.slice(0, 2) }).toEqual({ code: 3, log: ['first', 'late'] });
});

it('a worker that a handler has made is told to end at once', async () => {
  const { code, log } = await play('a handler that makes a worker and awaits its end');
  expect({ code, log: log.slice(0, 3) }).toEqual({ code: 0, log: ['worker 2', 'worker 1', 'acked'] });
});

it('a worker that is ended alone has less time when the process ends meanwhile, and acks all the same', async () => {
  const { code, log } = await play('ended alone, and then with the process');
  expect({ code, log }).toEqual({ code: 3, log: ['worker 1', 'main', 'worker 1: failed never unfinished cleanUp'] });
});

it('a handler that is registered right after a shutdown is for the next one', async () => {
  const { log } = await play('registering right after a shutdown');
  expect(log).toEqual(['8 of 8']);
});

it.each(['blocked parent, process.exit()', 'blocked parent, exit()'])('a worker below a %s', async (situation) => {
  const { code, log } = await play(situation);
  expect(code).toBe(3);
  expect(log).toEqual([
    'worker 2',
    'main',
    `worker 1: timed-out ${PARKED}`,
    'worker 2: acked its parent did not ack for it',
  ]);
});

it('terminates silent workers, names what blocks them, and costs the others nothing', async () => {
  const { code, log, stderr } = await play('silent workers');
  expect(code).toBe(1);
  expect(log.slice(0, 3).sort()).toEqual(['before', 'main', 'worker 1']);
  expect(log.slice(3)).toEqual([
    'worker 1: acked cleanUp',
    'worker 2: timed-out its event loop was blocked and the order never read',
    `worker 3: timed-out ${PARKED}`,
    `worker 4: failed never unfinished${behind}`,
    'worker 5: failed (anonymous) Error: thrown, and not an Error: [object Object] fails RangeError: worker before',
    'worker 6: timed-out handler loops blocks it (1 of 3 done)',
  ]);
  expect(stderr).toContain('worker-atexit: worker 5: handler fails failed: RangeError: worker\n    at fails');
  expect(stderr).toContain('worker-atexit: worker 6 timed-out: handler loops blocks it (1 of 3 done)\n');
});

it('runs the handlers of workers that die, where they can run, and tells how they ended', async () => {
  const { code, log } = await play('dying workers');
  expect(code).toBe(1);
  expect(log.slice(0, 4).sort()).toEqual(['after', 'crashes', 'exits', 'main']);
  expect(log.slice(4)).toEqual([
    'worker 3: lost it ended by Error: Worker terminated due to reaching memory limit: JS heap out of memory',
    'worker 4: lost it ended with exit code 1',
    'worker 5: acked exits (anonymous)',
  ]);
});

it('runs a worker’s handlers when its event loop runs empty', async () => {
  const { code, log, stderr } = await play('workers that end by themselves');
  expect({ code, log }).toEqual({ code: 0, log: ['worker 1', 'main'] });
  expect(stderr).toMatch(/^worker-atexit: worker 2: handler fails failed: Error: by itself\n/);
});

it('keeps no process alive', async () => {
  const { code, log } = await play('nothing keeps the process alive');
  expect({ code, log }).toEqual({ code: 0, log: ['worker 1', 'main', 'worker 1: acked cleanUp'] });
});

it('leaves workers of somebody else alone', async () => {
  const { code, log } = await play('workers of somebody else');
  expect({ code, log }).toEqual({
    code: 0,
    log: ['worker 2', 'main', 'worker 2: acked cleanUp', 'the stranger runs: true'],
  });
});

it('does not fail because of what a worker did in the shutdown before', async () => {
  const { code, log } = await play('a failure in the shutdown before');
  expect({ code, log }).toEqual({ code: 0, log: ['main'] });
});

it('shuts down again and again in a process that lives on', async () => {
  const { code, log, stderr } = await play('living on');
  expect({ code, log }, stderr).toEqual({
    code: 0,
    log: [
      'survivor true true',
      'main',
      'worker 1: acked (anonymous)',
      'round 1 is over',
      'renewed: true',
      'survivor true true',
      'worker 1: acked (anonymous)',
      'round 2 is over',
      'renewed: true',
      'survivor true true',
      'worker 1: acked (anonymous)',
    ],
  });
});

it('ends registered workers, by their names and within their terms', async () => {
  const { log } = await play('registered workers');
  expect(log).toEqual([
    'worker 1',
    'main',
    'clean 1: acked cleanUp',
    `slow 2: failed never unfinished${behind}`,
    'unlinked 3: unlinked',
    'ok false; ended: true,true,true,false',
  ]);
});

it('leaves a captured stdout to whoever captures it', async () => {
  const { log, stdout } = await play('captured');
  expect({ log, stdout }).toEqual({ log: ['captured "from the worker\\n"'], stdout: '' });
});

it('lets a busy loop see that it is to end', async () => {
  const { code, log } = await play('a busy loop that asks');
  expect({ code, log }).toEqual({ code: 3, log: ['stopped', 'worker 1', 'main', 'worker 1: acked'] });
});

it('aborts the signal of a thread that only listens to it', async () => {
  const { log } = await play('a signal that is only listened to');
  expect(log).toEqual(['aborted: exit 3 AbortError', 'main']);
});

it('leaves a stream alone that is not as Node has made it', async () => {
  const { code, log, stderr } = await play('stdout is what the program has made of it');
  expect({ code, log, stderr }).toEqual({ code: 3, log: ['worker 1', 'main', 'worker 1: acked cleanUp'], stderr: '' });
});

it('lets a worker clean up which nobody above has heard of, and none of them has used the library', async () => {
  const { code, log } = await play('only a grandchild registers anything');
  expect({ code, log }).toEqual({ code: 3, log: ['worker 2'] });
});

it('takes an exit code that is text for the number that it is', async () => {
  const { code, log, stderr } = await play('an exit code that is text');
  expect({ code, log, stderr }).toEqual({ code: 3, log: ['worker 2', 'main', 'exit code 3'], stderr: '' });
});

it('lets a worker shut itself down, and exit', async () => {
  const { code, log, stderr } = await play('a worker ends itself');
  expect({ code, stderr, log }).toEqual({
    code: 0,
    stderr: '',
    log: ['ERR_WORKER_ATEXIT_MAIN_THREAD_ONLY', 'worker 1', 'ok true', 'worker 1', 'exit code 6', 'main'],
  });
});

it('orders a worker at once that starts while the shutdown runs', async () => {
  const { code, log } = await play('a worker that starts meanwhile');
  expect({ code, log }).toEqual({ code: 3, log: ['worker 1', 'main', 'worker 1: acked cleanUp'] });
});

it('drops links that do not fit, and says so', async () => {
  const { code, log, stderr } = await play('forged links');
  expect({ code, log }).toEqual({ code: 3, log: ['worker 1', 'main', 'worker 1: acked cleanUp'] });
  expect(stderr.split('\n').slice(0, -1)).toEqual([
    'worker-atexit: dropped a link from worker 1, which is not the owner of its slot',
    'worker-atexit: dropped a link from worker 1 that does not fit the protocol',
    'worker-atexit: worker 1 uses another version of the library (protocol 99, here 2), and works alone',
    'worker-atexit: dropped a second link from worker 1',
    'worker-atexit: dropped a link from worker 1 that does not fit the protocol',
  ]);
});

it('loses and doubles no line of a worker when a shutdown is cut short', async () => {
  const { code, log, stdout } = await play('takeover');
  expect(code).toBe(3);
  expect(log.length).toBeGreaterThan(0);
  expect(stdout.split('\n').slice(0, -1).sort()).toEqual(log.sort());
});

it('loses and doubles no line, either, where the reader of the output is slow', async () => {
  const dir = temporaryFolder();
  const running = run('workers.js', [dir, 'takeover']);
  // That reader is this thread.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
  const { code, stdout } = await running;
  expect(code).toBe(3);
  expect(stdout.split('\n').slice(0, -1).sort()).toEqual(linesOf(dir, 'log').sort());
});

it('a grandchild cleans up whose link cannot be delivered any more', async () => {
  const { code, log } = await play('undelivered grandchild');
  expect({ code, log }).toEqual({
    code: 3,
    log: ['worker 2', 'worker 1', 'main', 'worker 1: acked cleanUp', 'worker 2: acked'],
  });
});

it('a worker cleans up whose parent, a worker, exits before their link is delivered', async () => {
  const { code, log, stderr } = await play('a worker that exits right after its own worker has registered');
  expect({ code, log, stderr }).toEqual({ code: 0, log: ['worker 2', 'worker 1', 'exit code 4', 'main'], stderr: '' });
});

it('a worker cleans up that registered when all was done, and the event loop has new work', async () => {
  const { code, log } = await play('a worker that registers when all was done, and the loop has new work');
  expect({ code, log }).toEqual({ code: 0, log: ['main', 'over: ', 'empty again', 'worker 1', 'over: acked'] });
});

it('a worker that reads its order late has less time, and runs what is behind a handler that hangs', async () => {
  const { code, log } = await play('a busy worker with a handler that hangs');
  expect({ code, log }).toEqual({
    code: 3,
    log: ['worker 1', 'main', `worker 1: failed never unfinished cleanUp${behind}`],
  });
});

it('a worker that exits in the middle of its order does not outstay it for a worker of its own', async () => {
  const { code, log } = await play('a worker that exits in the middle of its order');
  expect({ code, log }).toEqual({
    code: 3,
    log: ['worker 1', 'main', 'worker 1: acked exits (anonymous)', `worker 2: timed-out ${PARKED}`],
  });
});

it.each(['process.exit()', 'exit()'])('a worker cleans up below a blocked one whose parent ends: %s', async (route) => {
  const { code, log } = await play(`a worker that ends above a blocked one, ${route}`);
  expect({ code, log: log.filter((line) => !line.includes(':')) }).toEqual({ code: 3, log: ['worker 3', 'main'] });
});

it('tells of workers that are gone when their parent hangs', async () => {
  const { code, log } = await play('a worker that hangs when its own are gone');
  expect({ code, log }).toEqual({
    code: 3,
    log: [
      'worker 2',
      'main',
      'worker 1: timed-out handler hangs blocks it (1 of 2 done)',
      'worker 2: acked its parent did not ack for it',
      'worker 3: lost its parent did not ack for it',
    ],
  });
});

it('a worker below a parent that blocks while it drains acts on its own', async () => {
  const { code, log } = await play('a parent that blocks while it drains');
  expect({ code, log }).toEqual({
    code: 3,
    log: [
      'worker 2',
      'main',
      'worker 1: timed-out handler (anonymous) blocks it (0 of 1 done)',
      'worker 2: acked its parent did not ack for it',
    ],
  });
});

it('a worker below a parent that drains waits for its order', async () => {
  const { code, log } = await play('a parent that drains');
  const drained = log.find((line) => line.startsWith('drained ')) ?? '';
  expect({ code, drained }).toEqual({ code: 3, drained: expect.stringMatching(/^drained \d+$/) });
  // Its pulse comes every 25 ms: where it may have been missing for 100 ms, the worker was right not to wait.
  if (Number(drained.slice('drained '.length)) >= 75) return;
  expect(log).toEqual([drained, 'worker 2', 'main', 'worker 1: acked drains', 'worker 2: acked cleanUp']);
});

it('a worker cleans up although the main thread has only imported the library', async () => {
  const { code, log } = await play('main only imports');
  expect({ code, log }).toEqual({ code: 3, log: ['worker 1'] });
});

it('reports a worker that is lost in the drain stage', async () => {
  const { code, log } = await play('a worker that is lost while the others drain');
  expect({ code, log }).toEqual({ code: 1, log: ['main', 'worker 1: lost it ended with exit code 1'] });
});

it('lets the main thread’s settings hold for a worker that ends by itself', async () => {
  const startedAt = Date.now();
  const { stderr } = await play('settings');
  expect(stderr).toContain('worker 1: handler never was left unfinished');
  // The default would be 8 s.
  expect(Date.now() - startedAt).toBeLessThan(7000);
});

it('shows all that a worker prints, of any size and kind', async () => {
  const { code, stdout, stderr } = await play('printing');
  expect({ code, stderr }).toEqual({ code: 3, stderr: 'an error\n' });
  expect(stdout).toBe(`${'x'.repeat(200_000)}\nhi\nthe last line\n`);
});
