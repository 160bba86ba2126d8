import { expect, it } from 'vitest';
import { linesOf, run, temporaryFolder } from './programs.ts';

async function play(situation: string) {
  const dir = temporaryFolder();
  const { code, stderr } = await run('supervision.js', [dir, situation]);
  return { code, stderr, log: linesOf(dir, 'log') };
}

it.each([
  ['crashes', 'acked', 'it ended by RangeError: a crash'],
  ['exits', 'acked', 'it ended with exit code 5'],
  [
    'is out of memory',
    'lost',
    'it ended by Error: Worker terminated due to reaching memory limit: JS heap out of memory',
  ],
  ['never loaded the library', 'unlinked', 'it ended by RangeError: a crash'],
  ['is terminated by somebody else', 'lost', 'it ended with exit code 1'],
])('the program ends when an essential worker %s', async (situation, status, how) => {
  const { code, log, stderr } = await play(situation);
  expect({ code, log }, stderr).toEqual({
    code: 1,
    log: [`onFailure: db 1 ${status} ${how}`, 'main', `worker 1 essential worker db 1 ended: ${how}`],
  });
  expect(stderr).toContain(`worker-atexit: essential worker db 1 ended: ${how}\n`);
});

it.each(['ends by itself', 'is told to end'])('the program lives on when an essential worker %s', async (situation) => {
  const { code, log, stderr } = await play(situation);
  expect({ code, log, stderr }).toEqual({
    code: 0,
    log: ['the process lives on', 'main', 'exit 0 undefined'],
    stderr: '',
  });
});

it('onFailure is told of a worker that dies in a program that lives on, and is waited for', async () => {
  const { code, log } = await play('is not essential');
  expect({ code, log }).toEqual({
    code: 0,
    log: ['the process lives on', 'onFailure: db 1 acked it ended by RangeError: a crash', 'main', 'exit 0 undefined'],
  });
});

it('onFailure is told of a worker that hangs in a shutdown, before the handlers run', async () => {
  const { code, log } = await play('hangs in a shutdown');
  const blocked = 'its event loop was blocked and the order never read';
  expect({ code, log }).toEqual({
    code: 1,
    log: [`onFailure: db 1 timed-out ${blocked}`, 'main', 'exit 1 undefined'],
  });
});

it('onFailure is told of a worker that has to be ended', async () => {
  const { code, log } = await play('hangs when it is terminated');
  const blocked = 'its event loop was blocked and the order never read';
  expect({ code, log }).toEqual({
    code: 0,
    log: [`onFailure: db 1 timed-out ${blocked}`, 'main', 'exit 0 undefined'],
  });
});
