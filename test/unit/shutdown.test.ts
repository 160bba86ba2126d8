import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRegistry } from '../../src/handlers/registry.ts';
import type { Settings } from '../../src/options.ts';
import { defaults } from '../../src/options.ts';
import { ShutdownError } from '../../src/report/errors.ts';
import type { HandlerReport, ShutdownReport, WorkerReport } from '../../src/report/report.ts';
import { createTable, Header, Phase } from '../../src/table/cells.ts';
import { createOthers, type OtherChildren } from '../../src/thread/others.ts';
import type { Begun, ShutdownRequest } from '../../src/thread/parts.ts';
import { createPhase } from '../../src/thread/phase.ts';
import { createPools } from '../../src/thread/pools.ts';
import { createShutdown } from '../../src/thread/shutdown.ts';
import type { Surroundings } from '../../src/thread/surroundings.ts';
import type { Awaited } from '../../src/thread/waiting.ts';
import { type Reason, ROUTES } from '../../src/wire/reason.ts';

/** What the shutdown does to the world, in the order in which it does it. */
let done: string[] = [];
const note = (what: string) => () => void done.push(what);

const waiting = vi.hoisted(() => ({ show: vi.fn() }));
const guard = vi.hoisted(() => ({ arm: vi.fn(), disarm: vi.fn(), startGuard: vi.fn() }));
vi.mock('../../src/thread/waiting.ts', () => ({ showWaiting: waiting.show }));
vi.mock('../../src/watchdog/watchdog.ts', () => guard);

const { exitCode } = process;
beforeEach(() => {
  done = [];
  waiting.show.mockReset().mockReturnValue(note('nothing is shown any more'));
  guard.arm.mockReset().mockImplementation(note('the watchdog is armed'));
  guard.disarm.mockReset().mockImplementation(note('the watchdog is disarmed'));
  guard.startGuard.mockReset().mockReturnValue(note('the guard is ended'));
});
afterEach(() => {
  process.exitCode = exitCode;
});

const exit: Reason = { route: 'exit', exitCode: 0 };
const sigterm: Reason = { route: 'signal', signal: 'SIGTERM', exitCode: 143 };

const worker = (threadId: number, more: Partial<WorkerReport> = {}): WorkerReport => ({
  threadId,
  path: [threadId],
  name: `worker ${threadId}`,
  status: 'acked',
  handlers: [],
  ...more,
});

interface Scene {
  readonly isMain?: boolean;
  readonly settings?: Partial<Settings>;
  readonly children?: object;
  readonly others?: Partial<OtherChildren>;
  readonly parent?: object;
  readonly more?: object;
}

const GIVEN_UP = 20_000;

/** A thread that only writes down what becomes of it. */
function createScene({
  isMain = true,
  settings: changed = {},
  children = {},
  others: added,
  parent,
  more,
}: Scene = {}) {
  const lines: string[] = [];
  const settings: Settings = { ...defaults, failureExitCode: 0, logger: { error: () => {} }, ...changed };
  const table = createTable();
  const others = createOthers();
  if (added) {
    others.add({
      size: 1,
      begin: note('processes begin'),
      order: () => undefined,
      block: note('blocks for processes'),
      terminateSilent: () => false,
      soFar: () => [],
      reports: () => [],
      over() {},
      ...added,
    });
  }
  const aborted: unknown[] = [];
  const shown: [number, number, string][] = [];
  const published: unknown[] = [];
  const supervisor = {
    begin: vi.fn(note('the supervisor is told')),
    limit: vi.fn((_: number): number | undefined => undefined),
    trustsSignals: false,
  };
  const around = {
    isMain,
    isRoot: isMain,
    table,
    handlers: createRegistry(),
    drains: createRegistry(),
    pools: createPools(),
    entrusted: { listen: note('listens to what is entrusted'), collect: note('collects what was entrusted') },
    children: {
      size: 0,
      begin: note('children begin'),
      order: vi.fn((_: object): Promise<void> | undefined => void done.push('orders')),
      block: vi.fn((_: object, { onOrdered }: { onOrdered(): void }) => {
        done.push('blocks');
        onOrdered();
      }),
      flush: vi.fn((): Promise<unknown> | undefined => void done.push('flush')),
      areThrough: () => false,
      terminateSilent: () => false,
      look() {},
      failures: () => [],
      hasAcked: () => false,
      hasNone: () => false,
      reports: () => ({ workers: [], told: new Set() }),
      ...children,
    },
    others,
    parent: parent && {
      pulse: () => note('the pulse stops'),
      isHeard: () => false,
      ack: vi.fn(() => false),
      flush: vi.fn((): Promise<unknown> | undefined => undefined),
      ...parent,
    },
    phase: createPhase(table, isMain),
    telling: {
      log: (line: string) => void lines.push(line),
      trace: () => undefined,
      publishHandler: (stage: string, { name }: { name: string }) => void published.push(`${stage} ${name}`),
      publishWorkers: (reports: readonly WorkerReport[]) => void published.push(reports.map(({ name }) => name)),
      logWorkers: (reports: readonly WorkerReport[]) => void lines.push(`workers ${reports.map(({ name }) => name)}`),
      report: note('the report is told'),
    },
    settings: () => settings,
    createError: (reason: Reason, cause?: unknown) => new ShutdownError(reason, cause),
    supervisor: () => (isMain ? supervisor : undefined),
    order: () => undefined,
    ending: () => undefined,
    isExiting: () => false,
    isEnding: () => false,
    abort(error: unknown) {
      done.push('abort');
      aborted.push(error);
    },
    showProgress: (...progress: [number, number, string]) => void shown.push(progress),
    ...more,
  };

  /** Begins, and goes through all that takes no time. */
  function begin(request: ShutdownRequest = { reason: exit }, begun?: Begun) {
    return createShutdown(around as unknown as Surroundings, request, note('it is over'), begun);
  }

  async function run(request?: ShutdownRequest): Promise<ShutdownReport> {
    const shutdown = begin(request);
    shutdown.drive();
    return shutdown.report();
  }

  return { around, table, supervisor, lines, aborted, shown, published, begin, run };
}

