/** Who listens to signals itself, and raises them again when it is done, is left alone until then. */
import { describe, expect, it } from 'vitest';
import { run } from './programs.ts';

describe.each([
  { way: 'nest', own: ['onApplicationShutdown SIGTERM', 'onModuleDestroy'] },
  { way: 'terminus', own: ['onShutdown', 'onSignal'] },
])('a service whose signals are listened to by $way', ({ way, own }) => {
  it('answers what is in flight, calls its own hooks, then the handlers, and ends by the signal', async () => {
    const { code, signal, stdout, stderr } = await run('listening.js', [way]);
    const lines = stdout.trimEnd().split('\n');
    expect({ code, signal, stderr }).toEqual({ code: undefined, signal: 'SIGTERM', stderr: '' });
    expect(lines.slice(0, -2).sort()).toEqual(['answered', ...own]);
    expect(lines.slice(-2)).toEqual(['database closed', 'ok true, by SIGTERM']);
  });
});
