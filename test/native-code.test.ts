import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Ended, start } from './programs.ts';
import { isNode, name } from './runtime.ts';

/** Bun and Deno do not wait for native code of their threads. */
const onNode = it.skipIf(!isNode);

/** A call that takes 10 s is on its way. Without a limit nothing has ended before: ms. */
const LONG = 8000;

/** Long enough for a busy machine to tell a thread in native code from one that is slow to end. */
const SETTINGS = '{"timeout":3000,"syncTimeout":3000}';

const NATIVE =
  'timed-out: its event loop was blocked and the order never read, in native code: it does not end when it is terminated\n';

const BLOCKS = 'acks, then its clean-up blocks';

/** Whether this Node can replace a process, and so end it at once with an exit code. */
const version = name === 'node' ? process.versions.node : (name.split('@')[1] ?? '');
const canReplace = Number(version.split('.')[0]) > 20;

interface Timed extends Ended {
  /** From the beginning of the end on: ms. */
  readonly ms: number;
}

async function play(route: string, worker: string): Promise<Timed> {
  const program = start('native-code.js', [route, worker, SETTINGS]);
  await program.printed('begins');
  const begun = performance.now();
  const ended = await program.ended;
  return { ...ended, ms: performance.now() - begun };
}

/** Where there is no way to end at once with the exit code, the process is killed, and says so. */
function expectEnd({ code, signal, stderr, ms }: Timed, exitCode: number, worker: string): void {
  const left = `worker-atexit: native code keeps a thread from ending (${worker}): the process ends without waiting for it\n`;
  const killed = `worker-atexit: there is no way to end with exit code ${exitCode} at once: the process is killed\n`;
  expect({ code, signal }, stderr).toEqual(canReplace ? { code: exitCode } : { signal: 'SIGKILL' });
  expect(stderr.slice(stderr.indexOf('worker-atexit: native code'))).toBe(canReplace ? left : left + killed);
  expect(ms).toBeLessThan(LONG);
}

onNode.each([
  ['exit()', 'SIGTERM'],
  ['exit()', 'SIGINT'],
  ['process.exit()', 'SIGTERM'],
  ['process.exit()', 'SIGINT'],
  ['the event loop runs empty', 'SIGTERM'],
  ['the event loop runs empty', 'SIGINT'],
] as const)('a process that waits for native code at its end, by %s, dies by the first %s', async (route, signal) => {
  const program = start('native-code.js', [route, BLOCKS, '{"unref":true}']);
  await program.printed('exit');
  program.kill(signal);
  const { stdout, ...ended } = await program.ended;
  expect(ended).toEqual({ code: undefined, signal, stderr: '' });
  expect(stdout).toBe('begins\nmain\nacked: \nexit\n');
});

const routes = [
  ['exit()', 3],
  ['process.exit()', 3],
  ['a throw', 1],
] as const;

onNode.each(routes)('a process ends by its deadline beside a worker in native code, by %s', async (route, exitCode) => {
  const ended = await play(route, 'is in native code');
  expectEnd(ended, exitCode, 'worker 1');
  expect(ended.stdout).toBe(`worker\nbegins\nmain\n${NATIVE}exit\n`);
  if (route === 'a throw') expect(ended.stderr).toMatch(/^Error: a throw\n(?: {4}at .*\n)+\nNode\.js v/m);
});

onNode.each(routes)('so it does where a worker of a worker is there, by %s', async (route, exitCode) => {
  const ended = await play(route, 'has a worker in native code');
  expectEnd(ended, exitCode, 'worker 1');
  expect(ended.stdout).toBe(`worker\nbegins\nmain\nacked: \n${NATIVE}exit\n`);
});

const TWO = 'has two workers, one of them in native code';

onNode.each(routes)(
  'so it does where a worker has two workers, and one of them is there, by %s',
  async (route, exitCode) => {
    const ended = await play(route, TWO);
    expectEnd(ended, exitCode, 'worker 1');
    expect(ended.stdout).toBe(`worker\nbegins\nmain\nacked: \nacked: \n${NATIVE}exit\n`);
  },
);

onNode.each(routes)('so it does where a task of a Piscina is there, by %s', async (route, exitCode) => {
  const ended = await play(route, 'a Piscina');
  expectEnd(ended, exitCode, 'piscina 1');
  expect(ended.stdout).toBe(`begins\nmain\n${NATIVE}exit\n`);
});

onNode.each(routes)('so it does beside a worker that never came to its event loop, by %s', async (route, exitCode) => {
  const ended = await play(route, 'is in native code from its beginning');
  expectEnd(ended, exitCode, 'worker 1');
  expect(ended.stdout).toBe(`begins\nmain\n${NATIVE}exit\n`);
});

