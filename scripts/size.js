// `npm run size`: what a thread loads, in bytes. What every thread loads may grow by 5 % at most beyond what is noted in
// size.json; who has a reason for more notes that there (`npm run size -- --note`), and says why in the commit.
import { readFileSync, writeFileSync } from 'node:fs';
import { sizesOf } from '../benchmarks/size.js';

const noted = new URL('../benchmarks/size.json', import.meta.url);
const FILES = { core: 'index.js', rest: 'rest.cjs' };
const ALLOWANCE = 1.05;

const sizes = {};
for (const [name, file] of Object.entries(FILES)) {
  const { minified, gzipped } = await sizesOf(file);
  sizes[name] = { minified, gzipped };
  console.log(`${name} (dist/${file}): ${minified} bytes minified, ${gzipped} compressed`);
}

if (process.argv.includes('--note')) writeFileSync(noted, `${JSON.stringify(sizes, null, 2)}\n`);
else {
  const { core } = JSON.parse(readFileSync(noted, 'utf8'));
  for (const kind of ['minified', 'gzipped']) {
    if (sizes.core[kind] <= core[kind] * ALLOWANCE) continue;
    console.error(
      `the core has grown by more than 5 %: ${sizes.core[kind]} bytes ${kind}, ${core[kind]} are noted in benchmarks/size.json. ` +
        'If it must be so, note it there, and say why in the commit',
    );
    process.exitCode = 1;
  }
}