const createPool = (idle: () => Promise<void> | undefined = () => undefined) => ({
  name: 'pool',
  adopt() {},
  refuse: (): string | undefined => undefined,
  idle,
  wake: (): string | undefined => undefined,
  end: async () => {},
});

const named = (name: string, act: () => unknown = () => {}): (() => unknown) =>
  Object.defineProperty(() => act(), 'name', { value: name });

function deferred() {
  let settle = (): void => {};
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, settle: () => settle() };
}

const load = ({ cells }: ReturnType<typeof createTable>, cell: number): number => Atomics.load(cells, cell);

describe('a shutdown', () => {
  it('goes through its steps in their order', async () => {
    const { around, published, shown, run, aborted } = createScene({ others: {} });
    around.drains.add(named('drains', note('drains')), []);
    around.handlers.add(named('first', note('first')), []);
    around.handlers.add(named('last', note('last')), []);
    const report = await run();
    expect(done).toEqual([
      'children begin',
      'the supervisor is told',
      'processes begin',
      'the watchdog is armed',
      'abort',
      'drains',
      'orders',
      'collects what was entrusted',
      'last',
      'first',
      'orders',
      'collects what was entrusted',
      'flush',
      'nothing is shown any more',
      'the watchdog is disarmed',
      'it is over',
      'the report is told',
    ]);
    expect(report).toMatchObject({ ok: true, route: 'exit', notes: [], workers: [] });
    expect(report.durationMs).toBeGreaterThan(0);
    expect(report.durationMs).toBeLessThan(GIVEN_UP);
    expect(report.handlers.map(({ name }) => name)).toEqual(['last', 'first']);
    expect(report.stages.map(({ name, handlers }) => [name, handlers?.length])).toEqual([
      ['drain', 1],
      ['workers', undefined],
      ['handlers', undefined],
    ]);
    expect(report.reason).toBe(aborted[0]);
    expect(published).toEqual(['drain drains', 'handlers last', 'handlers first', []]);
    expect(shown).toEqual([
      [1, 1, 'drains'],
      [0, 0, ''],
      [1, 2, 'last'],
      [2, 2, 'first'],
    ]);
  });

  it('says where it is', async () => {
    const { around, begin } = createScene();
    const stages: string[] = [];
    const shutdown = begin();
    const tell = () => void stages.push(shutdown.stage);
    around.children.begin = tell;
    around.drains.add(tell, []);
    around.children.order.mockImplementation(() => void tell());
    around.handlers.add(tell, []);
    shutdown.drive();
    await shutdown.report();
    expect(stages).toEqual(['begun', 'draining', 'collecting', 'handling', 'collecting']);
    expect(shutdown.stage).toBe('told');
  });

  it('drains as well where only a pool is there', async () => {
    const { around, begin } = createScene();
    const refused: unknown[] = [];
    around.pools.add(
      {},
      {
        name: 'pool',
        adopt() {},
        refuse(error) {
          refused.push(error);
          return 'is told of the refusal';
        },
        idle: () => undefined,
        wake: () => 'is told of the waking',
        end: async () => {},
      },
    );
    const shutdown = begin();
    around.children.order.mockImplementation(() => void done.push(shutdown.stage));
    shutdown.drive();
    const { reason, notes } = await shutdown.report();
    expect(refused).toEqual([reason]);
    expect(notes).toEqual(['is told of the refusal', 'is told of the waking']);
  });

  it('drains where there are as many pools as functions for that', async () => {
    const { around, shown, run } = createScene();
    around.drains.add(named('drains', note('drains')), []);
    around.pools.add({}, createPool());
    await run();
    expect(done).toContain('drains');
    expect(shown).toContainEqual([0, 0, '']);
  });

  it('refuses nothing where there is nothing to drain', async () => {
    const { shown, run } = createScene();
    expect((await run()).stages[0]).toMatchObject({ name: 'drain' });
    expect(shown).toEqual([]);
  });

  it('tells the tree, for the whole of which it is', async () => {
    const { table, around, run } = createScene();
    around.abort = () => {
      expect(load(table, Header.phase)).toBe(Phase.begun);
      expect(load(table, Header.route)).toBe(ROUTES.indexOf('signal'));
      expect(load(table, Header.timeout)).toBeGreaterThan(5000);
      expect(load(table, Header.timeout)).toBeLessThanOrEqual(6000);
    };
    expect((await run({ reason: sigterm })).notes).toEqual([]);
    expect(load(table, Header.phase)).toBe(Phase.ordered);
  });

  it.each([
    ['exit', false],
    ['beforeExit', true],
    ['shutdown', false],
  ] as const)('by %s is one after which the thread may live on: %s', (route, isRevivable) => {
    expect(createScene().begin({ reason: { route } }).isRevivable).toBe(isRevivable);
  });

  it('hands the cause on', async () => {
    const cause = new Error('cause');
    const { reason } = await createScene().run({ reason: exit, cause });
    expect(reason.cause).toBe(cause);
  });

  it('takes notes from its handlers, and from others', async () => {
    const { around, begin } = createScene();
    const shutdown = begin();
    around.handlers.add({}, [], { name: 'server', call: (occasion) => occasion?.note('by the handler') });
    around.handlers.add(() => shutdown.note('by others'), []);
    shutdown.drive();
    expect((await shutdown.report()).notes).toEqual(['by others', 'by the handler']);
  });
});

