import { describe, expect, it } from 'vitest';
import { run } from './programs.ts';
import { isNode, name } from './runtime.ts';

async function play(situation: string) {
  const { stdout, code, stderr } = await run('empty-loop.js', [situation]);
  return { lines: stdout.trimEnd().split('\n'), code, stderr };
}

/** Node 20 warns of it only where the program is left by then. */
const warning =
  /^(node|node@20)$/.test(name) && process.version.startsWith('v20.')
    ? ''
    : 'Warning: Detected unsettled top-level await';

describe.runIf(isNode)('a top-level await that never settles ends the process with 13, as Node has it:', () => {
  it('where all is clean', async () => {
    const { lines, code, stderr } = await play('unsettled');
    expect({ lines, code }).toEqual({ lines: ['handler', 'report: true 13'], code: 13 });
    expect(stderr).toContain(warning);
  });

  it('where a handler fails', async () => {
    const { lines, code, stderr } = await play('unsettled, a handler fails');
    expect({ lines, code }).toEqual({ lines: ['report: false 13'], code: 13 });
    expect(stderr).toContain(warning);
  });

  it('where a handler hangs', async () => {
    const { lines, code, stderr } = await play('unsettled, a handler hangs');
    expect({ lines, code }).toEqual({ lines: ['report: false 13'], code: 13 });
    expect(stderr).toContain('Warning: Detected unsettled top-level await');
  });

  it('where somebody else listens to beforeExit', async () => {
    const { lines, code, stderr } = await play('unsettled, another listener');
    expect({ lines, code }).toEqual({ lines: ['beforeExit', 'handler', 'report: true 13'], code: 13 });
    expect(stderr).toContain(warning);
  });

  it('and one that settles with 0', async () => {
    expect(await play('settled')).toEqual({ lines: ['handler', 'report: true 0'], code: 0, stderr: '' });
  });
});

describe('listeners of beforeExit are called', () => {
  it.each([
    ['once', 'listeners', ['first', 'second', 'once', 'handler']],
    ['once, after a shutdown()', 'listeners, after shutdown()', ['handler', 'beforeExit']],
    [
      'again where a handler has left new work',
      'listeners, a handler leaves new work',
      ['beforeExit', 'handler', 'work', 'beforeExit'],
    ],
    [
      'again where one of them has given new work',
      'listeners that give new work',
      ['beforeExit', 'work', 'beforeExit', 'work', 'beforeExit', 'work', 'beforeExit', 'handler'],
    ],
  ])('%s', async (_, situation, lines) => {
    expect(await play(situation)).toEqual({ lines, code: 0, stderr: '' });
  });
});
