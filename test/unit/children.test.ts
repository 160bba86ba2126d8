import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import threads, { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Children, createChildren } from '../../src/children/children.ts';
import { now } from '../../src/clock.ts';
import type { WorkerReport } from '../../src/report/report.ts';
import {
  at,
  Cell,
  createTable,
  Header,
  Linked,
  Ordered,
  Phase,
  ROOT,
  State,
  type Table,
} from '../../src/table/cells.ts';
import { claim } from '../../src/table/slots.ts';
import { KEY, VERSION } from '../../src/wire/reason.ts';
import { blocking, isPending } from './stand-ins.ts';

/** Thread ids that no thread of this process has. */
const PARENT = 1000;
const WORKER = 1001;

const ports: MessagePort[] = [];
const workers: Worker[] = [];
afterEach(async () => {
  vi.unstubAllGlobals();
  for (const port of ports.splice(0)) port.close();
  await Promise.all(workers.splice(0).map((worker) => Worker.prototype.terminate.call(worker)));
});

/** A Worker as far as it is known here: its thread's id, and that it ends. */
const createWorker = (threadId: number) =>
  Object.assign(new EventEmitter(), {
    threadId,
    performance: { eventLoopUtilization: () => ({ idle: -1, active: 0, utilization: 0 }) },
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    terminate: async () => 1,
  }) as unknown as Worker & { threadId: number };

/** A worker that knows nothing of the library. */
function startWorker(): Worker {
  const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
  workers.push(worker);
  return worker;
}

interface Scene {
  readonly children: Children;
  readonly table: Table;
  readonly lines: string[];
  /** What a worker would have of its link. */
  join(threadId?: number): { port: MessagePort; slot: number; received: unknown[] };
}

