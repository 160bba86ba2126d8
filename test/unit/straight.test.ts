/** A worker's core: the straight way from its order to its ack, and what leaves that. The rest is played by what notes its calls. */
import diagnostics from 'node:diagnostics_channel';
import threads, { type MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { now } from '../../src/clock.ts';
import { at, Cell, createTable, Linked, State, type Table } from '../../src/table/cells.ts';
import { createCore } from '../../src/thread/core.ts';
import type { Core, Rest } from '../../src/thread/halves.ts';
import type { Begun, Position, Shutdown, ShutdownRequest } from '../../src/thread/parts.ts';
import type { OrderMessage } from '../../src/wire/messages.ts';
import { VERSION } from '../../src/wire/reason.ts';
import * as rare from '../../workers/rare.ts';
import { createProcess } from './stand-ins.ts';

let core: Core;
let table: Table;
let port: MessagePort;
let received: Record<string, unknown>[];
let calls: string[];
let begun: Begun[];
const ports: MessagePort[] = [];

/** What carries on notes that it was asked to. */
function createRest(): Rest {
  const begin = (request: ShutdownRequest, _: () => void, from?: Begun): Shutdown => {
    calls.push(`begin ${request.reason.route}${from ? ` after ${from.reports.map(({ name }) => name)}` : ''}`);
    if (from) begun.push(from);
    return {
      ...{ stage: 'begun', ended: new Promise(() => {}), report: () => new Promise(() => {}) },
      ...{ deadline: () => 0, note: (line: string) => void calls.push(`note ${line}`), shorten() {} },
      ...{ isRevivable: false, drive: () => void calls.push('drive') },
      takeOver: (route) => void calls.push(`take over by ${route}`),
    };
  };
  const rest = {
    begin,
    conclude: ({ reports }: Begun) => ({ handlers: reports }),
    tell: (failed: Begun['failed']) => void calls.push(`tell ${failed.map(({ name }) => name)}`),
    workerCreated: () => void calls.push('worker'),
    renew() {},
    ...{ hasMore: () => false, hasWorkers: () => false, hasJoinedWorkers: () => false },
    log: (line: string) => void calls.push(line),
  };
  return rest as unknown as Rest;
}

function create(own: Partial<Position> = {}): Core {
  table = createTable();
  return createCore(
    {
      ...{ isMain: false, threadId: threads.threadId, table, ancestorId: 7 },
      async deliver(_, { slot, port: sent }) {
        port = sent;
        ports.push(port);
        port.on('message', (message) => received.push(message));
        Atomics.store(table.cells, at(slot, Cell.linked), Linked.yes);
      },
      rehearse() {},
      ...own,
    },
    () => {
      calls.push('load');
      return createRest();
    },
    { standGuard: (of) => rare.standGuard(of, false), rare: () => rare, prepare() {} },
  );
}

beforeEach(() => {
  vi.stubGlobal('process', createProcess({ stdout: {}, stderr: {} }));
  [received, calls, begun] = [[], [], []];
  core = create();
});
afterEach(() => {
  for (const each of ports.splice(0)) each.close();
  vi.unstubAllGlobals();
});

const order = (change: Partial<OrderMessage> = {}): OrderMessage => ({
  ...{ type: 'order', version: VERSION, epoch: 3, reason: { route: 'shutdown' }, timeout: 1000, sentAt: now() },
  ...{ sync: false, relay: { stdout: false, stderr: false } },
  ...change,
});

function add(...names: string[]): void {
  for (const name of names) {
    core.handlers.add(
      Object.defineProperty(() => void calls.push(name), 'name', { value: name }),
      [],
    );
  }
}

/** A handler that is pending until the test says so. */
function addPending(name: string): () => void {
  let settle = (): void => {};
  const pending = new Promise<void>((resolve) => {
    settle = resolve;
  });
  core.handlers.add(
    Object.defineProperty(() => pending, 'name', { value: name }),
    [],
  );
  return settle;
}

const obey = (change?: Partial<OrderMessage>): void => {
  core.use();
  core.life.obey(order(change));
};

const acked = () => vi.waitFor(() => expect(received.length).toBeGreaterThan(0));

describe('a worker that is told to end', () => {
  it('calls its handlers, the newest first, and acks; nothing is loaded for it', async () => {
    add('first', 'second');
    const settle = addPending('third');
    obey();
    expect(calls).toEqual([]);
    expect(core.signal.current.aborted).toBe(true);
    settle();
    await acked();
    expect(calls).toEqual(['second', 'first']);
    expect(received).toMatchObject([{ type: 'ack', handlers: ['third', 'second', 'first'].map((name) => ({ name })) }]);
    expect(core.life.state).toBe('ended');
    expect(Atomics.load(table.cells, at(0, Cell.state))).toBe(State.acked);
  });

  it('tells in its ack what has failed, and goes on', async () => {
    add('first');
    core.handlers.add(async function rejects() {
      throw new Error('no');
    }, []);
    core.handlers.add(function throws() {
      throw new Error('never');
    }, []);
    obey();
    await acked();
    expect(received).toMatchObject([
      {
        handlers: [
          { name: 'throws', error: { message: 'never' } },
          { name: 'rejects', error: { message: 'no' } },
          { name: 'first' },
        ],
      },
    ]);
    expect(calls).toEqual(['first']);
    expect(Atomics.load(table.cells, at(0, Cell.failures))).toBe(2);
    expect(Atomics.load(table.cells, at(0, Cell.state))).toBe(State.failed);
  });

  it('gives up a handler whose time is up, and leaves some to those behind it', async () => {
    add('behind');
    addPending('stuck');
    obey({ timeout: 120 });
    await acked();
    expect(received).toMatchObject([{ handlers: [{ name: 'stuck', unfinished: true }, { name: 'behind' }] }]);
    expect(calls).toEqual(['behind']);
  });

  it('has less time where it is told so', async () => {
    addPending('stuck');
    obey({ timeout: 60_000 });
    core.life.shorten(50);
    await acked();
    expect(received).toMatchObject([{ handlers: [{ unfinished: true }] }]);
  });

  it('lives on as new when that is over', async () => {
    add('first');
    obey();
    await acked();
    core.life.hearOver();
    await vi.waitFor(() => expect(core.life.state).toBe('fresh'));
    expect(core.signal.current.aborted).toBe(false);
    add('second');
    obey({ epoch: 4 });
    await vi.waitFor(() => expect(received).toHaveLength(2));
    expect(calls).toEqual(['first', 'second']);
  });

  it('has a report for whoever asks, which is loaded for that', async () => {
    add('first');
    obey();
    await acked();
    const report = await core.life.shutDown({ reason: { route: 'shutdown' } });
    expect(report).toMatchObject({ handlers: [{ name: 'first' }] });
    expect(calls).toEqual(['first', 'load']);
  });
});

describe('a shutdown is not straight', () => {
  it('where something is to be drained', () => {
    core.drains.add(() => {}, []);
    obey();
    expect(calls).toEqual(['load', 'begin shutdown', 'drive']);
  });

  it('where somebody looks on', () => {
    const look = (): void => {};
    diagnostics.subscribe('worker-atexit:handler', look);
    obey();
    diagnostics.unsubscribe('worker-atexit:handler', look);
    expect(calls).toEqual(['load', 'begin shutdown', 'drive']);
  });

  it('where the worker ends by itself', () => {
    add('first');
    core.use();
    core.ending = {};
    void core.life.shutDown({ reason: { route: 'beforeExit' } });
    expect(calls).toEqual(['load', 'begin beforeExit', 'drive']);
  });
});

describe('a straight shutdown carries on as any other', () => {
  it('where no event loop turns any more, with what is left', () => {
    add('first');
    core.handlers.add(function exits() {
      core.life.shutDownNow({ reason: { route: 'process.exit' } });
    }, []);
    obey();
    expect(calls).toEqual(['load', 'begin shutdown after exits', 'take over by process.exit']);
    expect(core.handlers.size).toBe(1);
    expect(begun).toMatchObject([{ call: undefined }]);
  });

  it('with the handler that is waited for', async () => {
    add('first');
    const settle = addPending('slow');
    obey();
    core.life.current?.note('a word');
    core.life.shutDownNow({ reason: { route: 'process.exit' } });
    expect(calls).toEqual(['load', 'begin shutdown after slow', 'take over by process.exit']);
    expect(begun[0]?.call?.settled).toBeInstanceOf(Promise);
    expect(begun[0]?.notes).toEqual(['a word']);
    settle();
    await begun[0]?.call?.settled;
    // It goes no further by itself.
    expect(calls).not.toContain('first');
    expect(received).toEqual([]);
  });

  it('once it has made a worker, while a handler is waited for', () => {
    addPending('slow');
    obey();
    core.workerCreated({} as threads.Worker);
    expect(calls).toEqual(['load', 'begin shutdown after slow', 'drive', 'worker']);
  });

  it('once a handler has loaded the rest, when that handler has returned', () => {
    add('first');
    core.handlers.add(function loads() {
      core.load();
      calls.push('returned');
    }, []);
    obey();
    expect(calls).toEqual(['load', 'returned', 'begin shutdown after loads', 'drive']);
  });

  it('once a handler has left something to drain', () => {
    core.handlers.add(function drains() {
      core.drains.add(() => {}, []);
    }, []);
    obey();
    expect(calls).toEqual(['load', 'begin shutdown after drains', 'drive']);
  });
});

it('what fails in a worker that nobody hears is told by itself', async () => {
  core.handlers.add(function fails() {
    throw new Error('no');
  }, []);
  core.use();
  Atomics.store(table.cells, at(0, Cell.linked), Linked.never);
  core.life.obey(order());
  await vi.waitFor(() => expect(calls).toEqual(['load', 'tell fails']));
});

it.each([
  [true, 1],
  [false, 0],
])('a worker that may be parked (%s) rehearses before its event loop turns: %i times', async (isParked, times) => {
  const rehearse = vi.fn();
  const worker = create({ isParked, rehearse });
  worker.handlers.add(() => {}, []);
  worker.use();
  for (let microtask = 0; microtask < 3; microtask++) await undefined;
  expect(rehearse).toHaveBeenCalledTimes(times);
});
