import { once } from 'node:events';
import { getEnvironmentData, MessagePort } from 'node:worker_threads';
import { expect, it, vi } from 'vitest';
import { createTable, KEY, VERSION } from '../../src/protocol.ts';
import { rehearse } from '../../src/rehearsal.ts';
import type { Place } from '../../src/thread.ts';

const createPlace = (isMain: boolean): Place => ({
  isMain,
  threadId: isMain ? 0 : 7,
  table: createTable(),
  ancestorId: undefined,
  deliver: () => Promise.reject(new Error('a rehearsal has delivered something')),
  rehearse() {},
});

/** All that others could see of a thread. */
const seen = () => ({
  listeners: process.eventNames().map((event) => [event, process.listenerCount(event)]),
  data: getEnvironmentData(KEY),
  exitCode: process.exitCode,
  own: [process.stdout, process.stderr].map((stream) => Object.getOwnPropertyDescriptor(stream, 'write')),
  reallyExit: process.reallyExit,
});

it.each([true, false])('a rehearsal (of a main thread: %s) goes from the order to the ack', async (isMain) => {
  const posted = vi.spyOn(MessagePort.prototype, 'postMessage');
  const closed = vi.spyOn(MessagePort.prototype, 'close');
  rehearse(createPlace(isMain));
  await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  // The test runner may have a port of its own, by which it reports.
  const messages = posted.mock.calls.map(([message]) => message).filter(({ version }) => version === VERSION);
  expect(messages.map(({ type }) => type)).toEqual(['order', 'ack']);
  expect(messages[1]).toMatchObject({ handlers: [{ name: 'rehearsal' }] });
  vi.restoreAllMocks();
});

it.each([true, false])('a rehearsal (of a main thread: %s) leaves nothing behind', async (isMain) => {
  const before = seen();
  const place = createPlace(isMain);
  const cells = place.table.cells.slice();
  const closed = new Promise<void>((resolve) => {
    const close = MessagePort.prototype.close;
    vi.spyOn(MessagePort.prototype, 'close').mockImplementation(function (this: MessagePort) {
      once(this, 'close').then(() => resolve());
      close.call(this);
    });
  });
  rehearse(place);
  expect(seen()).toEqual(before);
  await closed;
  vi.restoreAllMocks();
  expect(seen()).toEqual(before);
  expect(place.table.cells).toEqual(cells);
});
