/** Under Node's permission model each feature works with what it needs itself, and no more: Node 22 to 26. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './documents.ts';
import { run, temporaryFolder } from './programs.ts';
import { isNode, name } from './runtime.ts';

const major = Number((name === 'node' ? process.versions.node : (name.split('@')[1] ?? '')).split('.')[0]);

/** Node 20 has a model that is called an experiment: it is spoken of in one test of its own, of a guard. */
const onNode = it.skipIf(!isNode || major < 22);

/** The library, the program and what they import have to be read. */
const base = ['--permission', `--allow-fs-read=${root}*`];

/** The network is part of the model from Node 25 on. */
const network = major >= 25 ? ['--allow-net'] : [];

interface Feature {
  readonly needs: readonly string[];
  /** Before the main thread's own handler. */
  readonly prints: readonly string[];
  /** By which ends, besides `exit()` and SIGTERM. */
  readonly routes: readonly string[];
}

const [BLOCKING, EMPTY] = ['process.exit()', 'the event loop runs empty'];

const features: Record<string, Feature> = {
  handlers: { needs: [], prints: [], routes: [BLOCKING, EMPTY] },
  'a resource': { needs: [], prints: ['disposed'], routes: [BLOCKING, EMPTY] },
  'a drain': { needs: [], prints: ['drained'], routes: [BLOCKING, EMPTY] },
  'a server': { needs: network, prints: ['answered', 'closed'], routes: [] },
  'a watchdog': { needs: ['--allow-worker'], prints: [], routes: [BLOCKING, EMPTY] },
  'a worker': { needs: ['--allow-worker'], prints: ['worker registers'], routes: [BLOCKING] },
  'a worker of a worker': {
    needs: ['--allow-worker'],
    prints: ['worker registers', 'worker has a worker'],
    routes: [BLOCKING],
  },
  'a function for the main thread': {
    needs: ['--allow-worker'],
    prints: ['worker entrusts', 'finished by the main thread'],
    routes: [],
  },
  'a pool of piscina': { needs: ['--allow-worker'], prints: ['cleaned up after a task'], routes: [BLOCKING] },
  'a pool of tinypool': { needs: ['--allow-worker'], prints: ['cleaned up after a task'], routes: [BLOCKING] },
  'a workerpool': { needs: ['--allow-worker'], prints: ['cleaned up after a task'], routes: [BLOCKING] },
  'a child process': {
    // On a synchronous route nothing else tells that it has ended.
    needs: ['--allow-child-process', '--allow-fs-read=/proc/*'],
    prints: ['main', 'ok true'],
    routes: [BLOCKING],
  },
};

describe.skipIf(!isNode || major < 22).each(Object.entries(features))('%s', (feature, { needs, prints, routes }) => {
  it.each(['exit()', 'SIGTERM', ...routes])('works with what it needs, by %s', async (route) => {
    const nodeOptions = [...base, ...needs];
    const { code, signal, stdout, stderr } = await run('permission.js', [feature, route], { nodeOptions });
    expect({ code, signal }, stderr).toEqual(route === 'SIGTERM' ? { signal: 'SIGTERM' } : { code: 0 });
    expect(stdout.split('\n').slice(0, -1), stderr).toEqual([...prints, 'main', 'ok true']);
    // Node itself warns of what is granted.
    expect(stderr).not.toMatch(/worker-atexit|ERR_ACCESS_DENIED/);
  });

  it.skipIf(needs.length === 0)('needs that', async () => {
    const { stderr } = await run('permission.js', [feature, 'exit()'], { nodeOptions: base });
    expect(stderr).toMatch(/restricted/);
  });
});

onNode('writes a trace with leave to write into its folder', async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await run('permission.js', ['handlers', 'exit()'], {
    nodeOptions: [...base, `--allow-fs-write=${folder}`, '--import', 'worker-atexit/auto'],
    env: { WORKER_ATEXIT_TRACE: folder },
  });
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: 'main\nok true\n' });
  expect(readdirSync(folder)).toHaveLength(1);
});

onNode('loses no exit over a trace that it may not write', async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await run('permission.js', ['handlers', 'exit()'], {
    nodeOptions: [...base, '--import', 'worker-atexit/auto'],
    env: { WORKER_ATEXIT_TRACE: join(folder, 'traces') },
  });
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: 'main\nok true\n' });
  expect(stderr).toMatch(/^worker-atexit: WORKER_ATEXIT_TRACE /m);
});
