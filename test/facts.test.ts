import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { run } from './programs.ts';

interface Expected {
  readonly prints: string;
  readonly code: number;
  readonly signal?: string;
}

const facts: [string, Expected][] = JSON.parse((await run('facts.js')).stdout);
const page = readFileSync(new URL('../docs/facts.md', import.meta.url), 'utf8');
const table = page.split('\n').filter((line) => line.startsWith('| '));

describe('a fact that the code rests on', () => {
  it.each(facts)('%s', async (fact, { prints, code, signal }) => {
    const ended = await run('facts.js', [fact]);
    const expected = { stdout: `${prints}\n`, stderr: '', signal, code: signal === undefined ? code : undefined };
    expect(ended).toEqual(expected);
  });

  it.each(facts)('%s: stands in docs/facts.md', (fact) => {
    expect(table.some((row) => row.includes(`\`${fact}\``))).toBe(true);
  });

  it('that docs/facts.md names has a test', () => {
    const named = table.flatMap((row) =>
      [...(row.split('|').at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, test = '']) => test),
    );
    const tests = (file: string): string => readFileSync(new URL(`./${file}`, import.meta.url), 'utf8');
    for (const test of named) {
      const [file = '', title = ''] = test.includes('.test.ts > ') ? test.split(' > ') : ['programs/facts.js', test];
      expect(tests(file), test).toContain(title);
    }
    expect(named.length).toBeGreaterThan(facts.length);
  });
});
