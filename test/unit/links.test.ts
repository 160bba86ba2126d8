import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { now } from '../../src/clock.ts';
import { createLinks, type Links } from '../../src/links.ts';
import { at, Cell, createTable, Header, KEY, State, type Table, VERSION } from '../../src/protocol.ts';
import { claim } from '../../src/slots.ts';

/** Thread ids that no thread of this process has. */
const PARENT = 1000;
const WORKER = 1001;

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

interface Scene {
  readonly links: Links;
  readonly table: Table;
  readonly lines: string[];
  /** What a worker would have of its link. */
  join(threadId?: number): { port: MessagePort; slot: number; received: unknown[] };
}

function createScene(): Scene {
  const table = createTable();
  const lines: string[] = [];
  const links = createLinks(
    { table, threadId: PARENT, isMain: true },
    {
      log: (line) => lines.push(line),
      onLink() {},
      onOwnEnd: (reports) => lines.push(`ended: ${reports[0]?.status}`),
      onGone() {},
      onFailedWorker() {},
    },
  );
  return {
    links,
    table,
    lines,
    join(threadId = WORKER) {
      const slot = claim(table, threadId, PARENT);
      if (slot === undefined) throw new Error('no slot');
      const { port1, port2 } = new MessageChannel();
      ports.push(port1, port2);
      const received: unknown[] = [];
      port1.on('message', (message) => received.push(message));
      links.accept({ [KEY]: VERSION, slot, port: port2 }, threadId);
      return { port: port1, slot, received };
    },
  };
}

const order = (timeout: number) => ({
  reason: { route: 'exit' as const },
  until: now() + timeout,
  sync: false,
  relay: { stdout: false, stderr: false },
});
const turn = () => new Promise((resolve) => setTimeout(resolve, 20));
const epochOf = (received: readonly unknown[]): number =>
  Number(received.map((message) => (message as { epoch?: number }).epoch).find((epoch) => epoch !== undefined));
const ack = (epoch: number, fields = {}) => ({
  type: 'ack',
  version: VERSION,
  epoch,
  handlers: [],
  workers: [],
  ...fields,
});

it.each([
  ['a text', () => 'ack'],
  ['null', () => null],
  ['another type', (epoch: number) => ack(epoch, { type: 'acknowledgement' })],
  ['another version', (epoch: number) => ack(epoch, { version: VERSION + 1 })],
  ['no handlers', (epoch: number) => ack(epoch, { handlers: undefined })],
  ['a handler without a name', (epoch: number) => ack(epoch, { handlers: [{ durationMs: 1 }] })],
  ['a handler with a negative duration', (epoch: number) => ack(epoch, { handlers: [{ name: 'a', durationMs: -1 }] })],
  ['an error that is none', (epoch: number) => ack(epoch, { handlers: [{ name: 'a', durationMs: 1, error: 'none' }] })],
  [
    'a worker with an unknown status',
    (epoch: number) => ack(epoch, { workers: [{ threadId: 1, path: [1], name: 'a', status: 'fine', handlers: [] }] }),
  ],
  ['a stale epoch', (epoch: number) => ack(epoch - 1)],
  ['an epoch that never was', (epoch: number) => ack(epoch + 1)],
  ['an order', (epoch: number) => ({ type: 'order', version: VERSION, epoch })],
])('drops %s, says so once, and the shutdown goes on', async (_, forge) => {
  const { links, join, lines } = createScene();
  const { port, received } = join();
  const settled = links.order(order(1000));
  await turn();
  const epoch = epochOf(received);
  port.postMessage(forge(epoch));
  port.postMessage(forge(epoch));
  await turn();
  expect(lines).toEqual([expect.stringMatching(/^dropped a message from worker 1001 that is/)]);
  port.postMessage(ack(epoch));
  await settled;
  expect(links.reports().workers).toMatchObject([{ threadId: WORKER, status: 'acked', path: [WORKER] }]);
});

it('drops a second ack', async () => {
  const { links, join, lines } = createScene();
  const { port, received } = join();
  const settled = links.order(order(1000));
  await turn();
  port.postMessage(ack(epochOf(received)));
  await settled;
  port.postMessage(ack(epochOf(received), { handlers: [{ name: 'late', durationMs: 1, unfinished: true }] }));
  await turn();
  expect(lines).toEqual(['dropped a message from worker 1001 that is a second ack']);
  expect(links.reports().workers).toMatchObject([{ status: 'acked', handlers: [] }]);
});

