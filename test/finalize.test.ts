import { expect, it } from 'vitest';
import { run } from './programs.ts';
import { exposeGc } from './runtime.ts';

it('finalizes an object when it is collected, when asked to, and at exit, once', async () => {
  const { code, stdout, stderr } = await run('finalize.js', [], { nodeOptions: [exposeGc] });
  expect(stdout.split('\n')).toEqual([
    'collected',
    'false false undefined false',
    'called',
    'true called false undefined',
    'true false false',
    'disposed of',
    'last registered',
    'at exit',
    'first registered',
    'collected right before the end, and waited for',
    'false {} undefined',
    '',
  ]);
  expect(stderr).toMatch(/^worker-atexit: handler fails failed: Error: of the finalizer\n/);
  expect(code).toBe(0);
});
