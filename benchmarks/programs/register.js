import { writeSync } from 'node:fs';

const peers = {
  'worker-atexit': async () => {
    const { register, unregister } = await import('worker-atexit');
    return { register, unregister };
  },
  'signal-exit': async () => {
    const { onExit } = await import('signal-exit');
    return { register: onExit, unregister: (_, remove) => remove() };
  },
  'exit-hook': async () => {
    const { default: exitHook } = await import('exit-hook');
    return { register: exitHook, unregister: (_, remove) => remove() };
  },
  // It cannot unregister.
  'async-exit-hook': async () => ({ register: (await import('async-exit-hook')).default }),
  'on-exit-leak-free': async () => {
    const { register, unregister } = (await import('on-exit-leak-free')).default;
    return { register: (handler) => register(handler, handler), unregister };
  },
  'process.finalization': async () => {
    const { register, unregister } = process.finalization;
    return { register: (handler) => register(handler, handler), unregister };
  },
};

/** So many are unregistered at most, in so much time (ns): where each costs a search, 100,000 would take minutes. */
const MOST = 1000;
const LONGEST = 300_000_000n;

/** What takes less is measured again and again: ns. */
const LEAST = 20e6;

const [name, size] = process.argv.slice(2);
const count = Number(size);
const { register, unregister } = await peers[name]();

let left = count;
let startedAt = 0n;
const figures = {};
const perHandler = (ns, handlers) => Number(ns) / handlers;
/** Handlers that differ from each other, as a program's do. */
const createHandlers = () =>
  Array.from({ length: count }, (_, index) => () => {
    if (--left === 0)
      writeSync(1, JSON.stringify({ ...figures, run: perHandler(process.hrtime.bigint() - startedAt, count) }));
    return index;
  });

let handlers = createHandlers();
let registered = [];
let gone = 0;
const spent = { register: 0n, unregister: 0n };
const done = { register: 0, unregister: 0 };
for (;;) {
  startedAt = process.hrtime.bigint();
  registered = handlers.map((handler) => register(handler));
  spent.register += process.hrtime.bigint() - startedAt;
  done.register += count;
  if (!unregister) break;
  const most = Math.min(count, MOST);
  gone = 0;
  startedAt = process.hrtime.bigint();
  // The clock is read now and then, or it would be what is measured.
  while (gone < most && (gone % 10 > 0 || process.hrtime.bigint() - startedAt < LONGEST)) {
    unregister(handlers[gone], registered[gone]);
    gone++;
  }
  spent.unregister += process.hrtime.bigint() - startedAt;
  done.unregister += gone;
  if (spent.register + spent.unregister >= LEAST || count > MOST) break;
  handlers = createHandlers();
}
for (const what of ['register', 'unregister']) {
  if (done[what] > 0) figures[what] = perHandler(spent[what], done[what]);
}

// Those that were unregistered are put back, so that all of them run.
for (const handler of handlers.slice(0, gone)) register(handler);
startedAt = process.hrtime.bigint();
process.exit();
