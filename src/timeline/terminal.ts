/** What a terminal can show: its width, whether it has colours and more letters than ASCII, and how wide a text is on it. */
import { process } from '../platform.ts';

/** What a terminal can show, unless told. */
export interface TerminalOptions {
  /** Columns. Default: those of the terminal that stdout is, or else 80. */
  readonly width?: number;
  /** Default: whether stdout is a terminal with colours, and `NO_COLOR` is not set. */
  readonly color?: boolean;
  /** Whether bars are drawn with block characters. Default: whether the locale (`LC_ALL`, `LC_CTYPE`, `LANG`) is UTF-8. */
  readonly unicode?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What a terminal of this environment shows right: POSIX's order of the locale's variables, Windows's newer terminals. */
export function showsUnicode(env: Environment, platform: string): boolean {
  if (platform === 'win32')
    return Boolean(env.WT_SESSION) || env.TERM_PROGRAM === 'vscode' || /^xterm/.test(env.TERM ?? '');
  if (env.TERM === 'linux' || env.TERM === 'dumb') return false;
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
}

export function terminal({ width, color, unicode }: TerminalOptions): Required<TerminalOptions> {
  const { env, stdout, platform } = process;
  return {
    width: width ?? (stdout.columns || 80),
    color: color ?? (Boolean(stdout.isTTY) && !env.NO_COLOR && stdout.hasColors()),
    unicode: unicode ?? showsUnicode(env, platform),
  };
}

/** What takes two columns: CJK, full-width forms, most emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

const columnsOf = (character: string): number => (/\p{Mn}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1);

export const widthOf = (text: string): number =>
  [...text].reduce((width, character) => width + columnsOf(character), 0);

/**
 * A text that is safe to print: what would move the cursor, colour the rest, or turn its direction around is shown as a
 * question mark; where there is only ASCII, so is everything else.
 */
export function printable(text: string, unicode: boolean): string {
  const safe = text.replace(/[\n\r\t]+/g, ' ').replace(/\p{C}|\u2028|\u2029/gu, '?');
  return unicode ? safe : safe.replaceAll('…', '...').replace(/[^\x20-\x7e]/gu, '?');
}

/** Exactly `width` columns: cut, or filled up. */
export function toColumns(text: string, width: number, unicode: boolean): string {
  const wide = widthOf(text);
  if (wide <= width) return text + ' '.repeat(width - wide);
  const mark = unicode ? '…' : '~';
  let cut = '';
  let columns = 0;
  for (const character of text) {
    if (columns + columnsOf(character) > width - 1) break;
    cut += character;
    columns += columnsOf(character);
  }
  return width < 1 ? '' : `${cut}${mark}${' '.repeat(width - 1 - columns)}`;
}
