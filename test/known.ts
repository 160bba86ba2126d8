/**
 * Skips, on another runtime, the tests of what it cannot do: those that the table in docs/runtimes.md names, each with
 * the reason that stands there.
 */
import { readFileSync } from 'node:fs';
import { beforeEach } from 'vitest';
import { name } from './runtime.ts';

const rows = readFileSync(new URL('../docs/runtimes.md', import.meta.url), 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, runtime]) => runtime?.toLowerCase() === name)
  .map(([, , reason, tests = '']) => ({
    reason,
    tests: [...tests.matchAll(/`([^`]+)`/g)].map(([, test = '']) => test),
  }));

beforeEach(({ task, skip }) => {
  const file = task.file.name.replace(/^test\/|\.test\.ts$/g, '');
  const fullName = [file, ...namesOf(task)].join(' > ');
  const row = rows.find(({ tests }) => tests.some((test) => fullName.startsWith(test)));
  if (row) skip(row.reason);
});

function namesOf({ name, suite }: { readonly name: string; readonly suite?: unknown }): string[] {
  return isNamed(suite) ? [...namesOf(suite), name] : [name];
}

const isNamed = (suite: unknown): suite is { readonly name: string; readonly suite?: unknown } =>
  typeof suite === 'object' && suite !== null && 'name' in suite && typeof suite.name === 'string' && suite.name !== '';
