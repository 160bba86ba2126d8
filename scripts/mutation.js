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
  'src/adapters/comlink/calls.ts': 'comlink-wrap',
  'src/adapters/comlink/callbacks.ts': 'comlink-wrap',
  'src/adapters/comlink/expose.ts': 'comlink-expose',
  'src/adapters/comlink/handed-out.ts': 'comlink-wrap',
  'src/adapters/comlink/line.ts': 'comlink-wrap',
  'src/adapters/comlink/wire.ts': 'comlink-wire',
  'src/adapters/comlink/wrap.ts': 'comlink-wrap',
  'src/adapters/task-pool.ts': 'task-pool,task-pool-parts',
  'src/adapters/worker-info.ts': 'task-pool,task-pool-parts',
  'src/children/account.ts': 'order,children',
  'src/children/alone.ts': 'children,children-workers',
  'src/children/arrival.ts': 'children,children-workers',
  'src/children/children.ts': 'children,children-workers',
  'src/children/collection.ts': 'collection,children,children-workers',
  'src/children/collections.ts': 'children,children-workers',
  'src/children/known.ts': 'known,children,children-workers',
  'src/children/liveness.ts': 'children,children-workers',
  'src/children/order.ts': 'order,children',
  'src/children/port.ts': 'children,children-workers',
  'src/handlers/handler.ts': 'registry',
  'src/handlers/resource.ts': 'registry',
  'src/output/printed.ts': 'children,children-workers',
  'src/misuse.ts': 'misuse,errors',
  'src/report/format.ts': 'report',
  'src/report/outcomes.ts': 'report',
  'src/sequence/call.ts': 'sequence',
  'src/table/cells.ts': 'wire',
  'src/table/moves.ts': 'moves,slots',
  'src/table/orders.ts': 'slots',
  'src/table/progress.ts': 'slots',
  'src/times.ts': 'times,sequence,drivers',
  'src/wire/reason.ts': 'wire,instance',
  'src/wire/validators.ts': 'wire',
  'workers/entrusting.ts': 'entrusted',
  'workers/hearing.ts': 'parent',
  'workers/link.ts': 'parent',
  'workers/own-slot.ts': 'parent',
  'workers/watch.ts': 'parent',
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
