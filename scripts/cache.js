// Packages that only some tests need, each with a folder of its own, so that the repository's dependencies stay few.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './npm.js';

/** Installs `name`, such as `node@22`, or all of `packages` in a folder of that name, unless that is there. */
export function install(name, packages = [name]) {
  const folder = join('node_modules', '.cache', name);
  const list = join(folder, 'packages.json');
  const wanted = JSON.stringify(packages);
  if (existsSync(list) && readFileSync(list, 'utf8') === wanted) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  npm(['install', '--no-audit', '--no-fund', ...packages], { cwd: folder });
  // Last of all, so that what was cut off is installed again.
  writeFileSync(list, wanted);
}
