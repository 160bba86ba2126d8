import { expect, it } from 'vitest';
import { printable, showsUnicode, toColumns, widthOf } from '../../src/timeline/terminal.ts';

it('takes a locale for what POSIX takes it for', () => {
  expect(showsUnicode({ LANG: 'de_DE.UTF-8' }, 'linux')).toBe(true);
  expect(showsUnicode({ LANG: 'C.utf8' }, 'darwin')).toBe(true);
  expect(showsUnicode({ LANG: 'C' }, 'linux')).toBe(false);
  expect(showsUnicode({}, 'linux')).toBe(false);
  expect(showsUnicode({ LC_ALL: 'C', LANG: 'C.UTF-8' }, 'linux')).toBe(false);
  expect(showsUnicode({ LC_CTYPE: 'C.UTF-8', LANG: 'C' }, 'linux')).toBe(true);
  expect(showsUnicode({ LC_ALL: '', LANG: 'C.UTF-8' }, 'linux')).toBe(true);
});

it('knows terminals that have no blocks', () => {
  expect(showsUnicode({ TERM: 'linux', LANG: 'C.UTF-8' }, 'linux')).toBe(false);
  expect(showsUnicode({ TERM: 'dumb', LANG: 'C.UTF-8' }, 'linux')).toBe(false);
});

it('knows the terminals of Windows that have them', () => {
  expect(showsUnicode({}, 'win32')).toBe(false);
  expect(showsUnicode({ LANG: 'C.UTF-8' }, 'win32')).toBe(false);
  expect(showsUnicode({ WT_SESSION: 'x' }, 'win32')).toBe(true);
  expect(showsUnicode({ TERM_PROGRAM: 'vscode' }, 'win32')).toBe(true);
  expect(showsUnicode({ TERM: 'xterm-256color' }, 'win32')).toBe(true);
});

it('counts columns', () => {
  expect(['abc', '索引', '😀', 'e\u0301', ''].map(widthOf)).toEqual([3, 4, 2, 1, 0]);
});

it('prints no control character, and no letter that the terminal does not have', () => {
  expect(printable('a\u001b[31mb\u0000c\r\nd\u202ee\ud83d\u2028', true)).toBe('a?[31mb?c d?e??');
  expect(printable('größer… 索', true)).toBe('größer… 索');
  expect(printable('größer… 索', false)).toBe('gr??er... ?');
});

it('fills up and cuts to columns', () => {
  expect(toColumns('abc', 5, true)).toBe('abc  ');
  expect(toColumns('abcdef', 5, true)).toBe('abcd…');
  expect(toColumns('abcdef', 5, false)).toBe('abcd~');
  expect(toColumns('索引索引', 6, true)).toBe('索引… ');
  expect(toColumns('abc', 1, true)).toBe('…');
  expect(toColumns('abc', 0, true)).toBe('');
});