describe('what fails at its beginning stops nothing', () => {
  const fails = (message: string) => () => {
    throw new Error(message);
  };

  it.each<[string, string, (scene: ReturnType<typeof createScene>) => void]>([
    [
      'the supervisor',
      'the supervisor could not be told of the shutdown: no',
      ({ supervisor }) => void supervisor.begin.mockImplementation(fails('no')),
    ],
    ['the watchdog', 'the watchdog could not be armed: no', () => void guard.arm.mockImplementation(fails('no'))],
    [
      'the guard',
      'the watchdog has no thread to stand guard: no',
      () => void guard.startGuard.mockImplementation(fails('no')),
    ],
    [
      'what was entrusted',
      'what was entrusted to the main thread could not be heard: no',
      ({ around }) => {
        around.entrusted.listen = fails('no');
      },
    ],
  ])('%s', async (_, line, prepare) => {
    const scene = createScene({ settings: { watchdog: true } });
    Atomics.store(scene.table.cells, Header.highestSlot, 1);
    prepare(scene);
    scene.around.handlers.add(note('handler'), []);
    const report = await scene.run();
    expect(report.notes).toEqual([line]);
    expect(scene.lines.filter((logged) => !logged.startsWith('workers'))).toEqual([line]);
    expect(done).toContain('abort');
    expect(done).toContain('handler');
  });

  it('the children that are no threads', async () => {
    const { lines, run } = createScene({ others: { begin: fails('no') } });
    const line = 'child processes could not be told of the shutdown: no';
    expect((await run()).notes).toEqual([line]);
    expect(lines).toContain(line);
  });

  it('a step, which is told', async () => {
    const { around, run } = createScene({ children: { terminateSilent: fails('of the step') } });
    around.handlers.add(note('handler'), []);
    const { notes } = await run();
    expect(notes[0]).toMatch(/^a step failed: Error: of the step\n/);
    expect(done).toContain('handler');
  });
});

