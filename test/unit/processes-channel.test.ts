import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createReader } from '../../src/adapters/processes/channel.ts';

let folder = '';
let reading = 0;
let writing = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'worker-atexit-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  writing = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
});
afterEach(() => {
  closeSync(reading);
  closeSync(writing);
  rmSync(folder, { recursive: true });
});

function createRead(): () => unknown[] {
  let heard: unknown[] = [];
  const read = createReader(reading, (message) => heard.push(message));
  return () => {
    heard = [];
    read();
    return heard;
  };
}

it('hears every whole message, and the rest of one when it has come', () => {
  const read = createRead();
  expect(read()).toEqual([]);
  writeSync(writing, '{"a":1}\n"b"\n{"c":');
  expect(read()).toEqual([{ a: 1 }, 'b']);
  writeSync(writing, '"3 €"}\n');
  expect(read()).toEqual([{ c: '3 €' }]);
});

it('passes over what is no message', () => {
  const read = createRead();
  writeSync(writing, 'end of something"}\n\n{"a":1}\n');
  writeSync(writing, Buffer.from([0, 0, 0, 12, 255, 15, 0x0a]));
  expect(read()).toEqual([{ a: 1 }]);
});

it('hears messages that are longer than what is read at once', () => {
  const read = createRead();
  const long = 'x'.repeat(40_000);
  writeSync(writing, `${JSON.stringify(long)}\n`);
  const first = read();
  writeSync(writing, `${JSON.stringify(long)}\n`);
  expect([first, read()]).toEqual([[long], [long]]);
});

it.each([Number.NaN, -1])('reads nothing where there is no descriptor: %d', (fd) => {
  createReader(fd, () => expect.fail())();
});
