import { expect, it } from 'vitest';
import { read, root } from './documents.ts';

interface Release {
  readonly tag: string;
  readonly version: string;
  readonly changelog: string;
}
const { faultsOf }: { faultsOf(release: Release): string[] } = await import(`${root}scripts/release.js`);

const ready: Release = {
  tag: 'v1.2.3',
  version: '1.2.3',
  changelog: '# Changelog\n\n## 1.2.3 (2026-01-31)\n\n## 1.2.2 (2025-12-31)\n',
};

it('a release is ready where tag, version and changelog agree', () => {
  expect(faultsOf(ready)).toEqual([]);
});

it.each([
  [{ tag: 'v1.2.4' }, 'the tag is v1.2.4, and package.json has 1.2.3'],
  [
    { changelog: '## 1.2.3 (unreleased)\n' },
    'CHANGELOG.md: the section of 1.2.3 has no date, as in "1.2.3 (2026-01-31)"',
  ],
  [
    { changelog: '## 1.2.2 (2026-01-31)\n' },
    'CHANGELOG.md: the first section is that of 1.2.2 (2026-01-31), not of 1.2.3',
  ],
  [{ changelog: '' }, 'CHANGELOG.md: the first section is that of nothing, not of 1.2.3'],
  [{ tag: 'v1.2', version: '1.2' }, 'package.json: 1.2 is no version'],
])('it is not, and says why: %j', (change, fault) => {
  expect(faultsOf({ ...ready, ...change })).toContain(fault);
});

it('a hosted runner calls the same scripts as everybody', () => {
  const { scripts } = JSON.parse(read('package.json'));
  for (const workflow of ['ci', 'release']) {
    const text = read(`.github/workflows/${workflow}.yml`);
    const called = [...text.matchAll(/run: npm (?:run )?([\w:]+)/g)].map(([, name = '']) => name);
    for (const name of called) expect(['ci', 'publish', ...Object.keys(scripts)]).toContain(name);
    expect(text).toContain('bash .ci/run');
  }
});

it('the package says where it comes from', () => {
  const { homepage, repository, bugs } = JSON.parse(read('package.json'));
  const home = 'https://github.com/worker-atexit/worker-atexit';
  expect([homepage, repository.url, bugs]).toEqual([`${home}#readme`, `git+${home}.git`, `${home}/issues`]);
});