describe('the watchdog', () => {
  it('is armed for the deadline of the main thread', async () => {
    const { table, begin } = createScene();
    const shutdown = begin();
    shutdown.drive();
    expect(guard.arm.mock.calls).toEqual([[table, shutdown.deadline(1), false]]);
    await shutdown.report();
    expect(guard.disarm.mock.calls).toEqual([[table]]);
  });

  it('is quiet where nobody is told anything', async () => {
    await createScene({ settings: { logger: false } }).run();
    expect(guard.arm.mock.lastCall?.[2]).toBe(true);
  });

  it('is not armed where the program wants none, and not for a worker', async () => {
    await createScene({ settings: { watchdog: false } }).run();
    await createScene({ isMain: false, parent: {}, settings: { watchdog: true } }).run();
    expect(guard.arm).not.toHaveBeenCalled();
    expect(guard.startGuard).not.toHaveBeenCalled();
    expect(guard.disarm).toHaveBeenCalledTimes(1);
  });

  it('has a guard of its own only where the program wants that', async () => {
    await createScene().run();
    expect(guard.startGuard).not.toHaveBeenCalled();
    expect(done).not.toContain('the guard is ended');
  });

  const watched = { watchdog: true } as const;

  it('has one from the beginning where no worker can stand guard, and ends it', async () => {
    const { table, around, run } = createScene({ settings: watched });
    around.abort = () => void done.push(`abort after ${guard.startGuard.mock.calls.length}`);
    await run();
    expect(guard.startGuard.mock.calls).toEqual([[table]]);
    expect(done).toContain('abort after 1');
    expect(done).toContain('the guard is ended');
  });

  it('has one from the beginning where workers are ordered later', async () => {
    const { around, run } = createScene({ settings: watched, children: { size: 1, hasAcked: () => true } });
    around.drains.add(() => expect(guard.startGuard).toHaveBeenCalledTimes(1), []);
    expect((await run()).ok).toBe(true);
    expect(guard.startGuard).toHaveBeenCalledTimes(1);
  });

  it('has one once no worker has acked', async () => {
    const { around, run } = createScene({ settings: watched, children: { size: 1 } });
    around.abort = () => void done.push(`abort after ${guard.startGuard.mock.calls.length}`);
    around.handlers.add(() => expect(guard.startGuard).toHaveBeenCalledTimes(1), []);
    expect((await run()).ok).toBe(true);
    expect(done).toContain('abort after 0');
    expect(guard.startGuard).toHaveBeenCalledTimes(1);
  });

  it('has none where a worker has acked, which stands guard', async () => {
    await createScene({ settings: watched, children: { size: 1, hasAcked: () => true } }).run();
    expect(guard.startGuard).not.toHaveBeenCalled();
  });

  it('is asked for a guard once, where it has none to offer', async () => {
    guard.startGuard.mockReturnValue(undefined);
    expect((await createScene({ settings: watched }).run()).notes).toEqual([]);
    expect(guard.startGuard).toHaveBeenCalledTimes(1);
  });

  it('goes on guarding a process that is to end', async () => {
    await createScene({ settings: watched, more: { ending: () => ({}) } }).run();
    expect(guard.startGuard).toHaveBeenCalledTimes(1);
    expect(done).not.toContain('the guard is ended');
  });
});

describe('what was entrusted to the main thread', () => {
  it('is listened for only where there are workers', async () => {
    const { table, run } = createScene();
    await run();
    expect(done).not.toContain('listens to what is entrusted');
    Atomics.store(table.cells, Header.highestSlot, 1);
    await createScene({ more: { table } }).run();
    expect(done).toContain('listens to what is entrusted');
  });
});

describe('the time of a shutdown', () => {
  const left = ({ deadline }: { deadline(share: number): number }, since: number): number => deadline(1) - since;
  const clock = (): number => {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e3 + nanoseconds / 1e6;
  };

  it.each([
    [{}, 8000],
    [{ timeout: 500 }, 500],
  ])('is what was asked for, or what is configured: %j', (request, timeout) => {
    const before = clock();
    const shutdown = createScene().begin({ reason: exit, ...request });
    expect(left(shutdown, clock())).toBeLessThanOrEqual(timeout);
    expect(left(shutdown, before)).toBeGreaterThanOrEqual(timeout);
    expect(shutdown.deadline(0.5)).toBeCloseTo(shutdown.deadline(1) - timeout / 2, 3);
  });

  it('may become shorter, and not longer', () => {
    const shutdown = createScene().begin();
    const at = shutdown.deadline(1);
    shutdown.shorten(GIVEN_UP);
    expect(shutdown.deadline(1)).toBe(at);
    shutdown.shorten(100);
    expect(left(shutdown, clock())).toBeLessThanOrEqual(100);
    expect(left(shutdown, clock())).toBeGreaterThan(0);
  });

  const serves = { name: 'server', delay: 300, call: () => undefined };

  it.each([
    ['goes on top of it', {}, 1300],
    ['does not where its event loop turns no more', { isExiting: () => true }, 1000],
    ['does not in a worker that was ordered', { order: () => ({ relay: {}, sync: false }) }, 1000],
  ])('for which a server goes on serving %s', (_, more, expected) => {
    const { around, begin } = createScene({ more });
    around.drains.add({}, [], serves);
    const before = clock();
    const shutdown = begin({ reason: exit, timeout: 1000 });
    expect(left(shutdown, clock())).toBeLessThanOrEqual(expected);
    expect(left(shutdown, before)).toBeGreaterThanOrEqual(expected);
  });

  it.each([
    ['signal', 600, 1300],
    ['message', 600, 1300],
    ['exit', 1300, undefined],
  ] as const)('is what the supervisor leaves, by %s', (route, expected, asked) => {
    const { around, supervisor, begin } = createScene();
    supervisor.limit.mockReturnValue(600);
    around.drains.add({}, [], serves);
    const before = clock();
    const shutdown = begin({ reason: { route }, timeout: 1000 });
    expect(supervisor.limit.mock.calls).toEqual(asked === undefined ? [] : [[asked]]);
    expect(left(shutdown, clock())).toBeLessThanOrEqual(expected);
    expect(left(shutdown, before)).toBeGreaterThanOrEqual(expected);
  });

  it.each([
    ['half of the drain stage', undefined, 250],
    ['what was added for it', 300, 300],
  ])('a drain may go on for: %s', async (_, delay, expected) => {
    const { around, run } = createScene();
    const delays: unknown[] = [];
    around.drains.add({}, [], {
      name: 'server',
      ...(delay !== undefined && { delay }),
      call: (occasion) => void delays.push(occasion?.delay),
    });
    await run({ reason: exit, timeout: 1000 });
    expect(delays).toEqual([expected]);
  });

  it('is what was asked for in a worker, which no supervisor knows', () => {
    const before = clock();
    const shutdown = createScene({ isMain: false, parent: {} }).begin({ reason: sigterm, timeout: 1000 });
    expect(left(shutdown, before)).toBeGreaterThanOrEqual(1000);
  });

  it('is told to the supervisor, as it changes', async () => {
    const { supervisor, begin } = createScene();
    const shutdown = begin();
    shutdown.drive();
    const [until] = (supervisor.begin.mock.lastCall as unknown as [() => number]) ?? expect.unreachable();
    expect(until()).toBe(shutdown.deadline(1));
    shutdown.shorten(100);
    expect(until()).toBe(shutdown.deadline(1));
    await shutdown.report();
  });
});

