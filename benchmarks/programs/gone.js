import { writeSync } from 'node:fs';
import { register } from 'worker-atexit';
import { registerPool } from 'worker-atexit/piscina';
import { createPool, warmUp } from './pool.js';

const count = Number(process.argv[2]);
const pool = registerPool(createPool(count, './gone-task.js'));
const counters = await warmUp(pool, count);
register(() => writeSync(1, `${Atomics.load(counters, 1)} cleaned up\n`));
setInterval(() => {}, 2 ** 30);
