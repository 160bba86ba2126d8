// Plays a program, given as JSON, with worker-atexit. Its twin in this folder plays it with CPython's atexit.
import fs from 'node:fs';
import { configure, register, unregister } from 'worker-atexit';

const program = JSON.parse(process.argv[2]);
const functions = new Map();
configure({ failureExitCode: 0, logger: false });

for (const [name, { unregister: other, fails }] of Object.entries(program.functions)) {
  functions.set(name, (...args) => {
    fs.writeSync(1, `${[name, ...args].join(' ')}\n`);
    if (other) unregister(functions.get(other));
    if (fails) throw new Error(name);
  });
}
for (const step of program.steps) {
  const fn = functions.get(step.name);
  if (step.do === 'register') register(fn, ...step.args);
  else unregister(fn);
}
if (program.end === 'raise') throw new Error('uncaught');
if (program.end !== null) process.exit(program.end);
