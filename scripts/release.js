// Says whether a release is ready: its tag, package.json's version, and a section of CHANGELOG.md with a date agree.
//   node scripts/release.js v1.2.3
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What is not as it has to be, in a line each. */
export function faultsOf({ tag, version, changelog }) {
  const faults = [];
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) faults.push(`package.json: ${version} is no version`);
  if (tag !== `v${version}`) faults.push(`the tag is ${tag}, and package.json has ${version}`);
  const [, heading = ''] = changelog.match(/^## (.*)$/m) ?? [];
  if (!heading.startsWith(`${version} `)) {
    faults.push(`CHANGELOG.md: the first section is that of ${heading || 'nothing'}, not of ${version}`);
  } else if (!/ \(\d{4}-\d{2}-\d{2}\)$/.test(heading)) {
    faults.push(`CHANGELOG.md: the section of ${version} has no date, as in "${version} (2026-01-31)"`);
  }
  return faults;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const read = (name) => readFileSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8');
  const { version } = JSON.parse(read('package.json'));
  const faults = faultsOf({ tag: process.argv[2], version, changelog: read('CHANGELOG.md') });
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
