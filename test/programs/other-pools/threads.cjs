const { expose } = require('threads/worker');

expose(async () => {
  const { handler } = await import('./handler.mjs');
  const { register } = await import('worker-atexit');
  register(handler);
  await new Promise((resolve) => setTimeout(resolve, 100));
});
