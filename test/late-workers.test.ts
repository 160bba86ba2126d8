import { expect, it } from 'vitest';
import { run } from './programs.ts';

/** The exit code, or the signal. */
const ways = [
  ['process.exit()', 3],
  ['exit()', 3],
  ['the event loop runs empty', 3],
  ['SIGTERM', 'SIGTERM'],
] as const;

it.each(ways)(
  'a worker that registers something when all others are through is waited for as well, by %s',
  async (way, end) => {
    const { code, signal, stdout, stderr } = await run('late-workers.js', [way]);
    expect({ end: signal ?? code, stderr }).toEqual({ end, stderr: '' });
    expect(stdout).toBe('main\nreport true\nregistered\nbegun\ndone\n');
  },
);

it('what fails in it is told', async () => {
  const { code, stdout, stderr } = await run('late-workers.js', ['exit()', 'fails']);
  expect(code).toBe(3);
  expect(stdout).toBe('main\nreport true\nregistered\nbegun\n');
  // The worker's own line may come as well, where it has the time to write it.
  expect(stderr).toContain('worker-atexit: worker 1 failed: 1 of its handlers failed; its ack was not delivered\n');
});