/** What the clean-up of a thread does is seen in /proc alone. */
it.skipIf(!isNode || !existsSync('/proc/self/task')).each([...routes, ['the event loop runs empty', 0] as const])(
  'so it does beside one that has acked, and whose native clean-up blocks, by %s',
  async (route, exitCode) => {
    const program = start('native-code.js', [route, BLOCKS, '{"timeout":1000,"unref":true}']);
    await program.printed('begins');
    const begun = performance.now();
    const ended = { ...(await program.ended), ms: performance.now() - begun };
    expectEnd(ended, exitCode, 'worker 1');
    expect(ended.stdout).toBe('begins\nmain\nacked: \nexit\n');
  },
);

it('says nothing of native code where a worker is busy', async () => {
  const { code, stdout, stderr } = await play('exit()', 'is busy');
  expect({ code, stdout }, stderr).toEqual({
    code: 3,
    stdout: 'begins\nmain\ntimed-out: its event loop was blocked and the order never read\nexit\n',
  });
  expect(stderr).not.toContain('native');
});

const UNENDED = 'worker 1 has not ended: it is in native code, and is waited for no longer';

onNode.each([
  ['is in native code', ''],
  ['has a worker in native code', 'acked: \n'],
  [TWO, 'acked: \nacked: \n'],
])('shutdown() settles by its deadline beside a worker that %s', async (worker, acked) => {
  const { stdout, ms } = await play('shutdown()', worker);
  expect(stdout).toMatch(`worker\nbegins\nmain\n${acked}${NATIVE}settled []`);
  expect(ms).toBeLessThan(LONG);
});

onNode.each([
  ['is in native code', `worker\nbegins\nmain\n${NATIVE}`],
  [BLOCKS, 'begins\nmain\nacked: \n'],
])('shutdown() settles by its deadline where the end of a registered worker blocks: it %s', async (worker, printed) => {
  const { stdout, stderr, ms } = await play('shutdown() of a registered worker', worker);
  expect(stdout).toMatch(`${printed}settled [\n  '${UNENDED}'\n]`);
  expect(stderr).toContain(`worker-atexit: ${UNENDED}\n`);
  expect(ms).toBeLessThan(LONG);
});

it('says nothing of native code where a handler has taken more than its time, and workers are only then told to end', async () => {
  const settings = '{"timeout":300,"watchdog":false,"blocksFor":900}';
  const { stdout, stderr } = await start('native-code.js', ['shutdown() of a registered worker', 'is idle', settings])
    .ended;
  expect(stdout).toMatch('begins\nmain\nacked: \nsettled []');
  expect(stderr).not.toContain('has not ended');
});

onNode('shutdown() settles by its deadline where the end of a pool blocks', async () => {
  const { stdout, stderr, ms } = await play('shutdown()', 'a Piscina');
  expect(stdout).toContain(
    "settled [\n  'pool piscina has not finished its tasks',\n" +
      "  'piscina 1 has not ended: it is in native code, and is waited for no longer',\n" +
      "  'pool piscina has not ended, and is waited for no longer'\n]",
  );
  expect(stderr).toContain('worker-atexit: piscina 1 has not ended');
  expect(ms).toBeLessThan(LONG);
});

onNode.each([
  ['terminate()', 'is in native code', 'worker\nbegins\nsettled 1'],
  ['terminate()', BLOCKS, 'begins\nsettled 1'],
  ['link.shutdown()', 'is in native code', `worker\nbegins\n${NATIVE.replace(':', '').trim()}`],
  ['link.shutdown()', BLOCKS, 'begins\nacked undefined'],
])('%s of a registered worker settles where its end blocks: it %s', async (route, worker, printed) => {
  const { stdout, stderr, ms } = await play(route, worker);
  expect(stdout).toMatch(printed);
  expect(stderr).toContain(`worker-atexit: ${UNENDED}\n`);
  expect(ms).toBeLessThan(LONG);
});

onNode('ends by its deadline after a shutdown() that has settled without a worker', async () => {
  expectEnd(await play('shutdown(), then process.exit()', 'is in native code'), 3, 'worker 1');
});

onNode('nobody ends it with watchdog false', async () => {
  const program = start('native-code.js', ['exit()', 'is in native code', '{"timeout":1000,"watchdog":false}']);
  const { code, stderr } = await program.ended;
  expect(code, stderr).toBe(3);
  expect(stderr).not.toContain('keeps a thread');
});
