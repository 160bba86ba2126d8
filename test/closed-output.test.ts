import { expect, it } from 'vitest';
import { linesOf, start, temporaryFolder } from './programs.ts';

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'a stdout that nobody reads any more ends no shutdown: %s',
  async (signal) => {
    const dir = temporaryFolder();
    const program = start('closed-output.js', [dir]);
    await program.printed('ready');
    program.stopReading();
    program.kill(signal);
    const ended = await program.ended;
    expect(linesOf(dir, 'events')).toEqual(['worker: done', 'main: done']);
    expect(ended.signal).toBe(signal);
  },
);
