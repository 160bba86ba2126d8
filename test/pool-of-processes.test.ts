import { expect, it } from 'vitest';
import { run } from './programs.ts';
import * as runtime from './runtime.ts';

const pools = [
  { kind: 'workerpool', instead: "workerType: 'thread'" },
  { kind: 'tinypool', instead: "runtime: 'worker_threads'" },
];

// What these pools do of processes is promised for Node alone.
it.runIf(runtime.isNode).each(pools)(
  'a pool of child processes is told of when it is registered, and in the report: $kind',
  async (pool) => {
    const { code, stdout, stderr } = await run('pool-of-processes.js', [pool.kind]);
    const told =
      `the workers of pool ${pool.kind} are child processes, which nobody tells to clean up: use ${pool.instead}, ` +
      'or registerProcess of worker-atexit/process for children of your own';
    expect(stdout.split('\n'), stderr).toEqual([`error: worker-atexit: ${told}`, `true | ${told}`, '']);
    expect(code).toBe(0);
  },
);