it('drops a message that cannot be read', async () => {
  const { links, join, lines } = createScene();
  const { port, received } = join();
  const settled = links.order(order(1000));
  await turn();
  // What makes Node emit this is rare: an object whose class the receiving context lacks.
  for (const end of ports) end.emit('messageerror', new Error('unreadable'));
  expect(lines).toEqual(['dropped a message from worker 1001 that cannot be read']);
  port.postMessage(ack(epochOf(received)));
  await settled;
});

it('refuses a link from a thread that does not own the slot, and a second link', () => {
  const { links, table, lines, join } = createScene();
  const { slot } = join();
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  expect(links.accept({ [KEY]: VERSION, slot, port: port1 }, WORKER + 1)).toBe(true);
  expect(links.accept({ [KEY]: VERSION, slot, port: port2 }, WORKER)).toBe(true);
  expect(links.accept({ [KEY]: VERSION, slot: 4096, port: port2 }, WORKER)).toBe(true);
  expect(links.accept('somebody else’s message', WORKER)).toBe(false);
  expect(lines).toEqual([
    'dropped a link from worker 1002, which is not the owner of its slot',
    'dropped a second link from worker 1001',
    'dropped a link from worker 1001 that does not fit the protocol',
  ]);
  expect(Atomics.load(table.cells, at(slot, Cell.state))).toBe(State.joined);
});

it('takes the ack of a worker that ended by itself, and does not wait for it', async () => {
  const { links, join, table, lines } = createScene();
  const { port, slot } = join();
  Atomics.store(table.cells, at(slot, Cell.state), State.acked);
  port.postMessage(ack(0));
  await turn();
  expect(lines).toEqual(['ended: acked']);
  expect(links.order(order(1000))).toBeUndefined();
  expect(links.reports().workers).toEqual([]);
});

it('reports a worker as lost that is gone without an ack, and frees its slot', async () => {
  const { links, join, table } = createScene();
  const { port, slot } = join();
  links.begin();
  const settled = links.order(order(10_000));
  port.close();
  await settled;
  expect(links.reports().workers).toMatchObject([{ status: 'lost', diagnosis: 'it ended' }]);
  expect(Atomics.load(table.cells, at(slot, Cell.state))).toBe(State.free);
});

it('gives up on silent workers, and says how far each of them came', async () => {
  const { links, join, table } = createScene();
  join(WORKER);
  const reading = join(WORKER + 1);
  const running = join(WORKER + 2);
  links.order(order(1000));
  Atomics.store(table.cells, at(reading.slot, Cell.state), State.read);
  Atomics.store(table.cells, at(running.slot, Cell.state), State.read);
  Atomics.store(table.cells, at(running.slot, Cell.handler), 2);
  Atomics.store(table.cells, at(running.slot, Cell.count), 3);
  expect(links.terminateSilent()).toBe(true);
  expect(links.reports().workers.map(({ status, diagnosis }) => `${status}: ${diagnosis}`)).toEqual([
    'timed-out: its event loop was blocked and the order never read',
    'timed-out: it read the order, and no handler of it has started',
    'timed-out: handler  blocks it (1 of 3 done)',
  ]);
});

it('blocks for acks that come while the event loop does not turn, and no longer than told', () => {
  const { links, join, table } = createScene();
  const { port, slot } = join();
  const silent = join(WORKER + 1);
  const startedAt = now();
  links.block({ ...order(200), sync: true }, () => {
    // The other thread's part: it acks at once, and rings.
    port.postMessage(ack(0));
    Atomics.store(table.cells, at(slot, Cell.state), State.acked);
    Atomics.add(table.cells, Header.doorbell, 1);
  });
  expect(now() - startedAt).toBeGreaterThanOrEqual(195);
  expect(links.terminateSilent()).toBe(true);
  expect(links.reports().workers.map(({ threadId, status }) => [threadId, status])).toEqual([
    [WORKER, 'acked'],
    [WORKER + 1, 'timed-out'],
  ]);
  silent.port.close();
});

it('forgets a thousand workers that have come and gone', async () => {
  const { links, join, table } = createScene();
  for (let worker = 0; worker < 1000; worker++) {
    const { port } = join(2000 + worker);
    port.close();
    // A hundred at a time.
    if (worker % 100 === 99) await expect.poll(() => links.size).toBe(0);
  }
  expect(Atomics.load(table.cells, Header.used)).toBe(100);
});
