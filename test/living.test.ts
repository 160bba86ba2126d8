import { expect, it } from 'vitest';
import { run } from './programs.ts';
import * as runtime from './runtime.ts';

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);

async function play(situation: string, nodeOptions: readonly string[] = [], more: readonly string[] = []) {
  const { code, signal, stdout, stderr } = await run('living.js', [situation, ...more], { nodeOptions });
  return { code, signal, stderr, lines: linesOf(stdout) };
}

it.each(['piscina', 'tinypool'])(
  'a pool of %s takes tasks again in a program that is given new work after its end',
  async (pool) => {
    const { code, lines, stderr } = await play(pool);
    expect({ code, lines }, stderr).toEqual({
      code: 0,
      lines: ['a task', 'cleaned up after a task', 'first', 'another', 'cleaned up after another', 'second'],
    });
  },
);

it('a workerpool takes tasks again in a program that is given new work after its end', async () => {
  const { code, lines, stderr } = await play('workerpool');
  expect({ code, lines }, stderr).toEqual({ code: 0, lines: ['first', 'sum 7', 'second'] });
});

/** A clean-up each, newest first, where one thread has had more than one task. */
const twice = ['another', 'a third', 'cleaned up after a third', 'cleaned up after another'];

it.each(
  ['piscina', 'tinypool', 'workerpool'].flatMap((pool) => ['exit()', 'process.exit()'].map((end) => [pool, end])),
)('a pool of %s that is used again after shutdown() is registered again: %s', async (pool = '', end = '') => {
  const { code, lines, stderr } = await play(`a ${pool} after shutdown()`, [], [end]);
  const told = `true ${pool} acked `;
  expect({ code, lines }, stderr).toEqual({
    code: 0,
    lines: ['a task', 'cleaned up after a task', told, ...twice, told],
  });
});

it.each(['piscina', 'tinypool', 'workerpool'])('so is a %s each time', async (pool) => {
  const { code, lines, stderr } = await play(`a ${pool} after shutdown()`, [], ['shutdown()']);
  const told = expect.stringMatching(`^true ${pool} acked`);
  expect({ code, lines }, stderr).toEqual({
    code: 0,
    lines: ['a task', 'cleaned up after a task', told, ...twice, told, 'a fourth', 'cleaned up after a fourth', told],
  });
});

it('exit(code) in a handler sets the exit code, as process.exit(code) does there', async () => {
  const { code, lines, stderr } = await play('exit(code) in a handler');
  expect({ code, lines, stderr }).toEqual({ code: 7, lines: ['goes on', 'last'], stderr: '' });
});

it('exit(code) that a handler awaits rejects', async () => {
  const { code, lines } = await play('exit(code) awaited in a handler');
  expect({ code, lines }).toEqual({ code: 0, lines: ['ERR_WORKER_ATEXIT_INSIDE_HANDLER'] });
});

it('a tinypool whose task has ended its thread, so that its call never settles, is named', async () => {
  const { code, lines, stderr } = await play('a task of a tinypool that ends its thread');
  expect({ code, lines }, stderr).toEqual({
    code: 1,
    lines: ['a task', 'cleaned up after a task', 'pool tinypool has not finished its tasks'],
  });
});

it('a handler that a request has registered runs outside of its context on a signal', async () => {
  const { signal, lines, stderr } = await play('a signal after a request has registered');
  expect({ signal, lines }, stderr).toEqual({ signal: 'SIGTERM', lines: ['undefined', 'undefined'] });
});

it('a handler runs outside of the context in which shutdown() is called, and its caller goes on in it', async () => {
  expect((await play('shutdown() in a request')).lines).toEqual(['undefined', 'request']);
});

it('a handler runs in the context in which process.exit() is called', async () => {
  expect((await play('process.exit() in a request')).lines).toEqual(['request']);
});

it('without the permission to start a guard all else is done, and a line says so', async () => {
  // Node 20 calls it so, and these tests run on this Node whichever one they start.
  const isNew = runtime.name === 'node' ? process.allowedNodeEnvironmentFlags.has('--permission') : true;
  const model = isNew ? '--permission' : '--experimental-permission';
  const { code, lines, stderr } = await play('no permission for a guard', [model, '--allow-fs-read=*']);
  const told = linesOf(stderr).filter((line) => line.startsWith('worker-atexit:'));
  expect({ code, lines }, stderr).toEqual({ code: 0, lines: ['handler true', 'true 1'] });
  expect(told, stderr).toEqual([
    expect.stringMatching(/^worker-atexit: the watchdog has no thread to stand guard: .*restricted/),
  ]);
  expect(stderr).not.toContain('    at ');
});

it('a signal that cuts a shutdown short is what the line on an unfinished handler speaks of', async () => {
  const { stderr } = await play('SIGINT again');
  expect(stderr).toMatch(/handler .* was left unfinished: no asynchronous work goes on once SIGINT has come again/);
  expect(stderr).not.toContain("worker-atexit's exit()");
});
