// `npm run test:guests`: other packages' own tests without this library, and with `worker-atexit/auto` before everything else.
// What differs is printed, and is a failure. Which ones may be said: `npm run test:guests -- tinypool`. Two packages do not publish their tests: ours, in test/guests, say the same.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from './cache.js';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

/** A program of these that hangs is killed by then: ms. */
const LIMIT = 300_000;

const auto = resolve('dist/auto.js');
const packages = [
  'piscina@5.3.2',
  'thread-stream@4.2.1',
  'close-with-grace@2.5.0',
  'tinypool@2.2.0',
  'signal-exit@4.1.0',
];
// What their tests need.
const needed = [
  'tsx@4.23.15',
  'sonic-boom@5.0.2',
  'desm@1.3.1',
  'abort-controller@3.0.0',
  'concat-stream@2.0.0',
  'tape@5.9.0',
];
install('guests', [...packages, ...needed]);
const folder = resolve('node_modules/.cache/guests/node_modules');
const tsx = [
  '--require',
  join(folder, 'tsx/dist/preflight.cjs'),
  '--import',
  `file://${join(folder, 'tsx/dist/loader.mjs')}`,
];

const testsOf = (name, like) =>
  readdirSync(join(folder, name, 'test'))
    .filter((file) => like.test(file))
    .map((file) => join('test', file));

const guests = [
  {
    name: 'piscina',
    options: tsx,
    // One of them fails by itself now and then: what it asserts depends on how fast a worker is.
    tests: testsOf('piscina', /^(?!test-is-buffer-transferred).*[.]test[.]ts$/),
  },
  {
    name: 'thread-stream',
    options: ['--expose-gc'],
    tests: testsOf('thread-stream', /^(base|end|event|flush|ready|wait|worker-name)[.]test[.]js$/),
  },
  // Each of its tests waits for a process that is to end by a time limit: some 90 s, twice.
  { name: 'close-with-grace', options: [], tests: testsOf('close-with-grace', /[.]test[.]js$/) },
  { name: 'tinypool', options: [], tests: [resolve('test/guests/tinypool.mjs')] },
  { name: 'signal-exit', options: [], tests: [resolve('test/guests/signal-exit.mjs')] },
];

/** The outcome of each test of a file, and how the file ended. */
function run({ name, options }, test, nodeOptions) {
  const { status, signal, stdout } = spawnSync(process.execPath, ['--test-reporter=tap', ...options, test], {
    cwd: join(folder, name),
    env: { ...process.env, NODE_OPTIONS: nodeOptions, GUESTS: folder },
    encoding: 'utf8',
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  });
  const outcomes = [...stdout.matchAll(/^ *(ok|not ok) \d+ -? ?(.*)$/gm)].map(
    // What was matched has the id of a process in it.
    ([, outcome, test]) => `${outcome} ${test.replace(/ Input: '.*/, '')}`,
  );
  return [...outcomes.sort(), `ended with ${signal ?? status}`];
}

const asked = process.argv.slice(2);
for (const guest of guests.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  let count = 0;
  let differences = 0;
  for (const test of guest.tests) {
    const without = run(guest, test, '');
    const found = run(guest, test, `--require=${auto}`);
    count += without.length - 1;
    const differing = [
      ...without.filter((line) => !found.includes(line)).map((line) => `- ${line}`),
      ...found.filter((line) => !without.includes(line)).map((line) => `+ ${line}`),
    ];
    differences += differing.length;
    for (const line of differing) console.log(`  ${guest.name} ${test}: ${line}`);
  }
  console.log(
    `${guest.name.padEnd(18)} ${guest.tests.length} files, ${count} tests; ${differences || 'no'} differences`,
  );
  if (differences > 0 || count === 0) process.exitCode = 1;
}
