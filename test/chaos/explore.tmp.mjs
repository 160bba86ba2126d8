import fs, { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import fc from 'fast-check';

// test/chaos/programs.ts
/** What a random program is: plain data that `program.js` plays. */
/** What becomes of a worker before the end begins. */
const BEFORE = ['ends', 'exits', 'crashes', 'rejects', 'terminated', 'shut down'];
/** What becomes of it when it is told to end, `after` ms later. */
const THEN = ['exits then', 'crashes then', 'is terminated'];
const BLOCKED = ['busy', 'waits'];
const isBlocked = ({ fate }) => BLOCKED.some((blocked) => blocked === fate);
const endsBefore = ({ fate }) => BEFORE.some((before) => before === fate);
const isStranger = ({ fate }) => fate === 'stranger';
const weighted = (weights) =>
  fc.oneof(
    ...weights.map(([value, weight]) => ({
      arbitrary: fc.constant(value),
      weight,
    })),
  );
const handler = fc.record({
  wait: fc.oneof(
    {
      arbitrary: fc.constant(0),
      weight: 2,
    },
    {
      arbitrary: fc.integer({
        min: 1,
        max: 15,
      }),
      weight: 1,
    },
  ),
  isAsync: fc.boolean(),
  end: weighted([
    ['returns', 40],
    ['fails', 4],
    ['exits', 3],
    ['never', 2],
    ['blocks', 1],
  ]),
  code: fc.integer({
    min: 0,
    max: 9,
  }),
  registers: fc.option(fc.nat(3), {
    freq: 8,
    nil: void 0,
  }),
  unregisters: fc.option(fc.nat(3), {
    freq: 8,
    nil: void 0,
  }),
});
const handlers = {
  handlers: fc.array(handler, { maxLength: 4 }),
  register: fc.array(fc.nat(3), { maxLength: 5 }),
  drains: fc.oneof(
    {
      arbitrary: fc.constant([]),
      weight: 3,
    },
    {
      arbitrary: fc.array(handler, { maxLength: 2 }),
      weight: 1,
    },
  ),
};
const pool = fc.record({
  atomics: fc.constantFrom('sync', 'async', 'disabled'),
  threads: fc.integer({
    min: 1,
    max: 2,
  }),
  force: fc.boolean(),
  tasks: fc.array(
    fc.record({
      ms: fc.integer({
        min: 0,
        max: 60,
      }),
      blocks: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  worker: fc.record({
    ...handlers,
    fate: fc.constant('stays'),
    after: fc.constant(0),
    isRegistered: fc.constant(false),
    spawnsFirst: fc.constant(false),
    children: fc.constant([]),
  }),
});
const fate = weighted([
  ['stays', 60],
  ['asks', 4],
  ['stranger', 6],
  ...BEFORE.map((name) => [name, 2]),
  ...THEN.map((name) => [name, 4]),
  ['busy', 1],
  ['waits', 4],
]);
const thread = (depth) =>
  fc.record({
    ...handlers,
    fate: depth === 0 ? fc.constant('stays') : fate,
    after: fc.nat(30),
    isRegistered: fc.boolean(),
    spawnsFirst: fc.boolean(),
    children: depth === 3 ? fc.constant([]) : fc.array(thread(depth + 1), { maxLength: [3, 2, 1][depth] ?? 0 }),
    pool:
      depth > 1
        ? fc.constant(void 0)
        : fc.option(pool, {
            freq: depth === 0 ? 3 : 6,
            nil: void 0,
          }),
  });
/** A reference to one of so many. */
const refer = (index, size) => (index === void 0 || size === 0 ? void 0 : index % size);
/** Whatever was generated, made to fit together: the rules that one part of a program sets another. */
function fitted(thread, above, room, early) {
  const { parent } = above;
  const size = thread.handlers.length;
  let { fate } = thread;
  if (fate === 'busy' && --room.busy < 0) fate = 'waits';
  if (parent && isStranger(parent) && (fate === 'is terminated' || fate === 'shut down')) fate = 'stays';
  if (
    endsBefore({
      ...thread,
      fate,
    }) &&
    (above.endsBefore || above.isBlocked)
  )
    fate = 'stays';
  if (early && fate === 'shut down') fate = 'terminated';
  const isRegistered = (thread.isRegistered || fate === 'shut down') && !(parent && isStranger(parent));
  const mended = {
    ...thread,
    fate,
    isRegistered,
  };
  const pool = fate === 'stays' && !above.endsBefore && !above.isBlocked ? thread.pool : void 0;
  if (pool) room.threads -= pool.threads;
  const mayBlock = parent !== void 0 && !['ends', 'exits', 'crashes', 'rejects'].includes(fate);
  const mend = (handler) => ({
    ...handler,
    ...(handler.end === 'blocks' && {
      end: mayBlock ? 'blocks' : 'returns',
      wait: 0,
    }),
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
    pool: pool && {
      ...pool,
      worker: fitted(
        pool.worker,
        {
          ...below,
          parent: mended,
        },
        room,
        early,
      ),
    },
  };
}
const isAsynchronous = (route) => ['beforeExit', 'exit', 'signal', 'shutdown'].includes(route);
const signal = fc.record({
  signal: fc.constantFrom('SIGINT', 'SIGTERM'),
  after: fc.oneof(
    fc.nat(40),
    fc.integer({
      min: 250,
      max: 800,
    }),
  ),
});
/** A program whose times are those that it is to be given. */
const program = fc
  .record({
    timeout: fc.constant(2e3),
    syncTimeout: fc.constant(1e3),
    main: thread(0),
    early: fc.oneof(
      {
        arbitrary: fc.constant(0),
        weight: 4,
      },
      {
        arbitrary: fc.integer({
          min: 1,
          max: 150,
        }),
        weight: 1,
      },
    ),
    route: fc.constantFrom('beforeExit', 'exit', 'process.exit', 'throw', 'reject', 'signal', 'shutdown'),
    code: fc.oneof(
      fc.constant(0),
      fc.integer({
        min: 1,
        max: 9,
      }),
    ),
    signals: fc.oneof(
      {
        arbitrary: fc.constant([]),
        weight: 4,
      },
      {
        arbitrary: fc.array(signal, { maxLength: 2 }),
        weight: 1,
      },
    ),
    meanwhile: fc.oneof(
      {
        arbitrary: fc.constant([]),
        weight: 5,
      },
      {
        arbitrary: fc.array(
          fc.record({
            act: fc.constantFrom('process.exit', 'exit', 'throw'),
            after: fc.nat(40),
            code: fc.integer({
              min: 0,
              max: 9,
            }),
          }),
          { maxLength: 1 },
        ),
        weight: 1,
      },
    ),
    again: fc.boolean(),
  })
  .map((raw) => {
    const isEarly = raw.early > 0;
    const above = {
      endsBefore: false,
      isBlocked: false,
    };
    const first = {
      signal: 'SIGTERM',
      after: 0,
    };
    return {
      ...raw,
      main: fitted(
        raw.main,
        above,
        {
          threads: 6,
          busy: 1,
        },
        isEarly,
      ),
      signals: raw.route === 'signal' ? [first, ...raw.signals] : raw.signals,
      meanwhile: isAsynchronous(raw.route) ? raw.meanwhile : [],
    };
  });
// test/chaos/oracle.ts
/** Room for a machine that is busy with other things: ms. */
const ROOM = 5e3;
/** A budget below this may run out, even on a machine that is not busy: ms. */
const TIGHT = 300;
/** A machine that keeps a thread waiting for longer is too busy for the 100 ms that the library leaves here and there. */
const CALM = 30;
function nodesOf(thread, name, parent) {
  const node = {
    name,
    thread,
    parent,
  };
  const children = thread.children.flatMap((child, index) =>
    nodesOf(child, parent ? `${name}.${index}` : `${index}`, node),
  );
  const pooled = thread.pool
    ? [
        {
          name: `${name}.pool`,
          thread: thread.pool.worker,
          parent: node,
        },
      ]
    : [];
  return [node, ...children, ...pooled];
}
/** The nearest first. */
const ancestorsOf = ({ parent }) => (parent ? [parent, ...ancestorsOf(parent)] : []);
const descendantsOf = (node, nodes) => nodes.filter((other) => ancestorsOf(other).includes(node));
/** What a thread calls, in order, if nothing stops it: last in first out, with what is registered meanwhile next. */
function expectedOf({ handlers, register, drains }) {
  let registered = [...register];
  const called = {
    drains: [],
    handlers: [],
  };
  const seen = /* @__PURE__ */ new Set();
  const call = (label, handler) => {
    if (handler && !seen.has(label)) {
      const { registers, unregisters } = handler;
      if (registers !== void 0) registered.push(registers);
      if (unregisters !== void 0) registered = registered.filter((index) => index !== unregisters);
    }
    seen.add(label);
    return handler?.end === 'blocks';
  };
  for (const [index, drain] of [...drains.entries()].reverse()) {
    called.drains.push(`d${index}`);
    if (call(`d${index}`, drain) && drain.wait * Number(drain.isAsync) === 0)
      return {
        ...called,
        stuck: true,
      };
  }
  if (drains.some(({ end }) => end === 'blocks'))
    return {
      ...called,
      stuck: true,
    };
  for (let index = registered.pop(); index !== void 0; index = registered.pop()) {
    called.handlers.push(`f${index}`);
    if (call(`f${index}`, handlers[index]))
      return {
        ...called,
        stuck: true,
      };
  }
  return {
    ...called,
    stuck: false,
  };
}
const handlerOf = ({ handlers, drains }, label) => (label.startsWith('d') ? drains : handlers)[Number(label.slice(1))];
function callsOf(lines, thread) {
  const calls = [];
  for (const [at, { event, detail }] of lines.entries()) {
    const label = String(detail);
    const handler = handlerOf(thread, label);
    if (event === 'start' && handler)
      calls.push({
        label,
        handler,
        startedAt: at,
        endedAt: void 0,
      });
    const open = calls.findLast((call) => call.label === label && call.endedAt === void 0);
    if (event === 'end' && open) open.endedAt = at;
  }
  return calls;
}
const labels = (calls) => calls.map(({ label }) => label);
const isPrefix = (short, long) => short.every((label, index) => label === long[index]);
/** What is wrong with what a program did: nothing, hopefully. */
function judge(program, played) {
  const { lines } = played;
  const wrong = [];
  const check = (holds, complaint) => {
    if (!holds) wrong.push(complaint);
  };
  if (played.hung) return ['it hung'];
  const routeAt = lines.findIndex(({ event }) => event === 'route');
  const route = lines[routeAt];
  if (!route) return [`it did not come to its end: ${played.code} ${played.signal} ${played.stderr}`];
  const nodes = nodesOf(program.main, 'main', void 0);
  const lives = nodes.flatMap((node) => {
    return lines
      .filter(({ event, name }) => event === 'up' && name === node.name)
      .map(({ thread }) => thread)
      .map((id) => {
        const own = lines.map((line) =>
          line.thread === id
            ? line
            : {
                ...line,
                event: '',
              },
        );
        const calls = callsOf(own, node.thread);
        return {
          id,
          node,
          lines: own,
          drains: calls.filter(({ label }) => label.startsWith('d')),
          handlers: calls.filter(({ label }) => label.startsWith('f')),
          isInTime: own.findIndex(({ event }) => event === 'registered') < routeAt && has(own, 'registered'),
        };
      });
  });
  const main = lives.find(({ node }) => node.parent === void 0);
  if (!main) return ['there is no main thread'];
  const reports = lines.filter(({ event }) => event === 'report').map(({ detail }) => detail);
  const [report] = reports;
  const isSync = ['process.exit', 'throw', 'reject'].includes(program.route);
  const mainAfter = main.lines.slice(routeAt + 1);
  const isCut =
    has(mainAfter, 'exits') || has(mainAfter, 'throws') || /cut short/.test(JSON.stringify(logged(main.lines)));
  const extra =
    program.route === 'signal' && !has(mainAfter, 'exits') && !has(mainAfter, 'throws')
      ? program.signals.slice(1)
      : program.signals;
  const isKilled = extra.some(({ signal }) => signal === played.signal) && !report;
  const isBusy = played.stall > CALM;
  const isEarly = program.early > 0;
  const hasHandlers = ({ thread }) => thread.register.length + thread.drains.length > 0;
  const isSlow = ({ thread }) =>
    isBlocked(thread) || [...thread.handlers, ...thread.drains].some(({ end }) => end === 'never' || end === 'blocks');
  /** ms that a thread has for its sequence, by the shares and the margins that are documented. */
  function budgetOf(node) {
    const { parent, thread } = node;
    if (!parent) return isSync ? program.syncTimeout / 0.75 : program.timeout;
    if (endsBefore(thread)) return thread.isRegistered ? 900 : program.syncTimeout;
    const budget = (
      isStranger(parent.thread) || isBlocked(parent.thread)
        ? {
            node: parent,
            budget: 0,
          }
        : void 0
    )
      ? budgetOf(parent)
      : budgetOf(parent);
    const drains = parent.thread.drains.some(({ end }) => end === 'never' || end === 'blocks');
    const order = isStranger(parent.thread) ? budget : budget * (drains && !(isSync && !parent.parent) ? 0.25 : 0.75);
    return order - Math.min(order * 0.1, 100);
  }
  const isTerminated = ({ thread }) =>
    !thread.isRegistered && (thread.fate === 'terminated' || thread.fate === 'is terminated');
  function isLoose(node) {
    if (isKilled) return true;
    const line = [node, ...ancestorsOf(node)];
    if (line.some(isTerminated)) return true;
    if (isEarly && line.some(({ thread }) => endsBefore(thread) || / then$|^is /.test(thread.fate))) return true;
    if ((isCut || isBusy) && node.parent && [node, ...descendantsOf(node, nodes)].some(isSlow)) return true;
    return budgetOf(node) < TIGHT + 5 * played.stall;
  }
  for (const { id, node, drains, handlers, lines: own, isInTime } of lives) {
    const who = `thread ${id} (${node.name})`;
    const expected = expectedOf(node.thread);
    const called = {
      drains: labels(drains),
      handlers: labels(handlers),
    };
    const shown = `it called ${JSON.stringify(called)}, and was to call ${JSON.stringify(expected)}`;
    check(isPrefix(called.drains, expected.drains), `${who}: wrong order, or twice: ${shown}`);
    check(isPrefix(called.handlers, expected.handlers), `${who}: wrong order, or twice: ${shown}`);
    if (isStranger(node.thread) || !hasHandlers(node)) continue;
    if (isTerminated(node) && endsBefore(node.thread)) {
      if (!isEarly) check(handlers.length + drains.length === 0, `${who}: was terminated, and ${shown}`);
    } else if (isBlocked(node.thread)) {
      if (isInTime) check(handlers.length + drains.length === 0, `${who}: was blocked, and ${shown}`);
    } else if (isInTime && !isLoose(node))
      check(
        [called.drains.length, called.handlers.length].join() ===
          [expected.drains.length, expected.handlers.length].join(),
        `${who}: left out: ${shown}`,
      );
    if (isLoose(node) || !isInTime) continue;
    const mayBeCut = has(own, 'exits') || has(own, 'throws') || (node.parent === void 0 && (isSync || isCut));
    for (const { label, handler, endedAt } of [...drains, ...handlers]) {
      if (endedAt !== void 0 || mayBeCut || expected.stuck) continue;
      check(handler.end === 'never', `${who}: ${label} did not finish`);
    }
  }
  for (const above of lives) {
    const first = above.handlers[0];
    if (first === void 0) continue;
    for (const below of lives) {
      if (!ancestorsOf(below.node).includes(above.node) || !below.isInTime) continue;
      if (isLoose(below.node) || isLoose(above.node)) continue;
      if ([...ancestorsOf(below.node), below.node].some(({ thread }) => isStranger(thread) && endsBefore(thread)))
        continue;
      for (const { label, startedAt, endedAt } of below.handlers)
        check(
          (endedAt ?? startedAt) < first.startedAt,
          `thread ${below.id} (${below.node.name}): ${label} came after ${first.label} of ${above.node.name}`,
        );
    }
  }
  const codes = mainAfter
    .filter(({ event }) => event === 'exits' || event === 'throws')
    .map(({ event, detail }) => (event === 'throws' ? 1 : Number(detail)));
  const isLivingOn = program.route === 'shutdown' && codes.length === 0;
  const last = isLivingOn ? reports[1] : reports.at(-1);
  const base = program.route === 'throw' || program.route === 'reject' ? 1 : program.code;
  const code = codes.at(-1) ?? base;
  const allowed = [
    (program.route === 'signal' && codes.length === 0 ? program.signals[0]?.signal : void 0) ??
      (code === 0 && last && !last.ok ? 1 : code),
    ...extra.map(({ signal }) => signal),
  ];
  const actual = played.signal ?? played.code ?? -1;
  check(allowed.includes(actual), `it ended by ${actual}, and was to by ${allowed.join(' or ')}`);
  check(isKilled || report !== void 0, 'there is no report');
  if (!report) return wrong;
  const most =
    isEarly && program.route === 'beforeExit' && lives.some(({ isInTime }) => !isInTime)
      ? Number.POSITIVE_INFINITY
      : isLivingOn
        ? 2
        : 1;
  check(reports.length <= most, `there are ${reports.length} reports`);
  if (!isLivingOn && extra.length === 0) {
    const told = last?.signal ?? last?.exitCode;
    check(told === actual, `the report says ${told}`);
  }
  const mixed = isSync ? program.syncTimeout : program.timeout + (isCut ? program.syncTimeout : 0);
  const took = played.at - route.at;
  check(took < mixed + 500 + ROOM, `it took ${took} ms to end`);
  if (isLivingOn && !isKilled && program.again && played.signal === void 0)
    check(lines.filter(({ event }) => event === 'again').length === 1, 'what was registered anew was not called once');
  const isClean = ({ error, unfinished }) => !error && !unfinished;
  const timedOut = report.stages.some((stage) => stage.timedOut);
  const drained = report.stages.flatMap(({ handlers = [] }) => handlers);
  const ok =
    !timedOut &&
    [...drained, ...report.handlers].every(isClean) &&
    report.workers.every(({ status }) => status === 'acked' || status === 'unlinked');
  check(report.ok === ok, `the report's ok is ${report.ok}`);
  checkCalls(main, drained, report.handlers);
  function checkCalls(life, ofDrains, ofHandlers) {
    for (const [calls, told] of [
      [life.drains, ofDrains],
      [life.handlers, ofHandlers],
    ]) {
      const names = told.map(({ name }) => name);
      check(names.join() === labels(calls).join(), `${life.node.name}: the report has ${names}, not ${labels(calls)}`);
      const never = calls.findIndex(({ handler }) => handler.end === 'never');
      for (const [index, { label, handler, endedAt }] of calls.entries()) {
        if (isBusy && never >= 0 && index > never) continue;
        const { error, unfinished } = told[index] ?? {};
        const isExit = handler.end === 'exits' && !(handler.isAsync && handler.wait > 0);
        const outcome = error ? 'error' : unfinished ? 'unfinished' : 'clean';
        const wanted =
          endedAt !== void 0 ? (handler.end === 'fails' ? 'error' : 'clean') : isExit ? 'clean' : 'unfinished';
        check(outcome === wanted, `${life.node.name}: ${label} is reported ${outcome}, and was ${wanted}`);
      }
    }
  }
  const told = new Map(report.workers.map((worker) => [worker.threadId, worker]));
  check(told.size === report.workers.length, 'a worker is reported twice');
  for (const life of lives.filter(({ node }) => node.parent)) {
    const { id, node, isInTime } = life;
    const { thread } = node;
    const worker = told.get(id);
    const who = `thread ${id} (${node.name})`;
    told.delete(id);
    if (isLoose(node)) continue;
    const above = ancestorsOf(node).filter((ancestor) => !isStranger(ancestor.thread));
    if (endsBefore(thread) || above.some((ancestor) => endsBefore(ancestor.thread))) {
      check(worker === void 0, `${who} was gone, and is reported ${worker?.status}`);
      continue;
    }
    const isUnheard = above.some((ancestor) => isBlocked(ancestor.thread) || expectedOf(ancestor.thread).stuck);
    if (isStranger(thread)) {
      const wanted = thread.isRegistered && !isUnheard ? 'unlinked' : void 0;
      if (!(isEarly && worker === void 0)) check(worker?.status === wanted, `${who} is reported ${worker?.status}`);
      continue;
    }
    if (!isInTime) continue;
    if (!worker) {
      wrong.push(`${who} is not reported`);
      continue;
    }
    const path = [life, ...above.map(({ name }) => lives.find((other) => other.node.name === name))].map(
      (one) => one?.id,
    );
    check(worker.path.join() === path.reverse().slice(1).join(), `${who} is reported at ${worker.path}`);
    const failed = worker.handlers.some((handler) => !isClean(handler));
    const isSilent = isBlocked(thread) || expectedOf(thread).stuck;
    const hasDetails = worker.handlers.length > 0 || !isUnheard;
    const wanted = isSilent ? 'timed-out' : !hasDetails ? /^(acked|failed)$/ : failed ? 'failed' : 'acked';
    check(
      typeof wanted === 'string' ? worker.status === wanted : wanted.test(worker.status),
      `${who} is reported ${worker.status} (${worker.diagnosis}), and was to be ${wanted}`,
    );
    if (isSilent || worker.handlers.length === 0) continue;
    checkCalls(
      life,
      worker.handlers.filter(({ stage }) => stage === 'drain'),
      worker.handlers.filter(({ stage }) => stage !== 'drain'),
    );
  }
  for (const { threadId, status } of told.values())
    check(status === 'unlinked' && isEarly, `thread ${threadId}, unheard of, is reported ${status}`);
  for (const { detail } of lines.filter(({ event }) => event === 'shut down')) {
    const [id, status] = Array.isArray(detail) ? detail : [];
    const life = lives.find((one) => one.id === id);
    if (!life || isLoose(life.node)) continue;
    const expected = expectedOf(life.node.thread);
    const failed = [...life.drains, ...life.handlers].some(
      ({ handler, endedAt }) => handler.end === 'fails' || (endedAt === void 0 && !(handler.end === 'exits')),
    );
    const wanted = !hasHandlers(life.node)
      ? ['unlinked', 'acked']
      : expected.stuck
        ? ['timed-out']
        : ['acked', 'failed'];
    check(wanted.includes(String(status)), `thread ${id} was shut down alone, and is told ${status}, not ${wanted}`);
    if (status === 'acked') check(!failed, `thread ${id} was shut down alone, had a failure, and is told acked`);
  }
  const happened = (event, name) => lines.filter((line) => line.event === event && line.name === name);
  for (const node of nodes) {
    const { pool } = node.thread;
    if (!pool || isEarly || isSync || isCut || isKilled || pool.force) continue;
    const done = happened('task done', `${node.name}.pool`).length;
    const owner = lives.find((life) => life.node === node);
    if (owner && (has(owner.lines, 'exits') || has(owner.lines, 'throws'))) continue;
    if ([node, ...ancestorsOf(node)].some((one) => isLoose(one))) continue;
    check(done === pool.tasks.length, `${node.name}: ${done} of ${pool.tasks.length} tasks were done`);
  }
  const complaints = [...logged(main.lines), played.stderr].join('\n');
  check(
    /dropped a|a step failed|no slot|could not be ended|onReport failed|ERR_|TypeError|FATAL/.exec(complaints) === null,
    `it complained: ${complaints}`,
  );
  for (const note of reports.flatMap(({ notes }) => notes)) check(/were woken|rejected/.test(note), `a note: ${note}`);
  return wrong;
}
const has = (lines, event) => lines.some((line) => line.event === event);
const logged = (lines) => lines.filter(({ event }) => event === 'logger').map(({ detail }) => detail);
// test/chaos/play.ts
/** Plays one random program as a process of its own, and reads what it has written. */
/** A program that has not ended by then hangs: ms. */
const LIMIT = 3e4;
const file = fileURLToPath(new URL('./program.js', import.meta.url));
/** How often this thread looks whether the machine lets it: ms. */
const LOOK = 10;
/** Watches how late a timer is; what it returns ends that and tells the worst: ms. */
function watchMachine() {
  let worst = 0;
  let last = Date.now();
  const interval = setInterval(() => {
    worst = Math.max(worst, Date.now() - last - LOOK);
    last = Date.now();
  }, LOOK);
  return () => {
    clearInterval(interval);
    return worst;
  };
}
async function play(program) {
  const dir = mkdtempSync(join(tmpdir(), 'worker-atexit-chaos-'));
  try {
    writeFileSync(join(dir, 'program.json'), JSON.stringify(program));
    const stalled = watchMachine();
    const child = execa(process.execPath, [file, dir], {
      env: { NODE_OPTIONS: '' },
      reject: false,
      timeout: LIMIT,
      killSignal: 'SIGKILL',
    });
    const timers = [];
    child.stdout.once('data', () => {
      for (const { signal, after } of program.signals) {
        const send = () => void child.kill(signal);
        if (after === 0) send();
        else timers.push(setTimeout(send, after));
      }
    });
    const { exitCode, signal, stderr, timedOut } = await child;
    const at = Date.now();
    const stall = stalled();
    for (const timer of timers) clearTimeout(timer);
    return {
      code: exitCode,
      signal,
      stderr,
      hung: timedOut,
      stall,
      at,
      lines: linesOf(readFileSync(join(dir, 'log'), 'utf8')),
    };
  } finally {
    rmSync(dir, {
      recursive: true,
      force: true,
    });
  }
}
function linesOf(log) {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [thread, name, event, detail, at] = JSON.parse(line);
      return {
        thread,
        name,
        event,
        detail,
        at,
      };
    });
}
// test/chaos/explore.tmp.ts
const [, , seed = '1', runs = '50', atOnce = '4', given, from = '0'] = process.argv;
const programs =
  given && given !== '-'
    ? Array.from({ length: Number(runs) }, () => JSON.parse(fs.readFileSync(given, 'utf8')))
    : fc.sample(program, {
        seed: Number(seed),
        numRuns: Number(runs),
      });
let next = Number(from);
let failed = 0;
const started = Date.now();
await Promise.all(
  Array.from({ length: Number(atOnce) }, async () => {
    while (next < programs.length) {
      const i = next++;
      const p = programs[i];
      const t = Date.now();
      const played = await play(p);
      let wrong;
      try {
        wrong = judge(p, played);
      } catch (e) {
        wrong = [String(e.stack)];
      }
      if (process.env.VERBOSE) console.log(i, Date.now() - t, p.route);
      if (wrong.length) {
        failed++;
        fs.mkdirSync('/tmp/chaos-fail', { recursive: true });
        const f = `/tmp/chaos-fail/${seed}-${i}`;
        fs.writeFileSync(f + '.json', JSON.stringify(p));
        const r0 = played.lines.find((l) => l.event === 'route')?.at ?? 0;
        fs.writeFileSync(
          f + '.log',
          wrong.join('\n') +
            '\n---\n' +
            played.lines
              .map((l) => `${l.at - r0} ${l.thread} ${l.name} ${l.event} ${JSON.stringify(l.detail)}`)
              .join('\n') +
            `\n${played.at - r0} gone ${played.code} ${played.signal}\n${played.stderr}`,
        );
        console.log(
          `${seed}-${i} ${p.route} early=${p.early}: ${wrong
            .slice(0, 3)
            .map((w) => w.slice(0, 250))
            .join(' | ')}${wrong.length > 3 ? ` (+${wrong.length - 3})` : ''}`,
        );
      }
    }
  }),
);
console.log(`${failed} of ${programs.length} failed, ${(Date.now() - started) / 1e3} s`);
