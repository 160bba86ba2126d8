// What `npm run test:mutation` does: mutates one file after the other, each with only the tests that are for it, and
// prints its score and what survives.   node scripts/mutation.js [FILE[:FROM-TO] …]   (lines FROM to TO of it)
//
// All tests at once would take hours: a mutant of what a module does when it is loaded needs every one of them. Stryker's
// own `testFiles` is no way out: such mutants are never switched on then, and survive.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Stryker } from '@stryker-mutator/core';

/** The tests of a file, where they are not those of its name alone. */
const testsOf = {
  'src/links.ts': 'links,links-workers',
  'src/protocol.ts': 'protocol,instance',
  'src/task-pool.ts': 'task-pool,task-pool-parts',
  'workers/entrusting.ts': 'entrusted',
};

const { mutate } = JSON.parse(readFileSync('stryker.config.json', 'utf8'));
const files = process.argv.length > 2 ? process.argv.slice(2) : mutate;
const table = ['file score mutants by-timeout survived'.split(' ')];

for (const mutated of files) {
  const [file] = mutated.split(':');
  const name = basename(file, '.ts');
  // vitest.unit.config.ts reads it.
  process.env.UNIT = testsOf[file] ?? name;
  const mutants = await new Stryker({
    mutate: [mutated],
    htmlReporter: { fileName: `coverage/mutation/${name}.html` },
  }).runMutationTest();
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const [timedOut, survived] = [count('Timeout'), count('Survived', 'NoCoverage')];
  const all = count('Killed') + timedOut + survived;
  table.push([mutated, ((100 * (all - survived)) / all).toFixed(1), all, timedOut, survived]);
}

for (const [mutated, ...numbers] of table) {
  console.log([mutated.padEnd(26), ...numbers.map((number) => String(number).padStart(11))].join(''));
}
