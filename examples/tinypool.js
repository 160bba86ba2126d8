// A Tinypool whose workers clean up when the pool itself ends them.
import Tinypool from 'tinypool';
import { registerPool } from 'worker-atexit/tinypool';

const filename = new URL('./counting-task.js', import.meta.url).href;
const pool = registerPool(new Tinypool({ filename, minThreads: 1, maxThreads: 1 }));

for (const word of ['a', 'b', 'c']) await pool.run(word);
await pool.destroy();
