import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bar } from '../../src/timeline/bars.ts';
import { widthOf } from '../../src/timeline/terminal.ts';
import { toText } from '../../src/timeline.ts';
import { heavy, nasty, report, slow, span, thread, wide } from '../timeline/reports.ts';

const plain = { width: 100, color: false, unicode: true } as const;

describe('a bar', () => {
  it('is drawn by eighths of a column', () => {
    expect(bar(0, 1, 4, true)).toBe('████');
    expect(bar(0.25, 0.75, 4, true)).toBe(' ██');
    expect(bar(0, 0.375, 4, true)).toBe('█▌');
  });

  it('is there, however short', () => {
    expect(bar(0.5, 0.5, 4, true)).toBe('  ▏');
    expect(bar(1, 1, 4, true)).toBe('   █');
    expect(bar(0.5, 0.5, 4, false)).toBe('  #');
  });

  it('is drawn in ASCII', () => {
    expect(bar(0.25, 0.75, 4, false)).toBe(' ##');
  });
});

describe('bars', () => {
  it('show what took how long, and who was waited for', () => {
    const text = toText(slow, plain);
    expect(text.split('\n').slice(0, 9)).toEqual([
      'not clean shutdown by signal (SIGTERM) in 7.00 s',
      'it waited for',
      '     1.20 s  main thread: server http',
      '   600.0 ms  main thread: pool indexer',
      '   460.0 ms  thumbnails (2 > 3): removeFolder (failed)',
      '     3.70 s  indexer 2 (timed-out)',
      '   900.0 ms  main thread: closeDatabase',
      '    99.0 ms  main thread: rest of the handlers stage',
      '',
    ]);
    expect(text).toContain('\nindexer 2: timed-out, handler flushIndex blocks it (1 of 2 done)\n');
    expect(text).toMatch(/\n {2}SIGTERM heard +at -20\.0 ms ▾\n/);
    expect(text).not.toContain('sayGoodbye');
    expect(text.endsWith('\nand 1 more, each done in less than 1 % of it\n')).toBe(true);
  });

  it('stand where the spans are', () => {
    const text = toText(report([thread(0, 'main')], [span(0, 'first', 0, 500), span(0, 'second', 500, 1000)]), plain);
    const column = (name: string): number =>
      text
        .split('\n')
        .findLast((line) => line.includes(name))
        ?.search(/[█▏▎▍▌▋▊▉]/) ?? -1;
    const columns = 100 - column('first');
    expect(column('second')).toBe(column('first') + Math.floor(columns / 2));
    expect(text).toMatch(/ second +500\.0 ms +█+\n$/);
  });

  it.each([20, 30, 49, 50, 80, 200])('are never wider than a terminal of %i columns', (width) => {
    for (const each of [slow, nasty, wide]) {
      for (const unicode of [true, false]) {
        const lines = toText(each, { width, color: true, unicode }).split('\n').map(stripVTControlCharacters);
        expect(lines.filter((line) => widthOf(line) > width)).toEqual([]);
      }
    }
  });

  it('have colours only where they are wanted', () => {
    expect(toText(slow, plain)).not.toContain('\u001b');
    expect(toText(slow, { ...plain, color: true })).toContain('\u001b[31m');
    expect(stripVTControlCharacters(toText(slow, { ...plain, color: true }))).toBe(toText(slow, plain));
  });

  it('are ASCII where there is nothing else', () => {
    for (const each of [slow, nasty]) expect(toText(each, { ...plain, unicode: false })).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('print no escape sequence of a name', () => {
    expect(toText(nasty, plain)).not.toMatch(/[^\P{C}\n]/u);
  });

  it('are 200 at most, the longest ones', () => {
    const text = toText(heavy, plain);
    expect(text.match(/█/g)?.length).toBeGreaterThan(0);
    expect(text.split('\n').length).toBeLessThan(230);
    expect(text).toContain('\nand 9800 more, not shown here\n');
  });

  it('take the terminal that there is', () => {
    expect(toText(slow)).toContain('not clean shutdown by signal');
  });
});

describe('misuse of toText', () => {
  it.each([
    [{ width: 0 }, 'options.width must be a number of columns, 1 or more; it is 0'],
    [{ width: 1.5 }, 'options.width must be a number of columns, 1 or more; it is 1.5'],
    [{ colour: true }, 'options has no option "colour"; it has width, color, unicode'],
  ])('%#: %s', (options, message) => {
    expect(() => Reflect.apply(toText, undefined, [slow, options])).toThrow(message);
  });
});
