// The task of living.js's pools: each one leaves a clean-up of its thread behind.
import fs from 'node:fs';
import { register } from 'worker-atexit';

export default (name) => {
  if (name === 'process.exit()') process.exit(0);
  register(() => fs.writeSync(1, `cleaned up after ${name}\n`));
  return name;
};
