import { describe, expect, it } from 'vitest';
import { run } from './programs.ts';
import { isNode, name } from './runtime.ts';

const clean = { code: 0, signal: undefined };
const byTerm = { code: undefined, signal: 'SIGTERM' };
const routes = [
  ['the event loop runs empty', clean],
  ['process.exit()', clean],
  ['SIGTERM', byTerm],
] as const;

describe.skipIf(!isNode)(
  'a program that takes away what others use ends as it would, with all handlers called:',
  () => {
    it.each(
      ['process', 'an iterator that throws', 'an iterator of nothing'].flatMap((what) =>
        routes.map(([route, expected]) => [what, route, expected] as const),
      ),
    )('%s, %s', async (what, route, expected) => {
      expect(await run('bare.js', [what, route])).toEqual({ ...expected, stdout: 'main\n', stderr: '' });
    });
  },
);

/** V8 has forgotten the first two by now. */
const flags =
  name === 'node' && process.versions.node.startsWith('20.')
    ? ['--no-harmony-sharedarraybuffer', '--no-harmony-atomics', '--enable-sharedarraybuffer-per-context']
    : ['--enable-sharedarraybuffer-per-context'];

describe.skipIf(!isNode).each(flags)('%s', (flag) => {
  it.each(routes)('cleans up in a single thread as ever: %s', async (route, expected) => {
    const ended = await run('bare.js', ['nothing', route], { nodeOptions: [flag] });
    expect(ended).toEqual({ ...expected, stdout: 'main\n', stderr: '' });
  });

  it('says that a worker works alone, whose handlers run as it ends', async () => {
    const { stderr, ...ended } = await run('bare.js', ['nothing', 'with a worker'], { nodeOptions: [flag] });
    expect(ended).toEqual({ ...byTerm, stdout: 'worker\nmain\n' });
    expect(stderr).toBe(
      'worker-atexit: SharedArrayBuffer or Atomics is turned off in this process, so worker 1 works alone: what it has ' +
        'registered runs if it ends by itself, and not if it is terminated or the process ends\n',
    );
  });
});
