// Packages that only some tests need, each with a folder of its own, so that the repository's dependencies stay few.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './npm.js';

/** Installs `name`, such as `node@22`, unless it is there. */
export function install(name) {
  const folder = join('node_modules', '.cache', name);
  if (existsSync(join(folder, 'node_modules', '.package-lock.json'))) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  npm(['install', '--no-audit', '--no-fund', name], { cwd: folder });
}
