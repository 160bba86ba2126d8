import { once } from 'node:events';
import { startChildren } from './child-processes.js';

const children = await startChildren(Number(process.argv[2]));
process.once('SIGTERM', async () => {
  await Promise.all(
    children.map((child) => {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      return exit;
    }),
  );
  process.exit(143);
});
console.log('ready');
