import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterAll, expect, describe as group, it } from 'vitest';
import {
  at,
  Cell,
  createTable,
  Header,
  Ordered,
  Phase,
  ROOT,
  readName,
  State,
  writeName,
} from '../../src/table/cells.ts';
import { SLOTS } from '../../src/wire/messages.ts';
import { STATUSES } from '../../src/wire/outcomes.ts';
import { KEY, ROUTES, VERSION } from '../../src/wire/reason.ts';
import {
  describe,
  isAck,
  isAncestor,
  isEntrust,
  isGone,
  isInvite,
  isLinkMessage,
  isOrder,
  isOver,
  isPing,
  isPrint,
  isTagged,
} from '../../src/wire/validators.ts';

const { port1, port2 } = new MessageChannel();
afterAll(() => port1.close());

/** How many cells a slot has. */
const WIDTH = at(1, 0) - at(0, 0);

group('the table', () => {
  it('has a place of its own for every cell of the header, before the slot of the root', () => {
    const cells = Object.values(Header);
    expect(cells.toSorted((one, other) => one - other)).toEqual(cells.map((_, index) => index));
    expect(Math.max(...cells)).toBe(Header.unlinkedWorkers);
    expect(Header.unlinkedWorkers).toBeLessThan(at(ROOT, 0));
  });

  it('has a place of its own for every cell of a slot, and the name after them', () => {
    const cells = Object.values(Cell);
    expect(cells.toSorted((one, other) => one - other)).toEqual(cells.map((_, index) => index));
    expect(Math.max(...cells)).toBe(Cell.name);
    expect(Cell.name).toBeLessThan(WIDTH);
  });

  it('has the slot of the root before the first one, and ends with the last one', () => {
    expect(at(ROOT, 0) + WIDTH).toBe(at(0, 0));
    expect(createTable().cells.length).toBe(at(SLOTS, 0));
  });

  it('is one and the same memory, seen from every thread', () => {
    const table = createTable();
    const other = createTable(table.buffer);
    Atomics.store(other.cells, at(3, Cell.thread), 7);
    expect(Atomics.load(table.cells, at(3, Cell.thread))).toBe(7);
    expect(table.names.buffer).toBe(table.buffer);
  });

  it('counts up through the phases of a shutdown and the states of a worker', () => {
    expect(Object.keys(Phase)).toEqual(['running', 'begun', 'ordered', 'orderedSync']);
    expect(Object.values(Phase)).toEqual([0, 1, 2, 3]);
    expect(Object.keys(State)).toEqual([
      'free',
      'claimed',
      'idle',
      'joined',
      'read',
      'acked',
      'failed',
      'lost',
      'timedOut',
    ]);
    expect(Object.values(State)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('tells the bits of an order apart', () => {
    const bits: number[] = Object.values(Ordered);
    expect(bits.reduce((all, bit) => all | bit)).toBe(2 ** bits.length - 1);
  });
});

group('a name in a slot', () => {
  it('is read as it was written', () => {
    const table = createTable();
    writeName(table, 0, 'close the database: ✓ 😀');
    writeName(table, ROOT, 'root');
    writeName(table, SLOTS - 1, 'last');
    expect(readName(table, 0)).toBe('close the database: ✓ 😀');
    expect(readName(table, ROOT)).toBe('root');
    expect(readName(table, SLOTS - 1)).toBe('last');
    writeName(table, 0, '');
    expect(readName(table, 0)).toBe('');
  });

  it('is cut to fit, and touches nothing else', () => {
    const table = createTable();
    const before = [...table.cells.subarray(0, at(3, 0))];
    writeName(table, 1, 'x'.repeat(1000));
    const name = readName(table, 1);
    expect(name).toBe('x'.repeat((WIDTH - Cell.name - 1) * 2));
    const after = [...table.cells.subarray(0, at(3, 0))];
    const changed = after.flatMap((cell, index) => (cell === before[index] ? [] : [index]));
    expect(changed).toEqual(Array.from({ length: WIDTH - Cell.name }, (_, index) => at(1, Cell.name) + index));
  });

  it.each([-1, -(2 ** 31)])('is empty where its length says %d', (length) => {
    const table = createTable();
    writeName(table, 1, 'name');
    Atomics.store(table.cells, at(1, Cell.name), length);
    expect(readName(table, 1)).toBe('');
  });

  it('is no longer than a slot where its length says so', () => {
    const table = createTable();
    writeName(table, 1, 'name');
    Atomics.store(table.cells, at(1, Cell.name), 2 ** 31 - 1);
    expect(readName(table, 1)).toBe('name'.padEnd((WIDTH - Cell.name - 1) * 2, '\0'));
  });
});

const handler = {
  name: 'close',
  durationMs: 1.5,
  stage: 'drain',
  error: { name: 'Error', message: 'no', stack: 'Error: no' },
  unfinished: true,
};
const worker = {
  threadId: 3,
  path: [2, 3],
  name: 'worker 3',
  status: 'failed',
  diagnosis: 'blocked',
  ackMs: 2.5,
  handlers: [handler],
};
const reason = { route: 'signal', signal: 'SIGTERM', exitCode: 143 };
const relay = { stdout: true, stderr: false };

const buffer = new SharedArrayBuffer(4);
/** What every validator accepts of what it is for. */
const valid = {
  ancestor: { version: VERSION, threadId: 0, buffer },
  link: { [KEY]: VERSION, slot: 5, port: port1, buffer },
  invite: { [KEY]: VERSION, invite: buffer },
  entrust: { [KEY]: VERSION, threadId: 4, id: 1, handler: { module: 'file:///a.js', exportName: 'a', args: [1] } },
  gone: { [KEY]: VERSION, gone: 4 },
  order: { type: 'order', version: VERSION, epoch: 1, reason, timeout: 10.5, sentAt: 20.5, sync: false, relay },
  over: { type: 'over', version: VERSION },
  ping: { type: 'ping', version: VERSION },
  print: { type: 'print', version: VERSION, stream: 'stdout', chunk: 'text' },
  ack: { type: 'ack', version: VERSION, epoch: 0, handlers: [handler], workers: [worker] },
};
const validators: { readonly [kind in keyof typeof valid]: (value: unknown) => boolean } = {
  ancestor: isAncestor,
  link: isLinkMessage,
  invite: isInvite,
  entrust: isEntrust,
  gone: isGone,
  order: isOrder,
  over: isOver,
  ping: isPing,
  print: isPrint,
  ack: isAck,
};
type Kind = keyof typeof valid;
const kinds: Kind[] = ['ancestor', 'link', 'invite', 'entrust', 'gone', 'order', 'over', 'ping', 'print', 'ack'];

group('a validator', () => {
  it.each(kinds)('accepts its %s, and nobody else’s message', (kind) => {
    for (const other of kinds) {
      // Something that is taken back looks like what is entrusted, but for the handler.
      expect([other, validators[other](valid[kind])]).toEqual([other, other === kind]);
    }
  });

  it.each(kinds)('of a %s refuses what is no object', (kind) => {
    for (const value of [undefined, null, 'text', 5, true, () => {}, [], {}])
      expect(validators[kind](value)).toBe(false);
  });

  const [noReason, noRelay, noHandlers] = [{ reason: undefined }, { relay: undefined }, { handlers: undefined }];
  it.each<[Kind, object]>([
    ['link', { buffer: undefined }],
    ['link', { slot: 0 }],
    ['link', { slot: SLOTS - 1 }],
    ['entrust', { handler: undefined }],
    ['entrust', { handler: { module: '', exportName: '', args: [] } }],
    ['order', { reason: { route: 'exit' } }],
    ['order', { timeout: 0, sentAt: 0, epoch: 0 }],
    ['order', { timeout: Number.POSITIVE_INFINITY }],
    ['order', { relay: { stdout: false, stderr: true }, sync: true }],
    ...ROUTES.map((route): [Kind, object] => ['order', { reason: { route } }]),
    ['print', { stream: 'stderr', chunk: new Uint8Array(2) }],
    ['print', { chunk: Buffer.from('text') }],
    ['ack', { handlers: [], workers: [] }],
    ['ack', { handlers: [{ name: '', durationMs: 0 }] }],
    ['ack', { workers: [{ threadId: 0, path: [], name: '', status: 'acked', handlers: [] }] }],
    ...STATUSES.map((status): [Kind, object] => ['ack', { workers: [{ ...worker, status }] }]),
  ])('of a %s accepts %j', (kind, change) => {
    expect(validators[kind]({ ...valid[kind], ...change })).toBe(true);
  });

  it.each<[Kind, object]>([
    ['ancestor', { version: 'one' }],
    ['ancestor', { version: -1 }],
    ['ancestor', { threadId: undefined }],
    ['ancestor', { buffer: new ArrayBuffer(4) }],
    ['link', { [KEY]: VERSION + 1 }],
    ['link', { slot: -1 }],
    ['link', { slot: 0.5 }],
    ['link', { slot: '5' }],
    ['link', { slot: SLOTS }],
    ['link', { port: {} }],
    ['link', { port: undefined }],
    ['link', { buffer: new ArrayBuffer(4) }],
    ['link', { buffer: null }],
    ['invite', { [KEY]: VERSION + 1 }],
    ['invite', { invite: new ArrayBuffer(4) }],
    ['entrust', { [KEY]: VERSION + 1 }],
    ['entrust', { threadId: -1 }],
    ['entrust', { id: -1 }],
    ['entrust', { handler: null }],
    ['entrust', { handler: { ...valid.entrust.handler, module: new URL('file:///a.js') } }],
    ['entrust', { handler: { ...valid.entrust.handler, exportName: 5 } }],
    ['entrust', { handler: { ...valid.entrust.handler, args: 'none' } }],
    ['gone', { [KEY]: VERSION + 1 }],
    ['gone', { gone: '4' }],
    ['order', { type: 'Order' }],
    ['order', { version: VERSION + 1 }],
    ['order', { epoch: -1 }],
    ['order', noReason],
    ['order', { reason: { route: 'sideways' } }],
    ['order', { reason: { route: 'signal', signal: 15 } }],
    ['order', { reason: { route: 'exit', exitCode: 1.5 } }],
    ['order', { timeout: -1 }],
    ['order', { timeout: Number.NaN }],
    ['order', { timeout: '10' }],
    ['order', { sentAt: -1 }],
    ['order', { sync: 1 }],
    ['order', noRelay],
    ['order', { relay: null }],
    ['order', { relay: { stdout: 1, stderr: true } }],
    ['order', { relay: { stdout: true } }],
    ['over', { type: 'done' }],
    ['over', { version: VERSION + 1 }],
    ['ping', { type: 'pong' }],
    ['ping', { version: VERSION + 1 }],
    ['print', { type: 'paint' }],
    ['print', { version: VERSION + 1 }],
    ['print', { stream: 'stdin' }],
    ['print', { stream: '' }],
    ['print', { chunk: 5 }],
    ['print', { chunk: [1, 2] }],
    ['ack', { type: 'acknowledgement' }],
    ['ack', { version: VERSION + 1 }],
    ['ack', { epoch: -1 }],
    ['ack', noHandlers],
    ['ack', { handlers: { ...[handler], length: 1 } }],
    ['ack', { handlers: [handler, undefined] }],
    ['ack', { handlers: [{ ...handler, name: undefined }] }],
    ['ack', { handlers: [{ ...handler, durationMs: -1 }] }],
    ['ack', { handlers: [{ ...handler, durationMs: '1' }] }],
    ['ack', { handlers: [{ ...handler, stage: 'handlers' }] }],
    ['ack', { handlers: [{ ...handler, error: 'no' }] }],
    ['ack', { handlers: [{ ...handler, error: null }] }],
    ['ack', { handlers: [{ ...handler, error: { ...handler.error, name: 5 } }] }],
    ['ack', { handlers: [{ ...handler, error: { ...handler.error, message: 5 } }] }],
    ['ack', { handlers: [{ ...handler, error: { ...handler.error, stack: undefined } }] }],
    ['ack', { handlers: [{ ...handler, unfinished: false }] }],
    ['ack', { workers: undefined }],
    ['ack', { workers: [null] }],
    ['ack', { workers: [{ ...worker, threadId: -1 }] }],
    ['ack', { workers: [{ ...worker, path: 3 }] }],
    ['ack', { workers: [{ ...worker, path: [2, '3'] }] }],
    ['ack', { workers: [{ ...worker, name: 3 }] }],
    ['ack', { workers: [{ ...worker, status: 'fine' }] }],
    ['ack', { workers: [{ ...worker, diagnosis: 5 }] }],
    ['ack', { workers: [{ ...worker, ackMs: -1 }] }],
    ['ack', { workers: [{ ...worker, handlers: [{}] }] }],
  ])('of a %s refuses %j', (kind, change) => {
    expect(validators[kind]({ ...valid[kind], ...change })).toBe(false);
  });

  it('takes whatever bears the tag for a message of this library’s, of any version', () => {
    expect(isTagged({ [KEY]: 'another version' })).toBe(true);
    for (const value of [{}, null, undefined, KEY, { key: KEY }]) expect(isTagged(value)).toBe(false);
  });
});

group('what is said of a message that does not fit', () => {
  it.each<[unknown, string]>([
    ['text', 'string'],
    [undefined, 'undefined'],
    [null, 'object'],
    [{}, 'type undefined, version undefined'],
    [{ type: 'order', version: 2 }, 'type "order", version 2'],
    [{ type: 'x'.repeat(100), version: 'x'.repeat(100) }, `type "${'x'.repeat(20)}", version string`],
    [{ type: Symbol('type'), version: -1 }, 'type symbol, version number'],
  ])('%j: %s', (message, line) => {
    expect(describe(message)).toBe(line);
  });
});

/** Only a port is one: what merely looks like it is refused. */
const lookalike: Partial<MessagePort> = { postMessage() {}, close() {} };
it('a port of a link is a real one', () => {
  expect(isLinkMessage({ ...valid.link, port: lookalike })).toBe(false);
  expect(isLinkMessage({ ...valid.link, port: port2 })).toBe(true);
});