describe('the workers', () => {
  it('are waited for before handlers run', async () => {
    const acks = deferred();
    const { around, begin } = createScene();
    around.children.order.mockReturnValueOnce(acks.promise);
    around.handlers.add(note('handler'), []);
    const shutdown = begin();
    shutdown.drive();
    await new Promise(setImmediate);
    expect(done).not.toContain('handler');
    acks.settle();
    await shutdown.report();
    expect(done).toContain('handler');
  });

  it('are terminated where they are silent, which is told', async () => {
    const { run } = createScene({ children: { terminateSilent: () => true } });
    expect((await run()).stages[1]).toMatchObject({ name: 'workers', timedOut: true });
  });

  it('are blocked for where no event loop turns', async () => {
    const { table, begin } = createScene({ others: {} });
    const shutdown = begin();
    shutdown.takeOver('process.exit');
    expect((await shutdown.report()).ok).toBe(true);
    expect(done).toContain('blocks');
    expect(done).not.toContain('orders');
    expect(done).toContain('blocks for processes');
    expect(load(table, Header.phase)).toBe(Phase.orderedSync);
  });

  it('see that a thread that drains is not blocked', async () => {
    const { around, begin } = createScene({ isMain: false, parent: {}, children: { size: 1 } });
    around.drains.add(note('drains'), []);
    const shutdown = begin();
    shutdown.drive();
    await shutdown.report();
    expect(done.indexOf('the pulse stops')).toBeGreaterThan(done.indexOf('drains'));
    expect(done.indexOf('the pulse stops')).toBeLessThan(done.indexOf('orders'));
  });

  it('that were not clean are told to their owners, in their order, before the other handlers', async () => {
    const told: unknown[] = [];
    const onFailure = (report: WorkerReport) => void told.push(report.name);
    const failures = [
      { report: worker(1), onFailure },
      { report: worker(2), onFailure: undefined },
      { report: worker(3), onFailure },
    ];
    const { around, run } = createScene({ children: { failures: () => failures.splice(0) } });
    around.handlers.add(() => told.push('handler'), []);
    await run();
    expect(told).toEqual(['worker 1', 'worker 3', 'handler']);
  });

  it('and processes are in the report; those that were not told yet are published and logged', async () => {
    const [one, two] = [worker(1), worker(2)];
    const { lines, published, run } = createScene({
      children: { reports: () => ({ workers: [one, two], told: new Set([one]) }) },
      others: { reports: () => [worker(0, { pid: 5, name: 'process' })] },
    });
    expect((await run()).workers.map(({ name }) => name)).toEqual(['worker 1', 'worker 2', 'process']);
    expect(published.at(-1)).toEqual(['worker 2', 'process']);
    expect(lines).toEqual(['workers worker 2']);
  });

  it.each([
    ['has no worker', {}, 1],
    ['is the main thread', { isMain: true }, 2],
    ['has workers', { children: { hasNone: (): boolean => false } }, 2],
    [
      'has workers that are through',
      { children: { hasNone: (): boolean => false, areThrough: (): boolean => true } },
      1,
    ],
    ['has a process beside those', { others: {}, children: { areThrough: (): boolean => true } }, 2],
    ['has a process', { others: {} }, 2],
  ])('are looked at again unless the thread is a leaf: it %s', async (_, scene, orders) => {
    const { around, run } = createScene({ isMain: false, parent: {}, children: { hasNone: () => true }, ...scene });
    await run();
    expect(around.children.order).toHaveBeenCalledTimes(orders);
  });

  it.each([
    ['a pool', {}],
    ['a pool, and a process', { others: {} }],
  ])('are looked at again where there is %s', async (_, scene) => {
    const { around, run } = createScene({ isMain: false, parent: {}, children: { hasNone: () => true }, ...scene });
    around.pools.add({}, createPool());
    await run();
    expect(around.children.order).toHaveBeenCalledTimes(2);
  });
});

