import { expect, it } from 'vitest';
import { run } from './programs.ts';

it('a server drains although its connections are kept alive', async () => {
  const { code, stdout, stderr } = await run('server.js', ['exit']);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'answered\nok true\n', stderr: '' });
});

it('a server of a cluster, which closes it when it disconnects, is drained as well', async () => {
  const { stdout, stderr } = await run('server.js', ['disconnect']);
  expect({ stdout, stderr }).toEqual({ stdout: 'answered\nok true\nexit code 0\n', stderr: '' });
});
