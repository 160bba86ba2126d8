import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Ended, type Started, start } from './programs.ts';

/** Longer than a signal counts as the same keystroke, also where timers are late on a busy machine: ms. */
const LATER = 1000;

async function play(situation: string, act: (program: Started) => unknown): Promise<Ended & { lines: string[] }> {
  const program = start('signals.js', [situation], { ipc: /^(ipc|emits)/.test(situation) });
  await program.printed('ready');
  await act(program);
  const ended = await program.ended;
  return { ...ended, lines: ended.stdout.split('\n').filter((line) => line !== '' && line !== 'ready') };
}

const send =
  (signal: NodeJS.Signals) =>
  ({ kill }: Started): void =>
    kill(signal);

it('runs the asynchronous sequence and dies by the signal', async () => {
  const { lines, code, signal, stderr } = await play('slow', send('SIGINT'));
  expect(lines).toEqual(['slow begins', 'slow ends', 'first']);
  expect({ code, signal, stderr }).toEqual({ code: undefined, signal: 'SIGINT', stderr: '' });
});

it('ignores a signal that comes again at once', async () => {
  const { lines, signal, stderr } = await play('again at once', send('SIGINT'));
  expect(lines).toEqual(['slow begins', 'slow ends', 'first']);
  expect({ signal, stderr }).toEqual({ signal: 'SIGINT', stderr: '' });
});

it('cuts the shutdown short on a later keystroke, does the rest synchronously, and dies by the first signal', async () => {
  const { lines, signal, stderr } = await play('hangs', async (program) => {
    program.kill('SIGTERM');
    await program.printed('hangs begins');
    await sleep(LATER);
    program.kill('SIGINT');
  });
  expect(lines).toEqual(['hangs begins', 'first']);
  expect(signal).toBe('SIGTERM');
  expect(stderr).toContain('worker-atexit: SIGINT again: the shutdown is cut short');
  expect(stderr).toContain('worker-atexit: handler hangs was left unfinished');
});

it.each(['SIGTERM', 'SIGHUP'] as const)('takes %s that comes later for one that was passed on', async (later) => {
  const { lines, signal, stderr } = await play('slow', async (program) => {
    program.kill('SIGTERM');
    await program.printed('slow begins');
    await sleep(LATER);
    program.kill(later);
    program.kill(later);
  });
  expect(lines).toEqual(['slow begins', 'slow ends', 'first']);
  expect(signal).toBe('SIGTERM');
  expect(stderr).toBe(`worker-atexit: ${later} again: ignored, the shutdown goes on until its deadline\n`);
});

it('does not count the time in which a handler blocks', async () => {
  const { lines, signal, stderr } = await play('busy for 400 ms, then slow', async (program) => {
    program.kill('SIGINT');
    await program.printed('busy begins');
    await sleep(50);
    program.kill('SIGINT');
  });
  expect(lines).toEqual(['busy begins', 'busy ends', 'slow begins', 'slow ends']);
  expect({ signal, stderr }).toEqual({ signal: 'SIGINT', stderr: '' });
});

it('takes a signal that the program emits for one', async () => {
  const { lines, signal } = await play('emits', ({ send }) => send('emit'));
  expect(lines).toEqual(['first', 'SIGINT SIGINT 130']);
  expect(signal).toBe('SIGINT');
});

it('takes a second signal that the program emits for a second one', async () => {
  const { lines, signal, stderr } = await play('emits twice', async (program) => {
    await program.send('emit');
    await program.printed('hangs begins');
    await sleep(LATER);
    await program.send('emit');
  });
  expect({ lines, signal }).toEqual({ lines: ['hangs begins', 'first'], signal: 'SIGINT' });
  expect(stderr).toContain('worker-atexit: SIGINT again: the shutdown is cut short');
});

it('dies by one more signal while the rest blocks', async () => {
  const { lines, signal } = await play('blocks', async (program) => {
    program.kill('SIGINT');
    await program.printed('hangs begins');
    await sleep(LATER);
    program.kill('SIGINT');
    await program.printed('blocks');
    program.kill('SIGINT');
  });
  expect(lines).toEqual(['hangs begins', 'blocks']);
  expect(signal).toBe('SIGINT');
});

