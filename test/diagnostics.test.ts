import { expect, it } from 'vitest';
import { run } from './programs.ts';
import { reportOf } from './runtime.ts';

/** What one thread has published, in its order: the threads' lines come mixed. */
const linesOf = (stdout: string, thread: string): string[] =>
  stdout.split('\n').flatMap((line) => (line.startsWith(`${thread} `) ? line.slice(thread.length + 1) : []));

const same = '"id":"the same object"';
const handler = (name: string, stage = 'handlers', more = ''): string =>
  `handler {"name":"${name}",${more}"stage":"${stage}","timed":true}`;

it('follows an asynchronous shutdown in each thread, with context', async () => {
  const { signal, stdout, stderr } = await run('diagnostics.js', ['a signal']);
  expect({ signal, stderr }).toEqual({ signal: 'SIGTERM', stderr: '' });
  const facts = '"route":"signal","signal":"SIGTERM"';
  const start = [`start {${facts},${same}}`, handler('drain', 'drain')];
  const end = [`asyncStart {${facts},"ok":true,${same}}`, `asyncEnd {${facts},"ok":true,${same}}`];
  const slow = ['context {"route":"signal"}', handler('slow')];
  expect(linesOf(stdout, 'worker')).toEqual([...start, `end {${facts},${same}}`, ...slow, ...end]);
  const outcome = 'outcome {"threadId":1,"status":"acked","handlers":["drain","slow"]}';
  expect(linesOf(stdout, 'main')).toEqual([
    ...start,
    `end {${facts},${same}}`,
    handler('bad'),
    ...slow,
    outcome,
    ...end,
  ]);
});

it('follows a synchronous shutdown, which has no asynchronous part', async () => {
  const { code, stdout } = await run('diagnostics.js', ['process.exit()']);
  expect(code).toBe(3);
  expect(linesOf(stdout, 'main')).toEqual([
    `start {"route":"process.exit",${same}}`,
    handler('drain', 'drain'),
    handler('bad'),
    handler('slow', 'handlers', '"unfinished":true,'),
    'outcome {"threadId":1,"status":"acked","handlers":["drain","slow"]}',
    `error {"route":"process.exit","ok":false,"errors":[],${same}}`,
    `end {"route":"process.exit","ok":false,"errors":[],${same}}`,
  ]);
});

it('publishes what handlers threw', async () => {
  const { code, stdout } = await run('diagnostics.js', ['fails']);
  expect(code).toBe(1);
  const lines = linesOf(stdout, 'main');
  expect(lines).toContain('handler {"name":"bad","stage":"handlers","timed":true,"error":"bad"}');
  expect(lines.slice(-3).map((line) => line.replace(/ .*"errors":/, ' '))).toEqual(
    ['error', 'asyncStart', 'asyncEnd'].map((event) => `${event} ["bad"],${same}}`),
  );
});

it('publishes a worker that is lost while this thread lives on, once', async () => {
  const { code, stdout } = await run('diagnostics.js', ['a worker is lost']);
  expect(code).toBe(3);
  const lines = linesOf(stdout, 'main');
  expect(lines[0]).toBe('outcome {"threadId":1,"status":"lost","diagnosis":"it ended with exit code 1","handlers":[]}');
  expect(lines.filter((line) => line.startsWith('outcome'))).toHaveLength(1);
});

it.each([
  ['start', 'a signal', 1],
  ['handler', 'a signal', 1],
  ['asyncEnd', 'a signal', undefined],
  ['asyncEnd', 'shutdown()', 1],
  ['handler', 'process.exit()', 3],
])('calls every handler once when a subscriber of %s throws: %s', async (channel, way, expected) => {
  const { code, stdout, stderr } = await run('diagnostics.js', [way, channel]);
  expect(code).toBe(expected);
  // As Node has it: an uncaught exception in the next tick, if there is one.
  const isReported = reportOf(`a subscriber of ${channel}`).every((piece) => stderr.includes(piece));
  expect(isReported).toBe(expected === 1);
  for (const thread of ['main', 'worker']) {
    const called = linesOf(stdout, thread).filter((line) => line.startsWith('handler'));
    expect(called.map((line) => JSON.parse(line.slice('handler '.length)).name).sort()).toEqual(
      thread === 'main' ? ['bad', 'drain', 'slow'] : ['drain', 'slow'],
    );
  }
  expect(linesOf(stdout, 'worker').at(-1)).toContain('asyncEnd');
});
