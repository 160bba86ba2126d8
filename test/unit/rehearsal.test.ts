import { once } from 'node:events';
import { getEnvironmentData, MessagePort } from 'node:worker_threads';
import { afterEach, expect, it, vi } from 'vitest';
import { askFor, ownHalfOf } from '../../src/api/front.ts';
import { rehearseMain } from '../../src/rest.ts';
import { createTable } from '../../src/table/cells.ts';
import type { Position } from '../../src/thread/parts.ts';
import { rehearse as rehearseWorker } from '../../src/thread/rehearsal.ts';
import { KEY, VERSION } from '../../src/wire/reason.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const createPosition = (isMain: boolean): Position => ({
  isMain,
  threadId: isMain ? 0 : 7,
  table: createTable(),
  ancestorId: undefined,
  deliver: () => Promise.reject(new Error('a rehearsal has delivered something')),
  rehearse() {},
});

const door = (): unknown => askFor(Object.create(null), {}, door);

const rehearse = (position: Position): void =>
  position.isMain ? rehearseMain(position, ownHalfOf(door)) : rehearseWorker(position);

/** All that others could see of a thread. */
const seen = () => ({
  listeners: process.eventNames().map((event) => [event, process.listenerCount(event)]),
  data: getEnvironmentData(KEY),
  exitCode: process.exitCode,
  own: [process.stdout, process.stderr].map((stream) => Object.getOwnPropertyDescriptor(stream, 'write')),
  reallyExit: process.reallyExit,
});

it.each([
  // The main thread has two workers, and tells them that it lives on. While it still drains, it exits with two others.
  [true, ['order', 'order', 'ack', 'ack', 'order', 'order', 'ack', 'ack', 'over', 'over'], [true, true, false, false]],
  [false, ['order', 'ack'], [false]],
])('a rehearsal (of a main thread: %s) goes from the order to the ack', async (isMain, types, blocks) => {
  const posted = vi.spyOn(MessagePort.prototype, 'postMessage');
  // The test runner may have a port of its own, by which it reports.
  const messages = () => posted.mock.calls.map(([message]) => message).filter(({ version }) => version === VERSION);
  rehearse(createPosition(isMain));
  await vi.waitFor(() => expect(messages().map(({ type }) => type)).toEqual(types), { timeout: 10_000 });
  expect(messages().flatMap(({ type, sync }) => (type === 'order' ? [sync] : []))).toEqual(blocks);
  expect(messages().find(({ type }) => type === 'ack')).toMatchObject({ handlers: [{ name: 'rehearsal' }] });
});

it('a worker rehearses, too, that its output goes over the link', () => {
  const defined = vi.spyOn(Object, 'defineProperty');
  rehearse(createPosition(false));
  const streams = defined.mock.calls.filter(([, property]) => property === 'write').map(([stream]) => stream);
  expect(streams).toEqual([process.stdout, process.stderr]);
});

it('a worker that parks has done with its rehearsal before its event loop turns again', async () => {
  const posted = vi.spyOn(MessagePort.prototype, 'postMessage');
  const closed = vi.spyOn(MessagePort.prototype, 'close');
  rehearseWorker({ ...createPosition(false), isParked: true });
  for (let hops = 0; hops < 100; hops++) await undefined;
  const ports = ['order', 'ack'].map(
    (type) => posted.mock.contexts[posted.mock.calls.findIndex(([message]) => message.type === type)],
  );
  expect(ports).toEqual([expect.any(MessagePort), expect.any(MessagePort)]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(closed.mock.contexts.filter((port) => ports.includes(port))).toEqual([]);
});

it.each([true, false])('a rehearsal (of a main thread: %s) leaves nothing behind', async (isMain) => {
  const before = seen();
  const position = createPosition(isMain);
  const cells = position.table.cells.slice();
  const closed = new Promise<void>((resolve) => {
    const close = MessagePort.prototype.close;
    vi.spyOn(MessagePort.prototype, 'close').mockImplementation(function (this: MessagePort) {
      once(this, 'close').then(() => resolve());
      close.call(this);
    });
  });
  rehearse(position);
  expect(seen()).toEqual(before);
  await closed;
  expect(seen()).toEqual(before);
  expect(position.table.cells).toEqual(cells);
});
