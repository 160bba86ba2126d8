// What `npm test` and `npm run demo` start with: installs and builds, each only when that is needed.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from './npm.js';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const time = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);
const newest = (folder) =>
  Math.max(...readdirSync(folder, { recursive: true }).map((name) => time(`${folder}/${name}`)));

function run(...args) {
  console.log(`> npm ${args.join(' ')}`);
  npm(args);
}

// npm writes this file last of all when it installs.
if (time('node_modules/.package-lock.json') < time('package-lock.json')) run('install');

const sources = Math.max(newest('src'), newest('workers'), time('rolldown.config.js'), time('package.json'));
const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const built = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : Object.values(entry)));
if (Math.min(...built.map(time)) < sources) run('run', 'build');