describe('what is printed', () => {
  it('is waited for in the main thread', async () => {
    const printed = deferred();
    const { around, begin } = createScene();
    around.children.flush.mockReturnValue(printed.promise);
    const shutdown = begin();
    shutdown.drive();
    await new Promise(setImmediate);
    expect(done).not.toContain('it is over');
    printed.settle();
    await shutdown.report();
    expect(done).toContain('it is over');
  });

  it('is not where no event loop turns', async () => {
    const { around, begin } = createScene();
    const shutdown = begin();
    shutdown.takeOver('process.exit');
    await shutdown.report();
    expect(around.children.flush).not.toHaveBeenCalled();
  });

  it.each([
    [{}, false, false],
    [{ isEnding: () => true }, false, true],
    [{ order: () => ({ sync: true, relay: {} }) }, true, false],
    [{ order: () => ({ sync: false, relay: {} }) }, false, false],
  ])('by a worker is its parent’s to wait for: %j', async (more, sync, isLast) => {
    const flush = vi.fn(() => undefined);
    await createScene({ isMain: false, parent: { flush }, more }).run();
    expect(flush.mock.calls).toEqual([[sync, isLast]]);
  });

  it('by a worker that has no event loop any more is not waited for', async () => {
    const flush = vi.fn(() => undefined);
    const shutdown = createScene({ isMain: false, parent: { flush } }).begin();
    shutdown.takeOver('process.exit');
    await shutdown.report();
    expect(flush.mock.calls).toEqual([[true, false]]);
  });
});

describe('a pool', () => {
  it('finishes what it has, and is in the report', async () => {
    const idle = deferred();
    const { around, begin } = createScene();
    around.pools.add(
      {},
      createPool(() => idle.promise),
    );
    const shutdown = begin();
    shutdown.drive();
    await new Promise(setImmediate);
    expect(done).not.toContain('orders');
    idle.settle();
    expect((await shutdown.report()).stages[0]?.pools).toMatchObject([{ name: 'pool' }]);
  });

  it('is not waited for where no event loop turns', async () => {
    const { around, begin } = createScene();
    const idle = vi.fn(() => undefined);
    around.pools.add({}, createPool(idle));
    const shutdown = begin();
    shutdown.takeOver('process.exit');
    await shutdown.report();
    expect(idle).not.toHaveBeenCalled();
  });
});

