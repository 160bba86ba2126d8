// The task of task-pool.test.ts: cleans up, and does what it is told. It imports for the reason that chaos/pool.cjs has.
exports.__esModule = true;
exports.default = createTask();

async function createTask() {
  const { setTimeout: sleep } = await import('node:timers/promises');
  const { register } = await import('worker-atexit');

  let seen;
  register(function close() {
    if (seen) Atomics.add(seen, 1, 1);
  });

  return async ({ ms = 0, value, fails = false, counter, until, blocks }) => {
    if (blocks) {
      seen = blocks;
      Atomics.add(seen, 0, 1);
      Atomics.wait(seen, 2, 0, ms);
      return value;
    }
    if (counter) {
      // All of them run at once, so that each has a worker of its own.
      Atomics.add(counter, 0, 1);
      while (Atomics.load(counter, 0) < until) await sleep(1);
    }
    await sleep(ms);
    if (fails) throw new RangeError('the task failed');
    return value;
  };
}
