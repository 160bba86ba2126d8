import { expect, it } from 'vitest';
import { run } from './programs.ts';

const play = (situation: string) => run('own-functions.js', [situation]);

it.each(['piscina', 'tinypool', 'workerpool'])(
  'a wrapper of the program’s own around a %s is still there after a shutdown()',
  async (pool) => {
    const before = await play(`${pool}, wrapped before`);
    expect(before).toMatchObject({ code: 0, stdout: 'ok true, called true, its own true\n' });
    const after = await play(`${pool}, wrapped after`);
    expect(after).toMatchObject({ code: 0, stdout: 'ok true, called true, its own true\n' });
  },
);

it('what a handler has put around process.stdout.write is still there in a worker that lives on', async () => {
  const { code, stdout, stderr } = await play('a handler wraps stdout');
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '(after the shutdown)\n', stderr: '' });
});
