// A Piscina pool whose workers keep what they count until the very end, whichever way the program ends.
import { Piscina } from 'piscina';
import { register } from 'worker-atexit';
import { registerPool } from 'worker-atexit/piscina';

const filename = new URL('./counting-task.js', import.meta.url).href;
const pool = registerPool(new Piscina({ filename, minThreads: 2, maxThreads: 2 }), { name: 'counter' });

register(() => console.log('main: every worker has cleaned up'));

await Promise.all(['a', 'b', 'c', 'd'].map((word) => pool.run(word)));
process.exit(0); // Even so.
