import threads, { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTable } from '../../src/table/cells.ts';
import { findPosition, takePosition } from '../../src/thread/position.ts';
import type { LinkMessage } from '../../src/wire/messages.ts';
import { KEY, VERSION } from '../../src/wire/reason.ts';
import { createProcess } from './stand-ins.ts';

const inherited = threads.getEnvironmentData(KEY);
beforeEach(() => {
  threads.setEnvironmentData(KEY, undefined);
});
afterEach(() => {
  threads.setEnvironmentData(KEY, inherited);
  vi.unstubAllGlobals();
});

describe('the position of a thread', () => {
  it('is below the ancestor that it has inherited, whose table it shares', () => {
    const { buffer } = createTable();
    threads.setEnvironmentData(KEY, { version: VERSION, threadId: 7, buffer });
    const position = findPosition(() => {});
    expect(position).toMatchObject({ isMain: threads.isMainThread, threadId: threads.threadId, ancestorId: 7 });
    expect(position.table.buffer).toBe(buffer);
  });

  it.each([
    ['nothing was inherited', undefined],
    ['it was somebody else’s', 'text'],
    ['the ancestor is of another version', { version: VERSION + 1, threadId: 7, buffer: new SharedArrayBuffer(4) }],
  ])('is the root, with a table of its own, where %s', (_, data) => {
    threads.setEnvironmentData(KEY, data);
    const { ancestorId, table } = findPosition(() => {});
    expect(ancestorId).toBeUndefined();
    expect(table.buffer.byteLength).toBe(createTable().buffer.byteLength);
  });

  it('is where a shutdown is rehearsed', () => {
    const rehearse = vi.fn();
    const position = findPosition(rehearse);
    position.rehearse?.();
    expect(rehearse.mock.calls).toEqual([[position]]);
  });

  it('is where links are sent from, with their ports', () => {
    const post = vi.spyOn(threads, 'postMessageToThread').mockResolvedValue();
    const { port1: port, port2 } = new MessageChannel();
    const message: LinkMessage = { [KEY]: VERSION, slot: 0, port };
    findPosition(() => {}).deliver(3, message);
    expect(post.mock.calls).toEqual([[3, message, [port]]]);
    post.mockRestore();
    port2.close();
  });
});

it('a position that is taken is inherited by the workers to come, and their links and they themselves are seen', () => {
  const program = createProcess();
  vi.stubGlobal('process', program);
  const { table, ...position } = findPosition(() => {});
  const thread = { position: { ...position, table, threadId: 5 }, hear: vi.fn(), workerCreated: vi.fn() };
  takePosition(thread);
  expect(threads.getEnvironmentData(KEY)).toEqual({ version: VERSION, threadId: 5, buffer: table.buffer });
  // It does not listen, or every message would be taken for heard.
  expect(program.listeners('workerMessage')).toEqual([]);
  expect(program.emit('workerMessage', 'of the program', 7)).toBe(false);
  expect(thread.hear).not.toHaveBeenCalled();
  const message = { [KEY]: VERSION };
  expect(program.emit('workerMessage', message, 7)).toBe(true);
  expect(thread.hear).toHaveBeenCalledWith(message, 7);
  expect(program.listeners('worker')).toEqual([thread.workerCreated]);
});