describe('a handler that fails', () => {
  const never = () => new Promise<void>(() => {});
  const fails = () => {
    throw new Error('no');
  };

  it('is logged', async () => {
    const { around, lines, run } = createScene();
    around.handlers.add(named('fails', fails), []);
    expect((await run()).ok).toBe(false);
    expect(lines[0]).toMatch(/^handler fails failed: Error: no\n/);
    expect(lines).toHaveLength(2);
  });

  const PLAIN = 'handler never was left unfinished';

  it('is logged without advice where its time was up', async () => {
    const { around, lines, run } = createScene();
    around.handlers.add(named('never', never), []);
    await run({ reason: exit, timeout: 20 });
    expect(lines[0]).toBe(PLAIN);
  });

  it.each([
    [
      'process.exit',
      undefined,
      "no asynchronous work goes on after process.exit(). Call worker-atexit's exit(), or set process.exitCode and let the program end",
    ],
    ['process.exit', 'SIGINT', 'no asynchronous work goes on once SIGINT has come again, or process.exit() was called'],
    [
      'uncaughtException',
      undefined,
      "no asynchronous work goes on after an uncaught error. configure({ crash: 'graceful' }) lets it finish",
    ],
    [
      'unhandledRejection',
      'SIGINT',
      "no asynchronous work goes on after an uncaught error. configure({ crash: 'graceful' }) lets it finish",
    ],
  ] as const)('because no event loop turns any more, by %s (%s), is told what to do', async (route, signal, advice) => {
    const { around, lines, begin } = createScene({ more: { ending: () => ({ signal }) } });
    around.handlers.add(named('never', never), []);
    const shutdown = begin();
    shutdown.takeOver(route);
    await shutdown.report();
    expect(lines[0]).toBe(`${PLAIN}: ${advice}`);
  });

  it('by an error gets no advice where no event loop turns', async () => {
    const { around, lines, begin } = createScene();
    around.handlers.add(named('fails', fails), []);
    const shutdown = begin();
    shutdown.takeOver('process.exit');
    await shutdown.report();
    expect(lines[0]).toMatch(/^handler fails failed: Error: no\n/);
    expect(lines[0]).not.toContain('process.exit()');
  });

  it('in a worker is left to its parent, which tells it', async () => {
    const ack = vi.fn((..._: unknown[]) => true);
    const more = { isEnding: () => true };
    const { around, lines, run } = createScene({ isMain: false, parent: { isHeard: () => true, ack }, more });
    around.handlers.add(named('fails', fails), []);
    around.handlers.add(named('fine'), []);
    around.drains.add(named('drains'), []);
    await run();
    expect(lines).toEqual([]);
    expect(ack.mock.calls).toEqual([
      [
        [
          expect.objectContaining({ name: 'drains', stage: 'drain' }),
          expect.objectContaining({ name: 'fine' }),
          expect.objectContaining({ name: 'fails', error: expect.objectContaining({ name: 'Error', message: 'no' }) }),
        ],
        [],
        1,
        true,
        expect.any(Number),
      ],
    ]);
  });

  it('in a worker is logged there after all where its ack did not arrive', async () => {
    const { around, lines, run } = createScene({ isMain: false, parent: { isHeard: () => true } });
    around.handlers.add(named('fails', fails), []);
    await run();
    expect(lines[0]).toMatch(/^handler fails failed: Error: no\n/);
    expect(lines[1]).toBe('workers ');
    expect(lines).toHaveLength(2);
  });

  it('in a worker is logged at once where nobody hears it', async () => {
    const { around, lines, run } = createScene({ isMain: false, parent: { ack: () => true } });
    around.handlers.add(named('fails', fails), []);
    await run();
    expect(lines).toEqual([expect.stringMatching(/^handler fails failed: Error: no\n/)]);
  });
});

describe('a worker’s ack', () => {
  it('has what became of the workers below, as text', async () => {
    const ack = vi.fn((..._: unknown[]) => true);
    const below = worker(7, { handlers: [{ name: 'fails', durationMs: 1, error: new Error('below') }] });
    const { published, run } = createScene({
      isMain: false,
      parent: { ack },
      children: { reports: () => ({ workers: [below], told: new Set() }) },
    });
    const { workers } = await run();
    expect(workers).toEqual([below]);
    expect(ack.mock.lastCall?.[1]).toEqual([
      expect.objectContaining({
        threadId: 7,
        handlers: [expect.objectContaining({ error: expect.objectContaining({ message: 'below' }) })],
      }),
    ]);
    expect(ack.mock.lastCall?.[2]).toBe(0);
    expect(published.at(-1)).toEqual(['worker 7']);
  });

  it('tells when it began', async () => {
    const ack = vi.fn((..._: unknown[]) => true);
    const { run } = createScene({ isMain: false, parent: { ack } });
    const { timeline } = await run();
    expect(ack.mock.lastCall?.[4]).toBeGreaterThan(0);
    expect(timeline).toBeDefined();
  });
});

describe('how the process ends', () => {
  it('is in the report', async () => {
    const { around, run } = createScene({ more: { ending: () => ({}) }, settings: { failureExitCode: 3 } });
    process.exitCode = 0;
    around.handlers.add(() => Promise.reject(new Error('no')), []);
    expect(await run()).toMatchObject({ ok: false, exitCode: 3 });
    expect(process.exitCode).toBe(3);
  });

  it('is not, in a worker', async () => {
    const { run } = createScene({ isMain: false, parent: {}, more: { ending: () => ({}) } });
    expect(await run()).not.toHaveProperty('exitCode');
  });

  it.each([
    [false, { signal: 'SIGTERM' }],
    [true, { exitCode: 3 }],
  ])('is by the signal unless its supervisor takes that for a clean end: %s', async (trustsSignals, end) => {
    const { around, supervisor, run } = createScene({
      more: { ending: () => ({ signal: 'SIGTERM' }) },
      settings: { failureExitCode: 3 },
    });
    process.exitCode = 143;
    supervisor.trustsSignals = trustsSignals;
    around.handlers.add(() => Promise.reject(new Error('no')), []);
    expect(await run({ reason: sigterm })).toMatchObject(end);
  });
});

