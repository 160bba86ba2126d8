import { expect, it } from 'vitest';
import { run, start } from './programs.ts';

const report =
  'worker-atexit: the main thread has not ended by its deadline: handler loops blocks it (1 of 3 done); the process is killed\n';
const routes = ['exit()', 'shutdown()', 'process.exit()', 'a crash'];

it.each(routes)('a worker that has acked ends a main thread that is blocked for ever: %s', async (route) => {
  const { signal, stdout, stderr } = await run('watchdog.js', [route, 'auto', '2']);
  expect({ signal, stdout }, stderr).toEqual({ signal: 'SIGKILL', stdout: 'loops\n' });
  expect(stderr.split('\n').filter((line) => `${line}\n` === report)).toHaveLength(1);
});

it.each([...routes, 'the event loop runs empty'])(
  'a thread that is started for it does so where there is no worker: %s',
  async (route) => {
    const { signal, stdout, stderr } = await run('watchdog.js', [route, 'true']);
    expect({ signal, stdout }, stderr).toEqual({ signal: 'SIGKILL', stdout: 'loops\n' });
    expect(stderr).toContain(report);
  },
);

it('says nothing of the handlers of a shutdown that is over', async () => {
  const { signal, stderr } = await run('watchdog.js', ['a second shutdown()', 'true']);
  expect({ signal, stderr }).toEqual({
    signal: 'SIGKILL',
    stderr:
      'worker-atexit: the main thread has not ended by its deadline: no handler of it has started, or all are done; the process is killed\n',
  });
});

it.each([
  ['false', '2'],
  ['auto', '0'],
])('nobody stands guard with watchdog %s and %s workers', async (watchdog, workers) => {
  const program = start('watchdog.js', ['exit()', watchdog, workers]);
  await program.printed('loops');
  // Its time would be up after 2000 ms.
  await new Promise((resolve) => setTimeout(resolve, 3500));
  program.kill('SIGKILL');
  expect((await program.ended).stderr).toBe('');
});

it('nobody stands guard while an inspector is attached', async () => {
  const program = start('watchdog.js', ['exit()', 'true', '1'], { nodeOptions: ['--inspect=0'] });
  await program.printed('loops');
  await new Promise((resolve) => setTimeout(resolve, 3500));
  program.kill('SIGKILL');
  expect((await program.ended).stderr).not.toContain('worker-atexit');
});
