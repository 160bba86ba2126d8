import { expect, it } from 'vitest';
import { run } from './programs.ts';
import * as runtime from './runtime.ts';

const FAKED = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'nextTick',
  'hrtime',
  'performance',
  'Date',
];
/** What Node's own mock timers replace, each with what clears it. */
const MOCKED = ['setTimeout', 'setInterval', 'setImmediate', 'Date'];

// Bun and Deno fake their own timers in another way, and those of Sinon replace no module of theirs.
const cases = ['before', 'after'].flatMap((when) => [
  { when, whose: 'sinon', faked: [] },
  ...FAKED.map((name) => ({ when, whose: 'sinon', faked: [name] })),
  ...FAKED.map((name) => ({ when, whose: 'sinon', faked: FAKED.filter((other) => other !== name) })),
  { when, whose: 'node', faked: [] },
  ...MOCKED.map((name) => ({ when, whose: 'node', faked: [name] })),
]);

it.runIf(runtime.isNode).concurrent.each(cases)(
  'a deadline holds with $faked faked by $whose, $when the library is loaded',
  async ({ when, whose, faked }) => {
    const { code, stdout } = await run('fake-timers.js', [when, whose, ...faked], { nodeOptions: ['--no-warnings'] });
    expect(stdout).toBe('in time\nworker timed-out\nhang unfinished\n');
    expect(code).toBe(0);
  },
);
