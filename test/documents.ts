/** What the documents hold, read by the convention of CONTRIBUTING.md: files, commands, and what these print. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../', import.meta.url));

/** Made from the sources: its blocks are declarations, and no programs. */
export const REFERENCE = 'docs/api.md';

export const pages: readonly string[] = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/** A block that is to become a file of its page's folder. */
export interface Source {
  readonly name: string;
  readonly code: string;
}

export interface Command {
  readonly line: string;
  readonly output: string;
}

/** A `console` block: its commands run one after the other, in a folder of their own with the page's files. */
export interface Session {
  readonly commands: readonly Command[];
}

export interface Page {
  readonly sources: readonly Source[];
  readonly sessions: readonly Session[];
  /** Code blocks without a file name. */
  readonly nameless: readonly string[];
}

const CODE = /^(js|mjs|cjs|javascript|ts|mts|cts|typescript|jsx|tsx|python)$/;
const FILE_NAME = /^(?:\/\/|#) ([\w.-]+)$/;

export function parse(markdown: string): Page {
  const sources: Source[] = [];
  const sessions: Session[] = [];
  const nameless: string[] = [];
  for (const [, info = '', text = ''] of markdown.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)) {
    const [language = ''] = info.split(' ');
    const [first = ''] = text.split('\n', 1);
    const name = FILE_NAME.exec(first)?.[1];
    if (language === 'console') sessions.push({ commands: commandsOf(text) });
    else if (!CODE.test(language)) continue;
    else if (name === undefined) nameless.push(text);
    else sources.push({ name, code: text });
  }
  return { sources, sessions, nameless };
}

function commandsOf(text: string): Command[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((command) => {
      const [line = '', ...output] = command.split('\n');
      return { line, output: output.join('\n') };
    });
}

/** The files that the commands run: those that they name, and those that such a file names. */
export function reached({ sources, sessions }: Page): Set<string> {
  const found = new Set<string>();
  const look = (text: string): void => {
    for (const { name, code } of sources) {
      if (found.has(name) || !text.split(/[^\w.-]|\.\//).includes(name)) continue;
      found.add(name);
      look(code.slice(code.indexOf('\n')));
    }
  };
  for (const { commands } of sessions) for (const { line } of commands) look(line);
  return found;
}

/** Output with what differs from run to run made equal: times, the width of columns, stack frames, the folder. */
export function normalise(output: string, folder: string): string {
  return output
    .replaceAll(folder, '/app')
    .replace(/\d+\.\d+/g, '0.0')
    .replace(/(cluster worker )\d+|\(\d+(?= > )/g, (pid) => pid.replace(/\d+/, '1'))
    .replace(/^Node\.js v.*$/gm, 'Node.js v0')
    .replace(/^ +at .*\n/gm, '')
    .replace(/ {2,}/g, ' ')
    .replace(/ +$/gm, '')
    .trim();
}
