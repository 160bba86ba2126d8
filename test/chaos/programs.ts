/** What a random program is: plain data that `program.js` plays. */
import fc from 'fast-check';

export interface Handler {
  /** ms that it takes; an asynchronous one sleeps, a synchronous one blocks. */
  readonly wait: number;
  readonly isAsync: boolean;
  /** What comes of it then. `blocks`: it blocks its thread for ever. */
  readonly end: 'returns' | 'fails' | 'never' | 'blocks' | 'exits';
  /** What `exits` calls `process.exit()` with. */
  readonly code: number;
  /** The handlers, by index, that it registers and unregisters when it is called for the first time. */
  readonly registers?: number | undefined;
  readonly unregisters?: number | undefined;
}

interface Handlers {
  readonly handlers: readonly Handler[];
  /** The indices of what is registered at the start, in that order. */
  readonly register: readonly number[];
  readonly drains: readonly Handler[];
}

/** What becomes of a worker before the end begins. */
const BEFORE = ['ends', 'exits', 'crashes', 'rejects', 'terminated', 'shut down'] as const;
/** What becomes of it when it is told to end, `after` ms later. */
const THEN = ['exits then', 'crashes then', 'is terminated'] as const;
const BLOCKED = ['busy', 'waits'] as const;

/** `asks`: it is busy until `isShuttingDown()`. `stranger`: it never loads the library. */
export type Fate =
  | 'stays'
  | 'asks'
  | 'stranger'
  | (typeof BEFORE)[number]
  | (typeof THEN)[number]
  | (typeof BLOCKED)[number];

export const isBlocked = ({ fate }: Thread): boolean => BLOCKED.some((blocked) => blocked === fate);
/** Whether it uses up its time. */
export const isSlow = (thread: Thread): boolean =>
  isBlocked(thread) || [...thread.handlers, ...thread.drains].some(({ end }) => end === 'never' || end === 'blocks');
export const endsBefore = ({ fate }: Thread): boolean => BEFORE.some((before) => before === fate);
export const isStranger = ({ fate }: Thread): boolean => fate === 'stranger';

export interface Thread extends Handlers {
  readonly fate: Fate;
  readonly after: number;
  readonly isRegistered: boolean;
  /** It makes its workers before it registers anything. */
  readonly spawnsFirst: boolean;
  readonly children: readonly Thread[];
  readonly pool?: Pool | undefined;
}

export interface Pool {
  readonly atomics: 'sync' | 'async' | 'disabled';
  readonly threads: number;
  readonly force: boolean;
  readonly tasks: readonly { readonly ms: number; readonly blocks: boolean }[];
  readonly worker: Thread;
}

export type Route = 'beforeExit' | 'exit' | 'process.exit' | 'throw' | 'reject' | 'signal' | 'shutdown';

export interface Program {
  readonly timeout: number;
  readonly syncTimeout: number;
  readonly main: Thread;
  /** ms after which it ends, whatever its threads are at; 0: when each of them is where its fate wants it to be. */
  readonly early: number;
  readonly route: Route;
  readonly code: number;
  /** What comes from outside, ms after the end began. The first one is what ends it on the route `signal`. */
  readonly signals: readonly { readonly signal: 'SIGINT' | 'SIGTERM'; readonly after: number }[];
  /** What the main thread does, ms after the end began. */
  readonly meanwhile: readonly {
    readonly act: 'process.exit' | 'exit' | 'throw';
    readonly after: number;
    readonly code: number;
  }[];
  /** Something is registered anew after `shutdown()`. */
  readonly again: boolean;
}

/** More threads than this take long to start: the machine may have two cores. */
const MOST_THREADS = 7;

const weighted = <T>(weights: readonly (readonly [T, number])[]): fc.Arbitrary<T> =>
  fc.oneof(...weights.map(([value, weight]) => ({ arbitrary: fc.constant(value), weight })));

const handler: fc.Arbitrary<Handler> = fc.record({
  wait: fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, { arbitrary: fc.integer({ min: 1, max: 15 }), weight: 1 }),
  isAsync: fc.boolean(),
  end: weighted([
    ['returns', 40],
    ['fails', 4],
    ['exits', 3],
    ['never', 2],
    ['blocks', 1],
  ]),
  code: fc.integer({ min: 0, max: 9 }),
  registers: fc.option(fc.nat(3), { freq: 8, nil: undefined }),
  unregisters: fc.option(fc.nat(3), { freq: 8, nil: undefined }),
});

const handlers = {
  handlers: fc.array(handler, { maxLength: 4 }),
  register: fc.array(fc.nat(3), { maxLength: 5 }),
  drains: fc.oneof(
    { arbitrary: fc.constant([]), weight: 3 },
    { arbitrary: fc.array(handler, { maxLength: 2 }), weight: 1 },
  ),
};

const pool: fc.Arbitrary<Pool> = fc.record({
  atomics: fc.constantFrom('sync', 'async', 'disabled'),
  threads: fc.integer({ min: 1, max: 2 }),
  force: fc.boolean(),
  tasks: fc.array(fc.record({ ms: fc.integer({ min: 0, max: 60 }), blocks: fc.boolean() }), { maxLength: 3 }),
  worker: fc.record({
    ...handlers,
    fate: fc.constant<Fate>('stays'),
    after: fc.constant(0),
    isRegistered: fc.constant(false),
    spawnsFirst: fc.constant(false),
    children: fc.constant([]),
  }),
});

const fate = weighted<Fate>([
  ['stays', 60],
  ['asks', 4],
  ['stranger', 6],
  ...BEFORE.map((name) => [name, 2] as const),
  ...THEN.map((name) => [name, 4] as const),
  ['busy', 1],
  ['waits', 4],
]);