describe('whoever waits for it', () => {
  function awaitedOf(scene: Scene = {}) {
    const created = createScene(scene);
    const shutdown = created.begin();
    shutdown.drive();
    const [awaited, timeout] = waiting.show.mock.lastCall ?? [];
    return { ...created, shutdown, awaited: awaited as Awaited, timeout };
  }

  it('sees how far it is', async () => {
    const acks = deferred();
    const children = { order: () => acks.promise, reports: () => ({ workers: [worker(1)], told: new Set() }) };
    const { awaited, timeout, shutdown, around, lines } = awaitedOf({
      children,
      others: { soFar: () => [worker(0, { name: 'process' })] },
    });
    expect(timeout).toBe(8000);
    expect(awaited.stage()).toBe('collecting');
    expect(awaited.workers().map(({ name }) => name)).toEqual(['worker 1', 'process']);
    expect(awaited.until()).toBe(shutdown.deadline(1));
    expect(awaited.startedAt).toBeLessThanOrEqual(shutdown.deadline(0));
    awaited.log('told');
    expect(lines).toEqual(['told']);
    expect(awaited.isPlain).toBe(false);
    around.handlers.add(named('handler'), []);
    acks.settle();
    const report = await shutdown.report();
    expect(awaited.outcome.handlers).toEqual(report.handlers);
    expect(report.handlers.map(awaited.isSettled)).toEqual([true]);
    expect(awaited.isSettled({ name: 'another', durationMs: 0 })).toBe(false);
    expect(done).toContain('nothing is shown any more');
  });

  it('sees it on stderr alone, unless the program has a logger', () => {
    expect(awaitedOf({ settings: { logger: defaults.logger } }).awaited.isPlain).toBe(true);
  });

  it.each<[string, Scene]>([
    ['in a worker', { isMain: false, parent: {} }],
    ['where nobody is told anything', { settings: { logger: false } }],
    ['where no event loop turns', { more: { isExiting: () => true } }],
  ])('sees nothing %s', async (_, scene) => {
    await createScene(scene).run();
    expect(waiting.show).not.toHaveBeenCalled();
  });

  describe('at a keyboard', () => {
    const listener = (): void => {};
    afterEach(() => void process.off('SIGINT', listener));

    it.each([
      [undefined, true, undefined],
      [{}, true, undefined],
      [{ signal: 'SIGINT' }, true, 'Ctrl+C again ends at once'],
      [{ signal: 'SIGTERM' }, true, 'Ctrl+C ends at once'],
      [{ signal: 'SIGINT' }, false, undefined],
    ])('is told what Ctrl+C does: %j, listened to %s', (ending, isHeard, text) => {
      for (const each of process.listeners('SIGINT')) process.off('SIGINT', each);
      if (isHeard) process.on('SIGINT', listener);
      expect(awaitedOf({ more: { ending: () => ending } }).awaited.keyboard()).toBe(text);
    });
  });
});

describe('one that went the straight way so far', () => {
  it('carries on from there', async () => {
    const reports: HandlerReport[] = [
      { name: 'through', durationMs: 1 },
      { name: 'failed', durationMs: 1, error: new Error('no') },
      { name: 'never', durationMs: 1, unfinished: true },
    ];
    const error = new ShutdownError(exit);
    const { around, lines, shown, begin } = createScene({ isMain: false, parent: {} });
    around.handlers.add(named('left'), []);
    const since = performance.now();
    const shutdown = begin(
      { reason: exit },
      {
        startedAt: 5,
        error,
        limits: [{ since, timeout: 700 }],
        reports,
        failed: reports.slice(1),
        notes: ['noted'],
        call: undefined,
      },
    );
    expect(shutdown.stage).toBe('handling');
    expect(shutdown.deadline(1)).toBe(since + 700);
    expect(lines).toEqual([
      expect.stringMatching(/^handler failed failed: Error: no\n/),
      'handler never was left unfinished',
    ]);
    shutdown.drive();
    const report = await shutdown.report();
    expect(report).toMatchObject({ reason: error, notes: ['noted'] });
    expect(report.handlers.map(({ name }) => name)).toEqual(['through', 'failed', 'never', 'left']);
    expect(shown).toEqual([[4, 4, 'left']]);
    expect(around.parent?.ack.mock.lastCall).toEqual([expect.any(Array), [], 2, false, 5]);
  });
});

describe('whoever traces it', () => {
  const trace = {
    run(part: () => void) {
      done.push('traced');
      part();
    },
    finish: vi.fn(),
  };

  function traced() {
    const scene = createScene();
    trace.finish.mockReset();
    const reasons: unknown[] = [];
    Object.assign(scene.around.telling, {
      trace(reason: unknown) {
        reasons.push(reason);
        return trace;
      },
    });
    return { ...scene, reasons };
  }

  it('sees it run, and its report', async () => {
    const { reasons, run } = traced();
    const report = await run();
    expect(reasons).toEqual([exit]);
    expect(done[0]).toBe('traced');
    expect(trace.finish.mock.calls).toEqual([[report]]);
  });

  it('sees it run synchronously', async () => {
    const shutdown = traced().begin();
    shutdown.takeOver('process.exit');
    expect(done[0]).toBe('traced');
    expect(trace.finish.mock.calls).toEqual([[await shutdown.report()]]);
  });
});
