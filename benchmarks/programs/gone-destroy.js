// What people write today.
import { createPool, warmUp } from './pool.js';

const count = Number(process.argv[2]);
const pool = createPool(count, './gone-destroy-task.js');
await warmUp(pool, count);
setInterval(() => {}, 2 ** 30);

process.on('SIGTERM', async () => {
  await pool.destroy();
  process.exit();
});