function createScene(slot?: number, isMain = true): Scene {
  const table = createTable();
  const lines: string[] = [];
  const children = createChildren(
    { table, threadId: PARENT, isMain, slot: () => slot },
    {
      log: (line) => lines.push(line),
      onLink() {},
      onOwnEnd: (reports) => lines.push(`ended: ${reports[0]?.status}`),
      onUnended: () => {},
      onGone: (thread) => lines.push(`gone ${thread}`),
      onFailedWorker: ({ report }) => lines.push(`failed: ${report.status}`),
    },
  );
  return {
    children,
    table,
    lines,
    join(threadId = WORKER) {
      const slot = claim(table, threadId, PARENT);
      if (slot === undefined) throw new Error('no slot');
      const { port1, port2 } = new MessageChannel();
      ports.push(port1, port2);
      const received: unknown[] = [];
      port1.on('message', (message) => received.push(message));
      children.accept({ [KEY]: VERSION, slot, port: port2 }, threadId);
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
/** Some time, and then what has come meanwhile is heard: on a busy machine a timer may be due first. */
const turn = () => new Promise((resolve) => setTimeout(() => setImmediate(resolve), 20));
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

/** A worker has acked; as far as its slot has come, it is in `state`. */
async function createAcked(state: number): Promise<Scene & { slot: number }> {
  const scene = createScene();
  const { port, received, slot } = scene.join();
  const settled = scene.children.order(order(1000));
  await turn();
  Atomics.store(scene.table.cells, at(slot, Cell.state), state);
  port.postMessage(ack(epochOf(received)));
  await settled;
  return { ...scene, slot };
}

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
  const { children, join, lines } = createScene();
  const { port, received } = join();
  const settled = children.order(order(1000));
  await turn();
  const epoch = epochOf(received);
  port.postMessage(forge(epoch));
  port.postMessage(forge(epoch));
  await turn();
  expect(lines).toEqual([expect.stringMatching(/^dropped a message from worker 1001 that is (no|a stale) ack/)]);
  port.postMessage(ack(epoch));
  await settled;
  expect(children.reports().workers).toMatchObject([{ threadId: WORKER, status: 'acked', path: [WORKER] }]);
});

it('says nothing of a worker that had ended by itself, and acks its order as well', async () => {
  const { children, join, lines } = createScene();
  const { port, received } = join();
  const settled = children.order(order(1000));
  await turn();
  port.postMessage(ack(0, { handlers: [{ name: 'close', durationMs: 1 }] }));
  await settled;
  port.postMessage(ack(epochOf(received)));
  await turn();
  expect(lines).toEqual([]);
  expect(children.reports().workers).toMatchObject([{ status: 'acked', handlers: [{ name: 'close' }] }]);
});

it('looks for workers whose link is on its way where one has joined, and not otherwise', () => {
  const { children, table } = createScene(ROOT);
  const found = () => {
    children.begin();
    return children.size;
  };
  claim(table, WORKER, PARENT);
  expect(found()).toBe(0);
  expect(children.hasJoined()).toBe(false);
  Atomics.add(table.cells, at(ROOT, Cell.joins), 1);
  expect(children.hasJoined()).toBe(true);
  expect(found()).toBe(1);
  claim(table, WORKER + 1, PARENT);
  expect(found()).toBe(1);
  Atomics.add(table.cells, at(ROOT, Cell.joins), 1);
  expect(found()).toBe(2);
});

it.each([
  ['has none', () => {}, true],
  ['has one that has linked itself', ({ join }: Scene) => void join(), false],
  ['has made one', ({ children }: Scene) => children.workerCreated(createWorker(WORKER)), false],
  ['has registered one', ({ children }: Scene) => children.setTerms(createWorker(WORKER), {}), false],
  ['is told by its slot of one', ({ table }: Scene) => Atomics.add(table.cells, at(ROOT, Cell.joins), 1), false],
])('knows whether this thread has workers: it %s', (_, prepare, hasNone) => {
  const scene = createScene(ROOT);
  prepare(scene);
  expect(scene.children.hasNone()).toBe(hasNone);
});

it('does not know whether this thread has workers where they are not counted', () => {
  expect(createScene().children.hasNone()).toBe(false);
});

it('waits for a worker that has joined by the last ack, although its link is on its way', async () => {
  const { children, join, table } = createScene(ROOT);
  const { port, received } = join();
  Atomics.add(table.cells, at(ROOT, Cell.joins), 1);
  const settled = children.order(order(5000));
  await turn();
  const late = claim(table, WORKER + 1, PARENT) ?? expect.unreachable();
  Atomics.add(table.cells, at(ROOT, Cell.joins), 1);
  port.postMessage(ack(epochOf(received)));
  await turn();
  expect(await isPending(settled)).toBe(true);
  expect(Atomics.load(table.cells, at(late, Cell.order))).not.toBe(0);
  Atomics.store(table.cells, at(late, Cell.state), State.acked);
  Atomics.add(table.cells, Header.doorbell, 1);
  Atomics.notify(table.cells, Header.doorbell);
  await settled;
  expect(children.reports().workers.map(({ status }) => status)).toEqual(['acked', 'acked']);
});

it('takes a worker for acked by its ack alone: it may be terminated before its slot says so', async () => {
  const { children, table, slot } = await createAcked(State.read);
  expect(Atomics.load(table.cells, at(slot, Cell.state))).toBe(State.acked);
  children.over();
  children.begin();
  expect(children.order(order(1000))).toBeUndefined();
  expect(children.reports().workers).toEqual([]);
});

it('wakes those that were being started, until there are none', () => {
  const { children, join } = createScene();
  join();
  const left = [true, true, false, true];
  const wakeStarting = vi.fn(() => left.shift() ?? true);
  children.block({ ...order(1000), sync: true }, { ...blocking(() => {}), wakeStarting });
  expect(wakeStarting).toHaveBeenCalledTimes(3);
});

it('spreads the word once, if a worker is still waited for then', () => {
  const { children, join } = createScene();
  join();
  const spreadAt = now() + 20;
  const spread = vi.fn(() => expect(now()).toBeGreaterThanOrEqual(spreadAt));
  children.block({ ...order(1500), sync: true }, { ...blocking(() => {}), spread, spreadAt });
  expect(spread).toHaveBeenCalledTimes(1);
});

it('drops a second ack', async () => {
  const { children, join, lines } = createScene();
  const { port, received } = join();
  const settled = children.order(order(1000));
  await turn();
  port.postMessage(ack(epochOf(received)));
  await settled;
  port.postMessage(ack(epochOf(received), { handlers: [{ name: 'late', durationMs: 1, unfinished: true }] }));
  await turn();
  expect(lines).toEqual(['dropped a message from worker 1001 that is a second ack']);
  expect(children.reports().workers).toMatchObject([{ status: 'acked', handlers: [] }]);
});

it('is told twice of a worker that lives on and ends by itself twice', async () => {
  const { join, lines } = createScene();
  const { port } = join();
  port.postMessage(ack(0));
  port.postMessage(ack(0));
  await turn();
  expect(lines).toEqual(['ended: acked', 'ended: acked']);
});

it('drops a second ack of a worker that had ended by itself when its order was on the way', async () => {
  const { children, join, lines } = createScene();
  const { port } = join();
  const settled = children.order(order(1000));
  port.postMessage(ack(0));
  await settled;
  port.postMessage(ack(0));
  await turn();
  expect(lines).toEqual(['dropped a message from worker 1001 that is a second ack']);
});

it('does not take the ack of a worker that had acted alone, in a shutdown that is over, for one to its order', async () => {
  const { children, join, lines } = createScene();
  const { port, received } = join();
  const readAt = now();
  children.begin();
  children.over();
  await turn();
  const settled = children.order(order(1000));
  port.postMessage(ack(0, { readAt }));
  await turn();
  expect(await isPending(settled)).toBe(true);
  port.postMessage(ack(epochOf(received)));
  await settled;
  expect(lines).toEqual([]);
  expect(children.reports().workers).toMatchObject([{ status: 'acked' }]);
});

it('says of which reports it has told already', async () => {
  const { children, join, lines } = createScene();
  const { port } = join();
  children.begin();
  port.postMessage(ack(0));
  await turn();
  const { workers, told } = children.reports();
  expect(lines).toEqual(['ended: acked']);
  expect([...told]).toEqual(workers);
  expect(workers).toMatchObject([{ threadId: WORKER, status: 'acked' }]);
});

it('says how long a worker took', async () => {
  const before = now();
  const { children } = await createAcked(State.acked);
  const [report] = children.reports().workers;
  expect(report?.ackMs).toBeGreaterThan(0);
  expect(report?.ackMs).toBeLessThanOrEqual(now() - before);
});

it('a worker with a link is no stranger any more', () => {
  const { table, join } = createScene();
  Atomics.store(table.cells, Header.unlinkedWorkers, 2);
  join();
  expect(Atomics.load(table.cells, Header.unlinkedWorkers)).toBe(1);
});

it('knows whether a Worker that it has seen is alive', async () => {
  const { children } = createScene();
  expect(children.hasLiving()).toBe(false);
  const [one, other] = [startWorker(), startWorker()];
  children.workerCreated(one);
  children.workerCreated(other);
  await one.terminate();
  expect(children.hasLiving()).toBe(true);
  await other.terminate();
  expect(children.hasLiving()).toBe(false);
});

it('knows a registered worker by its thread, though nobody has told that it was made', async () => {
  const { children, join } = createScene();
  const [other, worker] = [startWorker(), startWorker()];
  children.setTerms(other, {});
  children.setTerms(worker, {});
  join(worker.threadId);
  children.begin();
  const settled = children.order(order(10_000));
  await Worker.prototype.terminate.call(worker);
  await settled;
  expect(children.reports().workers).toMatchObject([
    { status: 'lost', diagnosis: expect.stringMatching(/^it ended with exit code/) },
    { status: 'unlinked' },
  ]);
});

it('a port that has heard something is told again that it keeps no process alive, in Deno', async () => {
  for (const global of ['Deno', 'Node']) {
    vi.stubGlobal(global, {});
    const { children, table } = createScene();
    const slot = claim(table, WORKER, PARENT);
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    children.accept({ [KEY]: VERSION, slot, port: port2 }, WORKER);
    const [ref, unref] = [vi.spyOn(port2, 'ref'), vi.spyOn(port2, 'unref')];
    port1.postMessage(ack(0));
    await turn();
    expect([ref.mock.calls.length, unref.mock.calls.length]).toEqual(global === 'Deno' ? [1, 1] : [0, 0]);
    vi.unstubAllGlobals();
  }
});

it('drops a message that cannot be read', async () => {
  const { children, join, lines } = createScene();
  const { port, received } = join();
  const settled = children.order(order(1000));
  await turn();
  // What makes Node emit this is rare: an object whose class the receiving context lacks.
  for (const end of ports) end.emit('messageerror', new Error('unreadable'));
  expect(lines).toEqual(['dropped a message from worker 1001 that cannot be read']);
  port.postMessage(ack(epochOf(received)));
  await settled;
});

it('refuses a link from a thread that does not own the slot, and a second link', () => {
  const { children, table, lines, join } = createScene();
  const { slot } = join();
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  expect(children.accept({ [KEY]: VERSION, slot, port: port1 }, WORKER + 1)).toBe(true);
  expect(children.accept({ [KEY]: VERSION, slot, port: port2 }, WORKER)).toBe(true);
  expect(children.accept({ [KEY]: VERSION, slot: 4096, port: port2 }, WORKER)).toBe(true);
  expect(children.accept('somebody else’s message', WORKER)).toBe(false);
  expect(lines).toEqual([
    'dropped a link from worker 1002, which is not the owner of its slot',
    'dropped a second link from worker 1001',
    'dropped a link from worker 1001 that does not fit the protocol',
  ]);
  expect(Atomics.load(table.cells, at(slot, Cell.state))).toBe(State.joined);
});

it('takes the ack of a worker that ended by itself, and does not wait for it', async () => {
  const { children, join, table, lines } = createScene();
  const { port, slot } = join();
  Atomics.store(table.cells, at(slot, Cell.state), State.acked);
  port.postMessage(ack(0));
  await turn();
  expect(lines).toEqual(['ended: acked']);
  expect(children.order(order(1000))).toBeUndefined();
  expect(children.reports().workers).toEqual([]);
});

it('reports a worker as lost that is gone without an ack, and frees its slot when the shutdown is over', async () => {
  const { children, join, table } = createScene();
  const { port, slot } = join();
  children.begin();
  const settled = children.order(order(10_000));
  port.close();
  await settled;
  expect(children.reports().workers).toMatchObject([{ status: 'lost', diagnosis: 'it ended' }]);
  expect(Atomics.load(table.cells, at(slot, Cell.state))).toBe(State.lost);
  children.over();
  expect(Atomics.load(table.cells, at(slot, Cell.state))).toBe(State.free);
  expect(children.size).toBe(0);
});

it('orders a worker by its slot that closes its port with the order on the way', async () => {
  const { children, join, table } = createScene();
  const worker = startWorker();
  children.workerCreated(worker);
  const { port, slot } = join(worker.threadId);
  const settled = children.order(order(10_000));
  expect(Atomics.load(table.cells, at(slot, Cell.order)) & Ordered.alone).toBe(0);
  port.close();
  await expect.poll(() => Atomics.load(table.cells, at(slot, Cell.order)) & Ordered.alone).not.toBe(0);
  Atomics.store(table.cells, at(slot, Cell.state), State.acked);
  Atomics.add(table.cells, Header.doorbell, 1);
  Atomics.notify(table.cells, Header.doorbell);
  await settled;
  expect(children.reports().workers).toMatchObject([{ status: 'acked' }]);
});

it('reports the workers below one that was given up, also when it is gone', async () => {
  const { children, join, table } = createScene();
  const { port } = join();
  const child = claim(table, WORKER + 1, WORKER);
  Atomics.store(table.cells, at(Number(child), Cell.state), State.acked);
  children.begin();
  children.order(order(1000));
  expect(children.terminateSilent()).toBe(true);
  port.close();
  await expect.poll(() => children.hasJoined()).toBe(false);
  expect(children.reports().workers).toMatchObject([
    { threadId: WORKER, status: 'timed-out' },
    { path: [WORKER, WORKER + 1], status: 'acked', diagnosis: 'its parent did not ack for it' },
  ]);
});

it('gives up on silent workers, and says how far each of them came', async () => {
  const { children, join, table } = createScene();
  join(WORKER);
  const reading = join(WORKER + 1);
  const running = join(WORKER + 2);
  children.order(order(1000));
  Atomics.store(table.cells, at(reading.slot, Cell.state), State.read);
  Atomics.store(table.cells, at(running.slot, Cell.state), State.read);
  Atomics.store(table.cells, at(running.slot, Cell.handler), 2);
  Atomics.store(table.cells, at(running.slot, Cell.count), 3);
  expect(children.terminateSilent()).toBe(true);
  expect(children.reports().workers.map(({ status, diagnosis }) => `${status}: ${diagnosis}`)).toEqual([
    'timed-out: its event loop was blocked and the order never read',
    'timed-out: it read the order, and no handler of it has started',
    'timed-out: handler  blocks it (1 of 3 done)',
  ]);
});

it('blocks for acks that come while the event loop does not turn, and no longer than told', () => {
  const { children, join, table } = createScene();
  const { port, slot } = join();
  const silent = join(WORKER + 1);
  const startedAt = now();
  children.block(
    { ...order(200), sync: true },
    blocking(() => {
      // The other thread's part: it acks at once, and rings.
      port.postMessage(ack(0));
      Atomics.store(table.cells, at(slot, Cell.state), State.acked);
      Atomics.add(table.cells, Header.doorbell, 1);
    }),
  );
  expect(now() - startedAt).toBeGreaterThanOrEqual(195);
  expect(children.terminateSilent()).toBe(true);
  expect(children.reports().workers.map(({ threadId, status }) => [threadId, status])).toEqual([
    [WORKER, 'acked'],
    [WORKER + 1, 'timed-out'],
  ]);
  silent.port.close();
});

it('forgets a thousand workers that have come and gone', async () => {
  const { children, join, table } = createScene();
  for (let worker = 0; worker < 1000; worker++) {
    const { port } = join(2000 + worker);
    port.close();
    // A hundred at a time.
    if (worker % 100 === 99) await expect.poll(() => children.size).toBe(0);
  }
  expect(Atomics.load(table.cells, Header.highestSlot)).toBe(100);
});

describe('a message between threads', () => {
  it('is nobody’s concern here unless it bears the tag', () => {
    const { children, lines } = createScene();
    for (const message of [undefined, 'text', { port: 1 }]) expect(children.accept(message, WORKER)).toBe(false);
    expect(lines).toEqual([]);
  });

  it('may only ask whether this thread is there', () => {
    const { children, lines } = createScene();
    expect(children.accept({ [KEY]: VERSION, ping: true }, WORKER)).toBe(true);
    expect(lines).toEqual([]);
  });

  it('of another version is named, and its worker works alone', () => {
    const { children, lines } = createScene();
    expect(children.accept({ [KEY]: VERSION + 1, ping: true }, WORKER)).toBe(true);
    expect(lines).toEqual([
      `worker 1001 uses another version of the library (protocol ${VERSION + 1}, here ${VERSION}), and works alone`,
    ]);
    expect(children.size).toBe(0);
  });
});

describe('a worker with a table of its own', () => {
  const joinForeign = (scene: Scene, buffer?: SharedArrayBuffer) => {
    const slotTable = createTable(buffer);
    const slot = buffer ? 0 : claim(slotTable, WORKER, 0);
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    scene.children.accept({ [KEY]: VERSION, slot, port: port2, buffer: slotTable.buffer }, WORKER);
    return { slotTable, port: port1, slot: Number(slot) };
  };

  it('is known by its slot there', () => {
    const scene = createScene();
    const { slotTable, slot } = joinForeign(scene);
    expect(scene.children.size).toBe(1);
    expect(Atomics.load(slotTable.cells, at(slot, Cell.linked))).toBe(1);
    expect(Atomics.load(scene.table.cells, at(slot, Cell.linked))).toBe(0);
    expect(Atomics.load(scene.table.cells, Header.unlinkedWorkers)).toBe(0);
  });

  it('is refused with one of another size', () => {
    const scene = createScene();
    joinForeign(scene, new SharedArrayBuffer(1024));
    expect(scene.lines).toEqual(['dropped a link from worker 1001, which is not the owner of its slot']);
    expect(scene.children.size).toBe(0);
  });

  it('is looked at again and again where this thread blocks, since its doorbell is another', () => {
    const scene = createScene();
    const { slotTable, slot, port } = joinForeign(scene);
    const acks = new Worker(
      `const { workerData: cells } = require('node:worker_threads');
       Atomics.wait(cells, 0, 0, 100);
       Atomics.store(cells, ${at(slot, Cell.state)}, ${State.acked});`,
      { eval: true, workerData: slotTable.cells },
    );
    const before = now();
    port.postMessage(ack(0));
    scene.children.block(
      { ...order(15_000), sync: true },
      blocking(() => {}),
    );
    expect(now() - before).toBeLessThan(15_000);
    expect(scene.children.reports().workers).toMatchObject([{ threadId: WORKER, status: 'acked' }]);
    return acks.terminate();
  });
});

describe('a worker whose link was not yet delivered', () => {
  it('is ordered by its slot, and by its link as soon as that is there', async () => {
    const { children, table } = createScene();
    const slot = claim(table, WORKER, PARENT) ?? 0;
    const settled = children.order(order(10_000));
    expect(Atomics.load(table.cells, at(slot, Cell.order))).not.toBe(0);
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    children.accept({ [KEY]: VERSION, slot, port: port2 }, WORKER);
    const [message] = await once(port1, 'message');
    expect(message).toMatchObject({ type: 'order', timeout: expect.any(Number) });
    port1.postMessage(ack(message.epoch));
    await settled;
    expect(children.reports().workers).toMatchObject([{ status: 'acked' }]);
  });

  it('has acked if its slot says so, though the ack is never delivered', async () => {
    const { children, table } = createScene();
    const slots = [WORKER, WORKER + 1].map((thread) => claim(table, thread, PARENT) ?? 0);
    children.begin();
    const settled = children.order(order(10_000));
    for (const [index, slot] of slots.entries()) {
      Atomics.store(table.cells, at(slot, Cell.failures), 2);
      Atomics.store(table.cells, at(slot, Cell.state), index === 0 ? State.acked : State.failed);
    }
    Atomics.add(table.cells, Header.doorbell, 1);
    Atomics.notify(table.cells, Header.doorbell);
    await settled;
    expect(children.reports().workers.map(({ status, diagnosis }) => [status, diagnosis])).toEqual([
      ['acked', undefined],
      ['failed', '2 of its handlers failed; its ack was not delivered'],
    ]);
  });

  it('may take it back: it is known by its slot then', async () => {
    const { children, table } = createScene();
    const slot = claim(table, WORKER, PARENT) ?? 0;
    children.begin();
    const settled = children.order(order(10_000));
    Atomics.store(table.cells, at(slot, Cell.linked), Linked.never);
    Atomics.store(table.cells, at(slot, Cell.state), State.acked);
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    const closed = once(port1, 'close');
    expect(children.accept({ [KEY]: VERSION, slot, port: port2 }, WORKER)).toBe(true);
    await closed;
    Atomics.add(table.cells, Header.doorbell, 1);
    Atomics.notify(table.cells, Header.doorbell);
    await settled;
    expect(children.reports().workers).toMatchObject([{ status: 'acked', handlers: [] }]);
    expect(Atomics.load(table.cells, at(slot, Cell.linked))).toBe(Linked.never);
  });

  it('wakes it where it blocks until the link is taken', () => {
    const notify = vi.spyOn(Atomics, 'notify');
    try {
      const { join, table } = createScene();
      const { slot } = join();
      expect(notify).toHaveBeenCalledWith(table.cells, at(slot, Cell.linked));
    } finally {
      notify.mockRestore();
    }
  });

  it('is lost if its thread is gone', async () => {
    const { children, table } = createScene();
    claim(table, 999_999, PARENT);
    children.begin();
    await children.order(order(10_000));
    expect(children.reports().workers).toMatchObject([{ status: 'lost', diagnosis: 'its thread is gone' }]);
  });

  it('has acked if its slot says so while this thread blocks, and is waited for no longer', () => {
    const { children, table } = createScene();
    const slot = claim(table, WORKER, PARENT) ?? 0;
    const until = now() + 15_000;
    children.block(
      { ...order(15_000), sync: true },
      blocking(() => {
        Atomics.store(table.cells, at(slot, Cell.state), State.acked);
      }),
    );
    expect(now()).toBeLessThan(until);
    expect(children.reports().workers).toMatchObject([{ status: 'acked' }]);
  });

  it('is found while this thread blocks, if it joins meanwhile', () => {
    const { children, table, join } = createScene();
    const { slot } = join();
    children.block(
      { ...order(300), sync: true },
      blocking(() => {
        Atomics.store(table.cells, at(slot, Cell.state), State.acked);
        claim(table, WORKER + 1, PARENT);
      }),
    );
    expect(children.terminateSilent()).toBe(true);
    expect(children.reports().workers.map(({ threadId, status }) => [threadId, status])).toEqual([
      [WORKER, 'acked'],
      [WORKER + 1, 'timed-out'],
    ]);
  });
});

describe('when a shutdown is over', () => {
  it('workers are told, and a late ack is no mistake', async () => {
    const { children, join, lines } = createScene();
    const { port, received } = join();
    children.order(order(1000));
    await turn();
    const epoch = epochOf(received);
    children.over();
    children.tellOver();
    port.postMessage(ack(epoch));
    await turn();
    expect(received).toMatchObject([{ type: 'order' }, { type: 'over', version: VERSION }]);
    expect(lines).toEqual([]);
    expect(children.reports()).toEqual({ workers: [], told: new Set() });
  });

  it('an order that comes before they were told tells them first, once', async () => {
    const { children, join } = createScene();
    const { received } = join();
    children.order(order(1000));
    children.over();
    children.order(order(1000));
    children.tellOver();
    await turn();
    expect(received).toMatchObject([{ type: 'order' }, { type: 'over' }, { type: 'order' }]);
  });

  it('the next one orders them again, by another number', async () => {
    const { children, join, table } = createScene();
    const { port, received, slot } = join();
    for (const _ of ['first', 'second']) {
      const settled = children.order(order(1000));
      await turn();
      expect(Atomics.load(table.cells, at(slot, Cell.order))).not.toBe(0);
      const orders = received.filter((message) => Reflect.get(Object(message), 'type') === 'order');
      port.postMessage(ack(epochOf(orders.slice(-1))));
      await settled;
      expect(children.hasAcked()).toBe(true);
      children.over();
      expect(children.hasAcked()).toBe(false);
      expect(Atomics.load(table.cells, at(slot, Cell.order))).toBe(0);
    }
    const [first, second] = received.map((message) => Reflect.get(Object(message), 'epoch')).filter(Number);
    expect(second).toBeGreaterThan(first);
  });

  it('a worker that learns only in the next one that it is over is no part of that', async () => {
    const { children, table, slot } = await createAcked(State.acked);
    children.over();
    children.begin();
    expect(children.order(order(1000))).toBeUndefined();
    Atomics.store(table.cells, at(slot, Cell.state), State.idle);
    expect(children.reports().workers).toEqual([]);
  });

  it('workers that are gone by then are forgotten', async () => {
    const { children, join } = createScene();
    const { port } = join();
    children.begin();
    const settled = children.order(order(1000));
    port.close();
    await settled;
    expect(children.size).toBe(1);
    children.over();
    expect(children.size).toBe(0);
  });
});

describe('an order that is given again', () => {
  it('does not go out again, unless it is synchronous, and then once', async () => {
    const { children, join } = createScene();
    const { received } = join();
    children.order(order(1000));
    children.order(order(1000));
    await turn();
    expect(received).toHaveLength(1);
    children.block(
      { ...order(20), sync: true },
      blocking(() => {}),
    );
    children.block(
      { ...order(20), sync: true },
      blocking(() => {}),
    );
    await turn();
    expect(received).toMatchObject([{ sync: false }, { sync: true }]);
  });
});

describe('a worker that gives no answer', () => {
  it('is given up', () => {
    const { children, join } = createScene();
    expect(children.terminateSilent()).toBe(false);
    join();
    children.order(order(1000));
    expect(children.terminateSilent()).toBe(true);
    expect(children.terminateSilent()).toBe(false);
    expect(children.reports().workers).toMatchObject([{ status: 'timed-out' }]);
  });

  it('has as long as its own workers have, while there is time', async () => {
    const { children, table, join } = createScene();
    const { slot } = join();
    const child = claim(table, WORKER + 1, WORKER) ?? 0;
    const settled = children.order(order(10_000));
    expect(children.terminateSilent()).toBe(true);
    Atomics.store(table.cells, at(slot, Cell.state), State.read);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(await isPending(settled)).toBe(true);
    Atomics.store(table.cells, at(child, Cell.state), State.acked);
    await settled;
    expect(children.reports().workers.map(({ status, path }) => [status, path])).toEqual([
      ['timed-out', [WORKER]],
      ['acked', [WORKER, WORKER + 1]],
    ]);
  });
});

it('what a worker prints is written to this thread’s own stream, and waited for', async () => {
  const { children, join } = createScene();
  const { port } = join();
  expect(children.flush()).toBeUndefined();
  const written: unknown[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((chunk: unknown) => written.push(chunk) > 0);
  port.postMessage({ type: 'print', version: VERSION, stream: 'stderr', chunk: 'printed\n' });
  await turn();
  write.mockRestore();
  expect(written).toEqual(['printed\n']);
  expect(children.flush()).toBeUndefined();
});

it('workers are reported by their thread ids, those below each after it', async () => {
  const { children, join, table } = createScene();
  const outcome = { threadId: 7, path: [7], name: 'worker 7', status: 'acked', handlers: [] };
  for (const thread of [WORKER + 2, WORKER, WORKER + 1]) {
    const { slot, port } = join(thread);
    Atomics.store(table.cells, at(slot, Cell.state), State.joined);
    port.on('message', ({ epoch }) => port.postMessage(ack(epoch, { workers: [outcome] })));
  }
  await children.order(order(5000));
  const paths = children.reports().workers.map(({ path }) => path);
  expect(paths).toEqual([0, 1, 2].flatMap((n) => [[WORKER + n], [WORKER + n, 7]]));
});

describe('who is there when a shutdown begins', () => {
  it.each([
    ['its last shutdown was over only now, and it has nothing to do', State.idle, true, []],
    ['it has not heard of that yet', State.acked, true, []],
    ['it has acked by itself, and its link is on its way', State.acked, false, ['acked']],
    ['it could not be ordered any more', State.joined, true, ['timed-out']],
  ] as const)('is told of, unless that is for the next one: %s', (_, state, isLinked, told) => {
    const { children, table, join } = createScene();
    const slot = isLinked ? join().slot : (claim(table, WORKER, PARENT) ?? expect.unreachable());
    children.begin();
    Atomics.store(table.cells, at(slot, Cell.state), state);
    expect(children.reports().workers.map(({ status }) => status)).toEqual(told);
  });

  it('is told of, also when it is gone before it could be ordered', async () => {
    const { children, join } = createScene();
    const [one, other] = [join(), join(WORKER + 1)];
    children.begin();
    one.port.close();
    await expect.poll(() => children.reports().workers[0]?.status).toBe('lost');
    // Once more, as where the shutdown of the whole tree has begun before this thread's.
    children.begin();
    expect(children.reports().workers.map(({ status }) => status)).toEqual(['lost', 'timed-out']);
    other.port.close();
  });

  it('is told of as it was when it acked by itself', async () => {
    const { children, join } = createScene();
    const { port } = join();
    children.begin();
    port.postMessage(ack(0, { handlers: [{ name: 'close', durationMs: 1 }] }));
    await turn();
    expect(children.reports().workers).toMatchObject([{ status: 'acked', handlers: [{ name: 'close' }] }]);
    children.over();
    children.begin();
    const settled = children.order(order(1000));
    port.on('message', ({ epoch }) => port.postMessage(ack(epoch)));
    await settled;
    expect(children.reports().told.size).toBe(0);
  });

  it('does not include who had nothing registered', () => {
    const { children, table, join } = createScene();
    const { slot } = join();
    Atomics.store(table.cells, at(slot, Cell.state), State.idle);
    children.begin();
    Atomics.store(table.cells, at(slot, Cell.state), State.joined);
    expect(children.reports().workers).toEqual([]);
  });
});

it('orders a worker that links up in the middle of a shutdown, and waits for it', async () => {
  const { children, join } = createScene();
  const first = join();
  const settled = children.order(order(10_000));
  const late = join(WORKER + 1);
  await expect.poll(() => late.received).toMatchObject([{ type: 'order' }]);
  first.port.postMessage(ack(epochOf(first.received)));
  await turn();
  expect(await isPending(settled)).toBe(true);
  late.port.postMessage(ack(epochOf(late.received)));
  await settled;
  expect(children.reports().workers.map(({ status }) => status)).toEqual(['acked', 'acked']);
});

describe('whether somebody has acked, and can stand guard', () => {
  it('is so where one has, and is there', async () => {
    const { children, join } = createScene();
    const [one, other] = [join(), join(WORKER + 1)];
    const settled = children.order(order(10_000));
    await turn();
    expect(children.hasAcked()).toBe(false);
    one.port.postMessage(ack(epochOf(one.received)));
    await turn();
    expect(children.hasAcked()).toBe(true);
    children.begin();
    one.port.close();
    await expect.poll(() => children.hasAcked()).toBe(false);
    other.port.postMessage(ack(epochOf(other.received)));
    await settled;
  });

  it('is not so where one has merely ended by itself', async () => {
    const { children, join, lines } = createScene();
    join().port.postMessage(ack(0));
    await turn();
    expect(lines).toEqual(['ended: acked']);
    expect(children.hasAcked()).toBe(false);
  });
});

describe('those below a worker that is blocked', () => {
  it('are told by their slots after a while', async () => {
    const { children, table, join } = createScene();
    join();
    const child = claim(table, WORKER + 1, WORKER) ?? 0;
    children.order(order(10_000));
    expect(Atomics.load(table.cells, at(child, Cell.order))).toBe(0);
    await expect.poll(() => Atomics.load(table.cells, at(child, Cell.order)) & Ordered.alone).not.toBe(0);
  });

  it.each([
    [400, true],
    [50, false],
  ])('are told also where this thread blocks, and not at once: in %i ms %s', (ms, isTold) => {
    const { children, table, join } = createScene();
    join();
    const child = claim(table, WORKER + 1, WORKER) ?? 0;
    children.block(
      { ...order(ms), sync: true },
      blocking(() => {}),
    );
    expect(Atomics.load(table.cells, at(child, Cell.order)) !== 0).toBe(isTold);
  });

  it('are told once', () => {
    const { children, table, join } = createScene();
    join();
    const child = claim(table, WORKER + 1, WORKER) ?? 0;
    const sentAt: number[] = [];
    // It is looked at as often as it is asked whether somebody is to be woken.
    const wakeStarting = (): boolean => sentAt.push(Atomics.load(table.cells, at(child, Cell.timeout))) > 0;
    children.block({ ...order(400), sync: true }, { ...blocking(() => {}), wakeStarting });
    expect(new Set(sentAt.filter((timeout) => timeout > 0)).size).toBe(1);
  });
});

describe('a registered worker that gives no answer to its invitation', () => {
  /** It was made before anybody could tell, and does not come to read what it is sent. */
  async function startBlocked(): Promise<Worker> {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       process.on('workerMessage', () => {});
       parentPort.postMessage('ready');
       Atomics.wait(workerData, 0, 0, 30_000);`,
      { eval: true, workerData: gate },
    );
    workers.push(worker);
    await once(worker, 'message');
    return worker;
  }

  it('is waited for a moment, and then given up', async () => {
    const { children } = createScene();
    const worker = await startBlocked();
    children.setTerms(worker, {});
    const settled = children.order(order(60_000));
    expect(settled).toBeInstanceOf(Promise);
    await settled;
    expect(children.reports().workers).toMatchObject([{ threadId: worker.threadId, status: 'unlinked' }]);
  });

  it('is waited for a moment where this thread blocks, too', async () => {
    const { children } = createScene();
    children.setTerms(await startBlocked(), {});
    const before = now();
    children.block(
      { ...order(20_000), sync: true },
      blocking(() => {}),
    );
    const took = now() - before;
    expect(took).toBeGreaterThanOrEqual(95);
    expect(took).toBeLessThan(15_000);
  });
});

describe('the Workers that this thread has made', () => {
  it('are forgotten when they are gone, at the latest when they are many', () => {
    const { children, table, lines } = createScene();
    // Their links were never delivered.
    const slots = [2000, 2008].map((thread) => claim(table, thread, PARENT) ?? expect.unreachable());
    const seen = Array.from({ length: 16 }, (_, index) => createWorker(2000 + index));
    const askFor = (...threads: number[]): string[] => {
      lines.length = 0;
      for (const thread of threads) children.watchExit(thread);
      return lines;
    };
    for (const worker of seen) children.workerCreated(worker);
    for (const worker of seen.slice(0, 8)) worker.threadId = -1;
    expect(askFor(2000, 2007)).toEqual(['gone 2000', 'gone 2007']);
    children.workerCreated(createWorker(3000));
    // Nobody knows them any more.
    expect(askFor(2000, 2007)).toEqual([]);
    expect(slots.map((slot) => Atomics.load(table.cells, at(slot, Cell.state)))).toEqual([State.free, State.joined]);
    for (const worker of seen.slice(8)) worker.threadId = -1;
    children.workerCreated(createWorker(3001));
    expect(askFor(2008)).toEqual(['gone 2008']);
  });

  it('are no part of a shutdown when they are gone, though they had registered something', () => {
    const { children, table, join } = createScene();
    const [gone, linked] = [createWorker(WORKER), createWorker(WORKER + 1)];
    children.workerCreated(gone);
    children.workerCreated(linked);
    const slot = claim(table, WORKER, PARENT) ?? expect.unreachable();
    join(WORKER + 1);
    for (const worker of [gone, linked]) worker.threadId = -1;
    children.begin();
    expect(children.size).toBe(1);
    expect(Atomics.load(table.cells, at(slot, Cell.state))).toBe(State.free);
  });

  it('are listened to once for their end, however often that is asked for', () => {
    const { children, lines } = createScene();
    const worker = createWorker(WORKER);
    children.workerCreated(worker);
    children.watchExit(WORKER);
    children.watchExit(WORKER);
    expect(worker.listenerCount('exit')).toBe(1);
    worker.emit('exit', 0);
    children.watchExit(WORKER);
    expect(worker.listenerCount('exit')).toBe(1);
    expect(lines).toEqual(['gone 1001']);
  });

  it('have an end that their links tell, where they have one', () => {
    const { children, join } = createScene();
    const worker = createWorker(WORKER);
    children.workerCreated(worker);
    join();
    const { length } = worker.listeners('exit');
    children.watchExit(WORKER);
    expect(worker.listenerCount('exit')).toBe(length);
  });
});

describe('a registered worker', () => {
  it('that is linked already is attached to its link', async () => {
    const { children, join } = createScene();
    const worker = createWorker(WORKER);
    join();
    children.setTerms(worker, { name: 'renderer' });
    children.begin();
    const settled = children.order(order(10_000));
    worker.emit('exit', 3);
    await settled;
    expect(children.reports().workers).toMatchObject([
      { name: 'renderer 1001', status: 'lost', diagnosis: 'it ended with exit code 3' },
    ]);
  });

  it('whose link comes after its end is gone, although it keeps its thread’s id in Deno', () => {
    const { children, table } = createScene();
    const worker = createWorker(WORKER);
    children.workerCreated(worker);
    children.setTerms(worker, {});
    worker.emit('exit', 0);
    const slot = claim(table, WORKER, PARENT) ?? 0;
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    expect(children.accept({ [KEY]: VERSION, slot, port: port2 }, WORKER)).toBe(true);
    expect(children.size).toBe(0);
    expect(Atomics.load(table.cells, at(slot, Cell.state))).toBe(State.free);
  });

  it('that has ended already is told of at once, although it keeps its thread’s id in Deno', async () => {
    const { children } = createScene();
    const worker = createWorker(WORKER);
    children.setTerms(worker, {});
    worker.emit('exit', 0);
    expect(await children.shutdown(worker)).toMatchObject({ status: 'unlinked' });
  });

  it.each([
    ['in a shutdown by the report', true, []],
    ['to its owner otherwise', false, ['failed: lost']],
  ])('that fails is told of %s', async (_, isShuttingDown, told) => {
    const { children, lines, join } = createScene();
    const worker = createWorker(WORKER);
    children.workerCreated(worker);
    children.setTerms(worker, { onFailure() {} });
    join();
    if (isShuttingDown) children.begin();
    worker.emit('exit', 1);
    await turn();
    expect(lines).toEqual(told);
    expect(children.failures()).toHaveLength(isShuttingDown ? 1 : 0);
  });

  it('that is gone, although nobody has heard so yet, is no stranger', () => {
    const { children } = createScene();
    const worker = createWorker(WORKER);
    children.setTerms(worker, {});
    expect(children.reports().workers).toMatchObject([{ status: 'unlinked' }]);
    worker.threadId = -1;
    expect(children.reports().workers).toEqual([]);
  });
});

it('waits until what its workers have printed is written', async () => {
  const { children, join } = createScene();
  const { port } = join();
  let written = (): void => {};
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((...[, done]: unknown[]) => {
    if (typeof done === 'function') written = () => done();
    return true;
  });
  const length = vi.spyOn(process.stderr, 'writableLength', 'get').mockReturnValue(5);
  port.postMessage({ type: 'print', version: VERSION, stream: 'stderr', chunk: 'printed' });
  await turn();
  let isFlushed = false;
  const flushed = children.flush()?.then(() => {
    isFlushed = true;
  });
  await turn();
  expect(isFlushed).toBe(false);
  written();
  await flushed;
  expect(isFlushed).toBe(true);
  length.mockReturnValue(0);
  expect(children.flush()).toBeUndefined();
  write.mockRestore();
  length.mockRestore();
});

describe('a worker that is gone', () => {
  const told: WorkerReport[] = [];
  const hear = (message: unknown): void => void told.push(message as WorkerReport);
  beforeEach(async () => {
    // The workers of other tests go with their ports.
    await turn();
    told.length = 0;
    subscribe('worker-atexit:worker', hear);
  });
  afterEach(() => {
    unsubscribe('worker-atexit:worker', hear);
  });

  /** A linked worker, known by its Worker as well. */
  function createLinked() {
    const scene = createScene();
    const worker = createWorker(WORKER);
    scene.children.workerCreated(worker);
    return { ...scene, ...scene.join(), worker };
  }

  it('is told of once while this thread lives on', async () => {
    const { children, worker, port } = createLinked();
    worker.emit('exit', 3);
    port.close();
    await turn();
    expect(told).toMatchObject([{ threadId: WORKER, status: 'lost', diagnosis: 'it ended with exit code 3' }]);
    expect(children.size).toBe(0);
  });

  it('is not told of where it had nothing registered', () => {
    const { table, slot, worker } = createLinked();
    Atomics.store(table.cells, at(slot, Cell.state), State.idle);
    worker.emit('exit', 0);
    expect(told).toEqual([]);
  });

  it('is not told of where it has ended by itself, and said so', async () => {
    const { lines, port, worker } = createLinked();
    port.postMessage(ack(0));
    await turn();
    worker.emit('exit', 0);
    expect(lines).toEqual(['ended: acked']);
    expect(told).toEqual([]);
  });

  it('is not told of in a shutdown, whose report tells of it', () => {
    const { children, worker } = createLinked();
    children.begin();
    worker.emit('exit', 0);
    expect(told).toEqual([]);
    expect(children.reports().workers).toMatchObject([{ status: 'lost' }]);
  });

  it('is told of by whoever ends it alone', async () => {
    const { children, lines, worker } = createLinked();
    children.setTerms(worker, { timeout: 10_000 });
    const ending = worker.terminate();
    worker.emit('exit', 1);
    await ending;
    expect(told).toEqual([]);
    expect(lines).toEqual(['ended: lost']);
  });

  it('has said its last words, however fast it went', () => {
    const { children, port, worker } = createLinked();
    children.begin();
    port.postMessage(ack(0, { handlers: [{ name: 'close', durationMs: 1 }] }));
    worker.emit('exit', 0);
    expect(children.reports().workers).toMatchObject([{ status: 'acked', handlers: [{ name: 'close' }] }]);
  });

  it('has said so when it is to be ordered, and has acked by itself', () => {
    const { children, table, slot, port } = createLinked();
    children.begin();
    port.postMessage(ack(0, { handlers: [{ name: 'close', durationMs: 1 }] }));
    Atomics.store(table.cells, at(slot, Cell.state), State.acked);
    expect(children.order(order(1000))).toBeUndefined();
    expect(children.reports().workers).toMatchObject([{ status: 'acked', handlers: [{ name: 'close' }] }]);
  });

  it.each([
    [true, 'timed-out', State.timedOut, 'its event loop was blocked and the order never read'],
    [false, 'lost', State.lost, 'its parent did not ack for it'],
  ])(
    'takes those below it with it, and what is known of them stays (given up: %s)',
    (isGivenUp, status, state, diagnosis) => {
      const { children, table, slot, worker } = createLinked();
      claim(table, WORKER + 1, WORKER);
      children.begin();
      children.order(order(10_000));
      if (isGivenUp) {
        // Its own worker is through as far as that is waited for.
        children.order(order(-1));
        children.terminateSilent();
      }
      worker.emit('exit', 1);
      expect(Atomics.load(table.cells, at(slot, Cell.state))).toBe(state);
      expect(children.reports().workers).toMatchObject([{ status }, { path: [WORKER, WORKER + 1], status, diagnosis }]);
    },
  );
});

describe('a worker whose time is up', () => {
  it('is ended, unless its slot says that it has acked', () => {
    for (const state of [State.joined, State.acked]) {
      const { children, table, join } = createScene();
      const worker = createWorker(WORKER);
      const terminate = vi.spyOn(worker, 'terminate');
      children.workerCreated(worker);
      const { slot } = join();
      children.order(order(1000));
      Atomics.store(table.cells, at(slot, Cell.state), state);
      children.terminateSilent();
      expect(terminate).toHaveBeenCalledTimes(state === State.joined ? 1 : 0);
    }
  });

  it.each([
    ['its own limit', 100, 60_000],
    ['the others’', 60_000, 100],
  ])('has %s, where that is less', async (_, timeout, until) => {
    const { children, join } = createScene();
    const worker = createWorker(WORKER);
    children.workerCreated(worker);
    children.setTerms(worker, { timeout });
    join();
    await children.order(order(until));
    expect(children.reports().workers).toMatchObject([{ status: 'timed-out' }]);
  });

  it('is given up although its own workers are busy, when the time of all is up', () => {
    const { children, table, join } = createScene();
    const worker = createWorker(WORKER);
    const terminate = vi.spyOn(worker, 'terminate');
    children.workerCreated(worker);
    join();
    claim(table, WORKER + 1, WORKER);
    children.order(order(-1));
    children.terminateSilent();
    expect(terminate).toHaveBeenCalledTimes(1);
  });
});

describe('a worker that is ended alone', () => {
  it('is told why, and to send what it prints over its link', async () => {
    const { children, join } = createScene();
    const worker = startWorker();
    await once(worker, 'online');
    children.workerCreated(worker);
    const { port, received } = join(worker.threadId);
    children.setTerms(worker, {});
    const ending = worker.terminate();
    await expect
      .poll(() => received)
      .toMatchObject([{ reason: { route: 'terminate' }, sync: false, relay: { stdout: true, stderr: true } }]);
    port.postMessage(ack(epochOf(received)));
    expect(await ending).toBe(1);
  });

  it('ends at once where it has no link', async () => {
    const { children } = createScene();
    const worker = createWorker(WORKER);
    const { terminate } = worker;
    children.workerCreated(worker);
    children.setTerms(worker, {});
    expect(worker.terminate).not.toBe(terminate);
    expect(await worker.terminate()).toBe(1);
  });

  it('is ordered by its slot where it has closed its port', async () => {
    const { children, table, join, lines } = createScene();
    const worker = startWorker();
    await once(worker, 'online');
    children.workerCreated(worker);
    const { port, slot } = join(worker.threadId);
    port.close();
    await turn();
    children.setTerms(worker, { timeout: 60_000 });
    const ending = worker.terminate();
    expect(Atomics.load(table.cells, at(slot, Cell.order)) & Ordered.alone).not.toBe(0);
    Atomics.store(table.cells, at(slot, Cell.state), State.acked);
    Atomics.add(table.cells, Header.doorbell, 1);
    Atomics.notify(table.cells, Header.doorbell);
    await ending;
    expect(lines).toEqual(['ended: acked']);
  });

  it.each([
    ['blocked', State.joined, Phase.running, true],
    ['busy with its order', State.read, Phase.running, false],
    ['blocked in the shutdown of the whole tree', State.joined, Phase.ordered, false],
  ] as const)('and is %s: whether those below it are told by their slots', async (_, state, phase, isTold) => {
    const { children, table, join } = createScene();
    const worker = startWorker();
    await once(worker, 'online');
    children.workerCreated(worker);
    const { slot } = join(worker.threadId);
    const child = claim(table, WORKER + 1, worker.threadId) ?? expect.unreachable();
    children.setTerms(worker, { timeout: 1000 });
    Atomics.store(table.cells, at(slot, Cell.state), state);
    Atomics.store(table.cells, Header.phase, phase);
    await worker.terminate();
    const timeout = Atomics.load(table.cells, at(child, Cell.timeout));
    expect(Atomics.load(table.cells, at(child, Cell.order)) !== 0).toBe(isTold);
    expect(timeout > 0 && timeout <= 1000).toBe(isTold);
  });

  it('in the middle of a shutdown has as long as the others have', async () => {
    const { children, lines, join } = createScene();
    const worker = createWorker(WORKER);
    const terminate = vi.spyOn(worker, 'terminate');
    children.workerCreated(worker);
    children.setTerms(worker, {});
    join();
    children.begin();
    void children.order(order(60_000));
    void worker.terminate();
    // Longer than it would have otherwise.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(terminate).not.toHaveBeenCalled();
    worker.emit('exit', 1);
    await turn();
    // The report tells of it.
    expect(lines).toEqual([]);
    expect(children.reports().told.size).toBe(0);
  });

  it('is looked for, and nobody else', () => {
    const { children, table } = createScene();
    const [worker, other] = [createWorker(WORKER), createWorker(WORKER + 1)];
    for (const made of [worker, other]) {
      children.workerCreated(made);
      children.setTerms(made, {});
      claim(table, made.threadId, PARENT);
    }
    void children.cleanUp(other);
    expect(children.size).toBe(1);
  });

  it('is nobody’s concern where it has nothing registered', () => {
    const { children, table } = createScene();
    const worker = createWorker(WORKER);
    children.workerCreated(worker);
    children.setTerms(worker, {});
    const slot = claim(table, WORKER, PARENT) ?? expect.unreachable();
    Atomics.store(table.cells, at(slot, Cell.state), State.idle);
    expect(children.cleanUp(worker)).toBeUndefined();
    expect(children.size).toBe(0);
  });
});

describe('an invitation', () => {
  /** What would be sent, and what becomes of it. */
  const intercept = () => {
    const answers: { resolve(): void; reject(error: Error): void }[] = [];
    const sent = vi
      .spyOn(threads, 'postMessageToThread')
      .mockImplementation(() => new Promise<void>((resolve, reject) => answers.push({ resolve, reject })));
    return { answers, sent };
  };
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const tick = () => new Promise((resolve) => process.nextTick(resolve));

  it('goes to a registered worker that nobody has told of, once', async () => {
    const { children, table, join } = createScene();
    const { sent } = intercept();
    const [seen, linked, worker, gone] = [1, 2, 3, 4].map((id) => createWorker(2000 + id)) as [
      Worker,
      Worker,
      Worker,
      Worker & { threadId: number },
    ];
    children.workerCreated(seen);
    join(linked.threadId);
    for (const each of [seen, linked, worker, gone]) children.setTerms(each, {});
    gone.threadId = -1;
    await tick();
    children.order(order(100));
    expect(sent.mock.calls).toEqual([[2003, { [KEY]: VERSION, invite: table.buffer }]]);
  });

  it('is waited for, and then the worker that has joined by it', async () => {
    const { children, table } = createScene();
    const { answers } = intercept();
    const worker = createWorker(WORKER);
    children.setTerms(worker, {});
    await tick();
    const settled = children.order(order(60_000));
    const slot = claim(table, WORKER, PARENT) ?? expect.unreachable();
    answers[0]?.resolve();
    await tick();
    expect(Atomics.load(table.cells, at(slot, Cell.order))).not.toBe(0);
    // Longer than an invitation is waited for.
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await isPending(settled)).toBe(true);
    Atomics.store(table.cells, at(slot, Cell.state), State.acked);
    Atomics.add(table.cells, Header.doorbell, 1);
    Atomics.notify(table.cells, Header.doorbell);
    await settled;
    expect(children.reports().workers).toMatchObject([{ threadId: WORKER, status: 'acked' }]);
  });

  it('that is refused is not waited for', async () => {
    const { children } = createScene();
    const { answers } = intercept();
    children.setTerms(createWorker(WORKER), {});
    await tick();
    const settled = children.order(order(60_000));
    answers[0]?.reject(new Error('nobody listens'));
    await settled;
    expect(children.reports().workers).toMatchObject([{ status: 'unlinked' }]);
  });

  it('does not end the wait for others', async () => {
    const { children, join } = createScene();
    const { answers } = intercept();
    const { port, received } = join(WORKER + 1);
    children.setTerms(createWorker(WORKER), {});
    await tick();
    const settled = children.order(order(60_000));
    answers[0]?.reject(new Error('nobody listens'));
    await turn();
    expect(await isPending(settled)).toBe(true);
    port.postMessage(ack(epochOf(received)));
    await settled;
  });

  it('is waited for after others have acked', async () => {
    const { children, join } = createScene();
    const { answers } = intercept();
    const { port, received } = join(WORKER + 1);
    children.setTerms(createWorker(WORKER), {});
    await tick();
    // It is not waited for as long as a busy machine may take for this.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const settled = children.order(order(60_000));
    vi.useRealTimers();
    await turn();
    port.postMessage(ack(epochOf(received)));
    await turn();
    expect(await isPending(settled)).toBe(true);
    answers[0]?.reject(new Error('nobody listens'));
    await settled;
  });

  it('while nothing ends orders nobody', async () => {
    const { children, table } = createScene();
    const { answers } = intercept();
    children.setTerms(createWorker(WORKER), {});
    await tick();
    const slot = claim(table, WORKER, PARENT) ?? expect.unreachable();
    answers[0]?.resolve();
    await turn();
    expect(children.size).toBe(1);
    expect(Atomics.load(table.cells, at(slot, Cell.order))).toBe(0);
  });

  it('is waited for by whoever ends that worker alone, and not for long', async () => {
    const { children } = createScene();
    intercept();
    const worker = createWorker(WORKER);
    const terminate = vi.spyOn(worker, 'terminate').mockImplementation(async () => Number(worker.emit('exit', 1)));
    const wake = vi.fn(() => true);
    children.setTerms(worker, { pool: { wake } });
    expect(await worker.terminate()).toBe(1);
    expect(terminate).toHaveBeenCalledTimes(1);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  it('asks whether a thread is there that nobody here has made', async () => {
    const { children, table, join } = createScene();
    const { answers, sent } = intercept();
    const made = createWorker(WORKER);
    children.workerCreated(made);
    for (const thread of [WORKER, WORKER + 1, WORKER + 3]) claim(table, thread, PARENT);
    join(WORKER + 2);
    children.begin();
    void children.order(order(60_000));
    const ping = { [KEY]: VERSION, ping: true };
    expect(sent.mock.calls).toEqual([
      [WORKER + 1, ping],
      [WORKER + 3, ping],
    ]);
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    // Its link has come after all.
    children.accept({ [KEY]: VERSION, slot: 2, port: port2 }, WORKER + 3);
    for (const { reject } of answers) reject(new Error('no such thread'));
    await turn();
    expect(children.reports().workers.map(({ status, diagnosis }) => `${status}: ${diagnosis}`)).toEqual([
      'timed-out: its event loop was blocked and the order never read',
      'lost: its thread is gone',
      'timed-out: its event loop was blocked and the order never read',
      'timed-out: its event loop was blocked and the order never read',
    ]);
  });
});

describe('what a worker prints while this thread blocks', () => {
  it.each([
    ['goes to the descriptor', true, {}, ['printed'], 0],
    ['goes to what the program has put in its place', true, { write: vi.fn(() => true) }, [], 0],
    ['goes to its own output where it is a worker, too', false, {}, [], 1],
  ])('%s', (_, isMain, own, direct, indirect) => {
    const written = vi.spyOn(process.getBuiltinModule('node:fs'), 'writeSync').mockReturnValue(7);
    const write = vi.fn(() => true);
    const stderr = Object.assign(Object.create({ write }), own);
    vi.stubGlobal('process', Object.create(process, { stderr: { value: stderr } }));
    const { children, join } = createScene(undefined, isMain);
    const { port } = join();
    port.postMessage({ type: 'print', version: VERSION, stream: 'stderr', chunk: 'printed' });
    children.block(
      { ...order(50), sync: true },
      blocking(() => {}),
    );
    vi.unstubAllGlobals();
    expect(written.mock.calls.map(([, bytes]) => String(bytes))).toEqual(direct);
    for (const [descriptor] of written.mock.calls) expect(descriptor).toBe(2);
    written.mockRestore();
    expect(write).toHaveBeenCalledTimes(indirect);
    if ('write' in own) expect(own.write).toHaveBeenCalledTimes(1);
  });
});

it.each([
  ['again where a stream still holds it', false, ['printed']],
  ['not again where it has passed it on', true, []],
])('what a worker has printed before this thread blocks is written %s', async (_, isPassedOn, again) => {
  const write = vi.fn((_chunk: string, done: () => void) => {
    if (isPassedOn) done();
    return true;
  });
  vi.stubGlobal('process', Object.create(process, { stderr: { value: Object.create({ write }) } }));
  const written = vi.spyOn(process.getBuiltinModule('node:fs'), 'writeSync').mockReturnValue(7);
  const { children, join } = createScene();
  const { port } = join();
  port.postMessage({ type: 'print', version: VERSION, stream: 'stderr', chunk: 'printed' });
  await turn();
  expect(write).toHaveBeenCalledTimes(1);
  for (const _ of ['once', 'and once more']) {
    children.block(
      { ...order(20), sync: true },
      blocking(() => {}),
    );
  }
  vi.unstubAllGlobals();
  expect(written.mock.calls.map(([, bytes]) => String(bytes))).toEqual(again);
  written.mockRestore();
});

it('are through once all have acked, until another one joins', async () => {
  const { children, table, join } = createScene(ROOT);
  const { port, received } = join();
  Atomics.add(table.cells, at(ROOT, Cell.joins), 1);
  expect(children.areThrough()).toBe(false);
  const settled = children.order(order(1000));
  await turn();
  expect(children.areThrough()).toBe(false);
  port.postMessage(ack(epochOf(received)));
  await settled;
  expect(children.areThrough()).toBe(true);
  join(WORKER + 1);
  Atomics.add(table.cells, at(ROOT, Cell.joins), 1);
  expect(children.areThrough()).toBe(false);
});

it('are not through while the ack of one is missing that was given up', () => {
  const { children, join } = createScene(ROOT);
  join();
  void children.order(order(1000));
  children.terminateSilent();
  expect(children.areThrough()).toBe(false);
});

it('are not through while a registered one is not ordered', async () => {
  const { children, join } = createScene(ROOT);
  const { port, received } = join();
  const settled = children.order(order(1000));
  await turn();
  port.postMessage(ack(epochOf(received)));
  await settled;
  expect([children.hasOwn(), children.areThrough()]).toEqual([false, true]);
  children.setTerms(startWorker(), {});
  expect([children.hasOwn(), children.areThrough()]).toEqual([true, false]);
});