const thread = (depth: number): fc.Arbitrary<Thread> =>
  fc.record({
    ...handlers,
    fate: depth === 0 ? fc.constant<Fate>('stays') : fate,
    after: fc.nat(30),
    isRegistered: fc.boolean(),
    spawnsFirst: fc.boolean(),
    children: depth === 3 ? fc.constant([]) : fc.array(thread(depth + 1), { maxLength: [3, 2, 1][depth] ?? 0 }),
    pool: depth > 1 ? fc.constant(undefined) : fc.option(pool, { freq: depth === 0 ? 3 : 6, nil: undefined }),
  });

/** A reference to one of so many. */
const refer = (index: number | undefined, size: number): number | undefined =>
  index === undefined || size === 0 ? undefined : index % size;

interface Above {
  /** Whether the thread's parent, and one further up, may see what becomes of it. */
  readonly parent?: Thread;
  readonly endsBefore: boolean;
  readonly isBlocked: boolean;
}

/** Whatever was generated, made to fit together: the rules that one part of a program sets another. */
function fitted(thread: Thread, above: Above, room: { threads: number; busy: number }, early: boolean): Thread {
  const { parent } = above;
  const size = thread.handlers.length;
  let { fate } = thread;
  if (fate === 'busy' && --room.busy < 0) fate = 'waits';
  if (parent && isStranger(parent) && (fate === 'is terminated' || fate === 'shut down')) fate = 'stays';
  // A parent sees to it, and waits for it.
  if (endsBefore({ ...thread, fate }) && (above.endsBefore || above.isBlocked)) fate = 'stays';
  if (early && fate === 'shut down') fate = 'terminated';
  const isRegistered = (thread.isRegistered || fate === 'shut down') && !(parent && isStranger(parent));
  const mended = { ...thread, fate, isRegistered };
  // A thread that is blocked stays so, unless somebody terminates it.
  const mayBlock = parent !== undefined && !['ends', 'exits', 'crashes', 'rejects'].includes(fate);
  // One that is blocked while it drains does not submit what is queued in its pool, and wakes nobody who is parked there.
  const mayServe = !(mayBlock && thread.drains.some(({ end }) => end === 'blocks'));
  const pool = fate === 'stays' && mayServe && !above.endsBefore && !above.isBlocked ? thread.pool : undefined;
  if (pool) room.threads -= pool.threads;
  const mend = (handler: Handler): Handler => ({
    ...handler,
    ...(handler.end === 'blocks' && { end: mayBlock ? 'blocks' : 'returns', wait: 0 }),
    registers: refer(handler.registers, size),
    unregisters: refer(handler.unregisters, size),
  });
  const below = {
    parent: mended,
    endsBefore: above.endsBefore || endsBefore(mended),
    isBlocked: above.isBlocked || isBlocked(mended) || fate === 'asks' || THEN.some((then) => then === fate),
  };
  return {
    ...mended,
    handlers: thread.handlers.map(mend),
    register: size === 0 ? [] : thread.register.map((index) => index % size),
    drains: thread.drains.map(mend),
    children: thread.children.filter(() => --room.threads >= 0).map((child) => fitted(child, below, room, early)),
    pool: pool && { ...pool, worker: fitted(pool.worker, { ...below, parent: mended }, room, early) },
  };
}

const isAsynchronous = (route: Route): boolean => ['beforeExit', 'exit', 'signal', 'shutdown'].includes(route);

const signal = fc.record({
  signal: fc.constantFrom<'SIGINT' | 'SIGTERM'>('SIGINT', 'SIGTERM'),
  after: fc.oneof(fc.nat(40), fc.integer({ min: 250, max: 800 })),
});

/** What a program has whose threads hang, and one where nothing does: nobody waits for the end of that. */
const TIMES = { short: { timeout: 2000, syncTimeout: 1000 }, ample: { timeout: 10_000, syncTimeout: 5000 } } as const;

const hangs = (thread: Thread): boolean =>
  isSlow(thread) || thread.children.some(hangs) || (thread.pool !== undefined && hangs(thread.pool.worker));

/** A program whose times are those that it is to be given. */
export const program: fc.Arbitrary<Program> = fc
  .record({
    main: thread(0),
    early: fc.oneof(
      { arbitrary: fc.constant(0), weight: 4 },
      { arbitrary: fc.integer({ min: 1, max: 150 }), weight: 1 },
    ),
    route: fc.constantFrom<Route>('beforeExit', 'exit', 'process.exit', 'throw', 'reject', 'signal', 'shutdown'),
    code: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9 })),
    signals: fc.oneof(
      { arbitrary: fc.constant([]), weight: 4 },
      { arbitrary: fc.array(signal, { maxLength: 2 }), weight: 1 },
    ),
    meanwhile: fc.oneof(
      { arbitrary: fc.constant([]), weight: 5 },
      {
        arbitrary: fc.array(
          fc.record({
            act: fc.constantFrom<'process.exit' | 'exit' | 'throw'>('process.exit', 'exit', 'throw'),
            after: fc.nat(40),
            code: fc.integer({ min: 0, max: 9 }),
          }),
          { maxLength: 1 },
        ),
        weight: 1,
      },
    ),
    again: fc.boolean(),
  })
  .map((raw): Program => {
    const isEarly = raw.early > 0;
    const above = { endsBefore: false, isBlocked: false };
    const first = { signal: 'SIGTERM', after: 0 } as const;
    const main = fitted(raw.main, above, { threads: MOST_THREADS - 1, busy: 1 }, isEarly);
    return {
      ...raw,
      ...TIMES[hangs(main) ? 'short' : 'ample'],
      main,
      signals: raw.route === 'signal' ? [first, ...raw.signals] : raw.signals,
      meanwhile: isAsynchronous(raw.route) ? raw.meanwhile : [],
    };
  });