it.each(['host listens', 'host listens once, and before'])('leaves the host in charge: %s', async (situation) => {
  const { lines, code, signal } = await play(situation, send('SIGTERM'));
  expect(lines.filter((line) => line !== 'false')).toEqual(['host', 'handler']);
  expect({ code, signal }).toEqual({ code: 4, signal: undefined });
});

it('leaves a signal alone that the host uses for something else', async () => {
  const { lines, signal } = await play('host reloads on SIGHUP', async (program) => {
    program.kill('SIGHUP');
    await program.printed('reloaded');
    program.kill('SIGTERM');
  });
  expect(lines).toEqual(['reloaded', 'handler']);
  expect(signal).toBe('SIGTERM');
});

it('handles no signal with signals: []', async () => {
  const { lines, signal } = await play('signals: none', send('SIGTERM'));
  expect({ lines, signal }).toEqual({ lines: [], signal: 'SIGTERM' });
});

it('handles the signals that it is given, whoever else listens', async () => {
  const { lines, signal } = await play('signals: SIGUSR2, although the host listens', send('SIGUSR2'));
  expect({ lines, signal }).toEqual({ lines: ['host', 'handler begins', 'handler ends'], signal: 'SIGUSR2' });
});

it.each(['signal-exit, loaded before', 'signal-exit, loaded after'])('works beside %s', async (situation) => {
  const { lines, signal } = await play(situation, send('SIGTERM'));
  expect(lines).toEqual(['handler begins', 'handler ends', 'signal-exit 143 null']);
  expect(signal).toBe('SIGTERM');
});

it('dies by the signal although signal-exit took the wrapper away', async () => {
  const { lines, signal } = await play('signal-exit, unloaded', send('SIGTERM'));
  expect({ lines, signal }).toEqual({ lines: ['handler begins', 'handler ends'], signal: 'SIGTERM' });
});

it('works beside exit-hook, which is in charge of its signals', async () => {
  const { lines, code } = await play('exit-hook', send('SIGTERM'));
  expect({ lines, code }).toEqual({ lines: ['exit-hook 143', 'asyncExitHook', 'handler'], code: 143 });
});

it('works beside close-with-grace, which is in charge of its signals', async () => {
  const { lines, code } = await play('close-with-grace', send('SIGTERM'));
  expect({ lines, code }).toEqual({ lines: ['close-with-grace SIGTERM', 'handler'], code: 0 });
});

it.each(['during exit()', 'during shutdown()'])(
  'a signal %s lets the shutdown finish, and ends the process',
  async (situation) => {
    const { lines, signal, stderr } = await play(situation, async (program) => {
      await program.printed('handler begins');
      program.kill('SIGTERM');
    });
    expect(lines.slice(0, 2)).toEqual(['handler begins', 'handler ends']);
    expect({ signal, stderr }).toEqual({ signal: 'SIGTERM', stderr: '' });
  },
);

it.each([
  ['the parent’s disconnect', ({ disconnect }: Started) => disconnect()],
  ['PM2’s shutdown message', ({ send }: Started) => send('shutdown')],
])('shuts down on %s with ipc', async (_, act) => {
  const { lines, code } = await play('ipc', act);
  expect({ lines, code }).toEqual({ lines: ['handler begins', 'handler ends'], code: 0 });
});

it('an order and a signal are one shutdown, which ends as the first of them asks', async () => {
  const ordered = await play('ipc, slow', async (program) => {
    await program.send('shutdown');
    await program.printed('slow begins');
    await sleep(LATER);
    program.kill('SIGTERM');
  });
  expect(ordered.lines).toEqual(['slow begins', 'slow ends']);
  expect({ code: ordered.code, signal: ordered.signal }).toEqual({ code: 0, signal: undefined });
  const signalled = await play('ipc, slow', async (program) => {
    program.kill('SIGTERM');
    await program.printed('slow begins');
    await sleep(LATER);
    await program.send('shutdown');
  });
  expect(signalled.lines).toEqual(['slow begins', 'slow ends']);
  expect(signalled.signal).toBe('SIGTERM');
});
