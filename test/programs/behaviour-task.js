// The task file of behaviour.js. It uses the library in either case; whether its pool is registered makes the difference.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { register } from 'worker-atexit';

register(() => {});

const work = {
  double: ({ value }) => value * 2,
  throws() {
    throw Object.assign(new RangeError('thrown'), { code: 'E_THROWN' });
  },
  rejects: () => Promise.reject(new TypeError('rejected')),
  sleep: () => sleep(5000),
  exits: () => process.exit(9),
};
export default (task) => work[task.work](task);
export const other = (value) => `other ${value}`;
export const teardown = () => fs.writeSync(2, 'teardown\n');
