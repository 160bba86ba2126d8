import { spawn } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { registerCluster, registerProcess } from '../../src/process.ts';
import { tagged } from '../../src/wire/ipc.ts';

const INVALID = 'ERR_WORKER_ATEXIT_INVALID_ARGUMENT';

const start = () => spawn(process.execPath, ['-e', '']);

function refusal(call: () => unknown): { readonly code: unknown; readonly message: string } {
  try {
    call();
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) return { code: error.code, message: error.message };
  }
  throw new Error('it was not refused');
}

describe('what is no child process is refused, with the way out', () => {
  it.each([
    ['nothing', undefined],
    ['a pid', 4711],
    ['a promise, as nano-spawn returns', Promise.resolve()],
    ['a command', 'node child.js'],
  ])('%s', (_, child) => {
    const call = () => Reflect.apply(registerProcess, undefined, [child]);
    expect(refusal(call)).toEqual({
      code: INVALID,
      message: expect.stringMatching(/^child must be a ChildProcess, what fork\(\) and spawn\(\) .* it is /),
    });
  });

  it('a worker of a cluster', () => {
    const worker = { id: 1, process: start() };
    const call = () => Reflect.apply(registerProcess, undefined, [worker]);
    expect(refusal(call).message).toContain('for a cluster there is registerCluster()');
  });
});

it.each([
  [{ name: 1 }, INVALID, 'options.name must be a string'],
  [{ timeout: -1 }, INVALID, 'options.timeout must be a number of milliseconds'],
  [{ signal: 'SIGNONE' }, INVALID, 'options.signal must be a signal of this system; it is "SIGNONE"'],
  [{ signal: 15 }, INVALID, 'options.signal must be a signal of this system; it is 15'],
  [{ ipc: true }, 'ERR_WORKER_ATEXIT_UNKNOWN_OPTION', 'options has no option "ipc"; it has name, timeout, signal'],
  [null, INVALID, 'options must be an object'],
])('refuses the options %j', (options, code, message) => {
  const found = refusal(() => Reflect.apply(registerProcess, undefined, [start(), options]));
  expect(found).toEqual({ code, message: expect.stringContaining(message) });
});

it('takes one that has ended, or was never there, for none', async () => {
  const ended = start();
  await once(ended, 'exit');
  expect(await registerProcess(ended).shutdown()).toEqual([]);
  const never = spawn('/no/such/program');
  const failed = once(never, 'error');
  expect(await registerProcess(never).shutdown()).toEqual([]);
  await failed;
});

it('sends the signal to a child that closes its channel when its order is on the way', async () => {
  const program = `
    setInterval(() => {}, 1000);
    process.on('internalMessage', ({ type }) => type === 'order' && process.disconnect());
    process.send(${JSON.stringify({ ...tagged, type: 'here' })});
  `;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const registered = registerProcess(child, { name: 'closes', timeout: 20_000 });
  await once(child, 'internalMessage');
  expect(await registered.shutdown()).toMatchObject([{ status: 'unlinked', diagnosis: 'ended by SIGTERM' }]);
}, 30_000);

describe('registerCluster', () => {
  afterEach(() => vi.restoreAllMocks());

  it('is for the primary', () => {
    vi.spyOn(cluster, 'isPrimary', 'get').mockReturnValue(false);
    expect(refusal(() => registerCluster())).toEqual({
      code: 'ERR_WORKER_ATEXIT_PRIMARY_ONLY',
      message: 'registerCluster() is for the primary of a cluster; a worker has only to import worker-atexit',
    });
  });

  it.each([
    [{ timeout: 'soon' }, INVALID],
    [{ name: 'web' }, 'ERR_WORKER_ATEXIT_UNKNOWN_OPTION'],
  ])('refuses the options %j', (options, code) => {
    expect(refusal(() => Reflect.apply(registerCluster, undefined, [options])).code).toBe(code);
  });
});
