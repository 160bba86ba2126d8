/**
 * What must hold of a random program that was played: judged from its log, its exit status and its report. Where what is
 * documented leaves several outcomes open (a crash beside a shutdown, time that has run out further up), the thread at
 * stake is `loose`: of it, only that it calls nothing twice or out of order is asked.
 */
import type { Line, Played } from './play.ts';
import { endsBefore, type Handler, isBlocked, isSlow, isStranger, type Program, type Thread } from './programs.ts';

/** Room for a machine that is busy with other things: ms. */
const ROOM = 5000;

/** A budget below this may run out, even on a machine that is not busy: ms. */
const TIGHT = 300;

/** A machine that is later, or keeps a thread waiting for longer in all, is too busy for the library's margins of 100 ms: ms. */
const CALM = { late: 30, waited: 100 } as const;

/** What the report has of a handler, a worker, and all of it: as JSON, where an error is `{}`. */
interface HandlerReport {
  readonly name: string;
  readonly stage?: 'drain';
  readonly error?: object;
  readonly unfinished?: true;
}
interface WorkerReport {
  readonly threadId: number;
  readonly path: readonly number[];
  readonly status: string;
  readonly diagnosis?: string;
  readonly ackMs?: number;
  readonly handlers: readonly HandlerReport[];
}
interface Report {
  readonly ok: boolean;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly stages: readonly { name: string; timedOut?: true; handlers?: readonly HandlerReport[] }[];
  readonly workers: readonly WorkerReport[];
  readonly handlers: readonly HandlerReport[];
  readonly notes: readonly string[];
}

/** A thread as the program has it. */
interface Node {
  readonly name: string;
  readonly thread: Thread;
  readonly parent: Node | undefined;
}

/** A thread as it has lived: a node of a pool has several. */
interface Life {
  readonly id: number;
  readonly node: Node;
  readonly lines: readonly Line[];
  /** Its drain functions and its handlers, as they were called. */
  readonly drains: readonly Call[];
  readonly handlers: readonly Call[];
  /** It was through with registering when the end began. */
  readonly isInTime: boolean;
}

interface Call {
  readonly label: string;
  readonly handler: Handler;
  readonly startedAt: number;
  endedAt: number | undefined;
}

function nodesOf(thread: Thread, name: string, parent: Node | undefined): Node[] {
  const node: Node = { name, thread, parent };
  const children = thread.children.flatMap((child, index) =>
    nodesOf(child, parent ? `${name}.${index}` : `${index}`, node),
  );
  const pooled = thread.pool ? [{ name: `${name}.pool`, thread: thread.pool.worker, parent: node }] : [];
  return [node, ...children, ...pooled];
}

/** The nearest first. */
const ancestorsOf = ({ parent }: Node): Node[] => (parent ? [parent, ...ancestorsOf(parent)] : []);
const descendantsOf = (node: Node, nodes: readonly Node[]): Node[] =>
  nodes.filter((other) => ancestorsOf(other).includes(node));

/** What a thread calls, in order, if nothing stops it: last in first out, with what is registered meanwhile next. */
function expectedOf({ handlers, register, drains }: Thread): { drains: string[]; handlers: string[]; stuck: boolean } {
  let registered = [...register];
  const called = { drains: [] as string[], handlers: [] as string[] };
  const seen = new Set<string>();
  const call = (label: string, handler: Handler | undefined): boolean => {
    if (handler && !seen.has(label)) {
      const { registers, unregisters } = handler;
      if (registers !== undefined) registered.push(registers);
      if (unregisters !== undefined) registered = registered.filter((index) => index !== unregisters);
    }
    seen.add(label);
    return handler?.end === 'blocks';
  };
  for (const [index, drain] of [...drains.entries()].reverse()) {
    called.drains.push(`d${index}`);
    if (call(`d${index}`, drain) && drain.wait * Number(drain.isAsync) === 0) return { ...called, stuck: true };
  }
  if (drains.some(({ end }) => end === 'blocks')) return { ...called, stuck: true };
  for (let index = registered.pop(); index !== undefined; index = registered.pop()) {
    called.handlers.push(`f${index}`);
    if (call(`f${index}`, handlers[index])) return { ...called, stuck: true };
  }
  return { ...called, stuck: false };
}

const handlerOf = ({ handlers, drains }: Thread, label: string): Handler | undefined =>
  (label.startsWith('d') ? drains : handlers)[Number(label.slice(1))];

function callsOf(lines: readonly Line[], thread: Thread): Call[] {
  const calls: Call[] = [];
  for (const [at, { event, detail }] of lines.entries()) {
    const label = String(detail);
    const handler = handlerOf(thread, label);
    if (event === 'start' && handler) calls.push({ label, handler, startedAt: at, endedAt: undefined });
    const open = calls.findLast((call) => call.label === label && call.endedAt === undefined);
    if (event === 'end' && open) open.endedAt = at;
  }
  return calls;
}

const labels = (calls: readonly Call[]): string[] => calls.map(({ label }) => label);
const isPrefix = (short: readonly string[], long: readonly string[]): boolean =>
  short.every((label, index) => label === long[index]);

/** What is wrong with what a program did: nothing, hopefully. */
export function judge(program: Program, played: Played): string[] {
  const { lines } = played;
  const wrong: string[] = [];
  const check = (holds: boolean, complaint: string): void => {
    if (!holds) wrong.push(complaint);
  };

  if (played.hung) return ['it hung'];
  const routeAt = lines.findIndex(({ event }) => event === 'route');
  const route = lines[routeAt];
  if (!route) return [`it did not come to its end: ${played.code} ${played.signal} ${played.stderr}`];

  // --- What there was ---

  const nodes = nodesOf(program.main, 'main', undefined);
  const lives = nodes.flatMap((node) => {
    const ids = lines.filter(({ event, name }) => event === 'up' && name === node.name).map(({ thread }) => thread);
    return ids.map((id): Life => {
      // The places of the others' lines stay, so that a place tells what came first.
      const own = lines.map((line) => (line.thread === id ? line : { ...line, event: '' }));
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
  const main = lives.find(({ node }) => node.parent === undefined);
  if (!main) return ['there is no main thread'];
  const reports = lines.filter(({ event }) => event === 'report').map(({ detail }) => toReport(detail));
  const [report] = reports;

  const isSync = ['process.exit', 'throw', 'reject'].includes(program.route);
  const mainAfter = main.lines.slice(routeAt + 1);
  const isCut =
    has(mainAfter, 'exits') || has(mainAfter, 'throws') || /cut short/.test(JSON.stringify(logged(main.lines)));
  // The first one may come too late, too, where the main thread has done something else meanwhile.
  const isFirst = program.route === 'signal' && !has(mainAfter, 'exits') && !has(mainAfter, 'throws');
  const extra = isFirst ? program.signals.slice(1) : program.signals;
  const isKilled = extra.some(({ signal }) => signal === played.signal) && !report;

  // --- Which thread has what to expect ---

  const isBusy = played.late > CALM.late || played.waited > CALM.waited;

  const isEarly = program.early > 0;
  const hasHandlers = ({ thread }: Node): boolean => thread.register.length + thread.drains.length > 0;

  /** ms that a thread has for its sequence, by the shares and the margins that are documented. */
  function budgetOf(node: Node): number {
    const { parent, thread } = node;
    if (!parent) return isSync ? program.syncTimeout / 0.75 : program.timeout;
    if (endsBefore(thread)) return thread.isRegistered || cleansUpFirst(node) ? 900 : program.syncTimeout;
    const budget = budgetOf(parent);
    const drains = parent.thread.drains.some(({ end }) => end === 'never' || end === 'blocks');
    const order = isStranger(parent.thread) ? budget : budget * (drains && !(isSync && !parent.parent) ? 0.25 : 0.75);
    return order - Math.min(order * 0.1, 100);
  }

  const isTold = ({ thread }: Node): boolean => thread.fate === 'terminated' || thread.fate === 'is terminated';
  /** A worker that has registered something is let clean up first by whoever terminates it, if that thread knows of it. */
  const cleansUpFirst = (node: Node): boolean =>
    isTold(node) && hasHandlers(node) && node.parent !== undefined && !isStranger(node.parent.thread);
  const isTerminated = (node: Node): boolean => isTold(node) && !node.thread.isRegistered && !cleansUpFirst(node);

  function isLoose(node: Node): boolean {
    if (isKilled) return true;
    const line = [node, ...ancestorsOf(node)];
    if (line.some(isTerminated)) return true;
    // It has 100 ms to read its order, unless it is registered.
    if (isBusy && line.some((one) => cleansUpFirst(one) && !one.thread.isRegistered)) return true;
    if (isEarly && line.some(({ thread }) => endsBefore(thread) || / then$|^is /.test(thread.fate))) return true;
    // One that has used nothing, and blocked in the tick in which it made its worker, has told nobody of that.
    if (isEarly && ancestorsOf(node).some((above) => isBlocked(above.thread) && !hasHandlers(above))) return true;
    if ((isCut || isBusy) && node.parent && [node, ...descendantsOf(node, nodes)].some((one) => isSlow(one.thread)))
      return true;
    return budgetOf(node) < TIGHT + Math.max(5 * played.late, played.waited);
  }

  // --- Each thread by itself: once, and last in first out ---

  for (const { id, node, drains, handlers, lines: own, isInTime } of lives) {
    const who = `thread ${id} (${node.name})`;
    const expected = expectedOf(node.thread);
    const called = { drains: labels(drains), handlers: labels(handlers) };
    const shown = `it called ${JSON.stringify(called)}, and was to call ${JSON.stringify(expected)}`;
    check(isPrefix(called.drains, expected.drains), `${who}: wrong order, or twice: ${shown}`);
    check(isPrefix(called.handlers, expected.handlers), `${who}: wrong order, or twice: ${shown}`);
    if (isStranger(node.thread) || !hasHandlers(node)) continue;
    if (isTerminated(node) && endsBefore(node.thread)) {
      if (!isEarly) check(handlers.length + drains.length === 0, `${who}: was terminated, and ${shown}`);
    } else if (isBlocked(node.thread)) {
      if (isInTime) check(handlers.length + drains.length === 0, `${who}: was blocked, and ${shown}`);
    } else if (isInTime && !isLoose(node)) {
      const all = [called.drains.length, called.handlers.length];
      check(all.join() === [expected.drains.length, expected.handlers.length].join(), `${who}: left out: ${shown}`);
    }
    if (isLoose(node) || !isInTime) continue;
    const mayBeCut = has(own, 'exits') || has(own, 'throws') || (node.parent === undefined && (isSync || isCut));
    for (const { label, handler, endedAt } of [...drains, ...handlers]) {
      if (endedAt !== undefined || mayBeCut || expected.stuck) continue;
      check(handler.end === 'never', `${who}: ${label} did not finish`);
    }
  }

  // --- Children first ---

  for (const above of lives) {
    const first = above.handlers[0];
    if (first === undefined) continue;
    for (const below of lives) {
      if (!ancestorsOf(below.node).includes(above.node) || !below.isInTime) continue;
      if (isLoose(below.node) || isLoose(above.node)) continue;
      if ([...ancestorsOf(below.node), below.node].some(({ thread }) => isStranger(thread) && endsBefore(thread)))
        continue;
      for (const { label, startedAt, endedAt } of below.handlers) {
        check(
          (endedAt ?? startedAt) < first.startedAt,
          `thread ${below.id} (${below.node.name}): ${label} came after ${first.label} of ${above.node.name}`,
        );
      }
    }
  }

  // --- How it ended ---

  const codes = mainAfter
    .filter(({ event }) => event === 'exits' || event === 'throws')
    .map(({ event, detail }) => (event === 'throws' ? 1 : Number(detail)));
  // An `exit()` while what was registered is being ended waits for that; the program goes on then, to its own end.
  if (/(exits|throws),.*over/.test(mainAfter.map(({ event }) => event).join())) codes.push(program.code);
  const isLivingOn = program.route === 'shutdown' && codes.length === 0;
  const last = isLivingOn ? reports[1] : reports.at(-1);
  const base = program.route === 'throw' || program.route === 'reject' ? 1 : program.code;
  const code = codes.at(-1) ?? base;
  const signalled = program.route === 'signal' && codes.length === 0 ? program.signals[0]?.signal : undefined;
  const ending = signalled ?? (code === 0 && last && !last.ok ? 1 : code);
  const allowed: unknown[] = [ending, ...extra.map(({ signal }) => signal)];
  const actual = played.signal ?? played.code ?? -1;
  check(allowed.includes(actual), `it ended by ${actual}, and was to by ${allowed.join(' or ')}: ${played.stderr}`);
  check(isKilled || report !== undefined, 'there is no report');
  if (!report) return wrong;
  // A worker that joins when all is done is new work.
  const isRevived = isEarly && program.route === 'beforeExit' && lives.some(({ isInTime }) => !isInTime);
  // An `exit()` when all was done, and the process was about to end by itself, begins another one.
  const isAgain =
    program.route === 'beforeExit' &&
    lines.slice(lines.findIndex(({ event }) => event === 'report')).some(({ event }) => event === 'exits');
  const most = isRevived ? Number.POSITIVE_INFINITY : program.route === 'shutdown' || isAgain ? 2 : 1;
  check(reports.length <= most, `there are ${reports.length} reports`);
  const isLater = lines
    .slice(lines.findLastIndex(({ event }) => event === 'report'))
    .some(({ event }) => /^(exits|throws)$/.test(event));
  if (!isLivingOn && extra.length === 0 && !isLater) {
    const told = last?.signal ?? last?.exitCode;
    check(told === actual, `the report says ${told}`);
  }
  const mixed = isSync ? program.syncTimeout : program.timeout + (isCut ? program.syncTimeout : 0);
  const took = played.at - route.at;
  check(took < mixed + 500 + ROOM, `it took ${took} ms to end`);
  if (isLivingOn && !isKilled && program.again && played.signal === undefined) {
    check(lines.filter(({ event }) => event === 'again').length === 1, 'what was registered anew was not called once');
  }

  // --- What is reported ---

  const isClean = ({ error, unfinished }: HandlerReport): boolean => !error && !unfinished;
  const timedOut = report.stages.some((stage) => stage.timedOut);
  const drained = report.stages.flatMap(({ handlers = [] }) => handlers);
  const ok =
    !timedOut &&
    [...drained, ...report.handlers].every(isClean) &&
    report.workers.every(({ status }) => status === 'acked' || status === 'unlinked');
  check(report.ok === ok, `the report's ok is ${report.ok}`);
  checkCalls(main, drained, report.handlers);

  function checkCalls(life: Life, ofDrains: readonly HandlerReport[], ofHandlers: readonly HandlerReport[]): void {
    for (const [calls, told] of [
      [life.drains, ofDrains],
      [life.handlers, ofHandlers],
    ] as const) {
      const names = told.map(({ name }) => name);
      check(names.join() === labels(calls).join(), `${life.node.name}: the report has ${names}, not ${labels(calls)}`);
      const never = calls.findIndex(({ handler }) => handler.end === 'never');
      for (const [index, { label, handler, endedAt }] of calls.entries()) {
        // Those behind it have 100 ms each.
        if (isBusy && never >= 0 && index > never) continue;
        const { error, unfinished } = told[index] ?? {};
        const isExit = handler.end === 'exits' && !(handler.isAsync && handler.wait > 0);
        const outcome = error ? 'error' : unfinished ? 'unfinished' : 'clean';
        const wanted =
          endedAt !== undefined ? (handler.end === 'fails' ? 'error' : 'clean') : isExit ? 'clean' : 'unfinished';
        check(outcome === wanted, `${life.node.name}: ${label} is reported ${outcome}, and was ${wanted}`);
      }
    }
  }

  /** Only a slot tells that it has acked. */
  const isUndeliveredAck = (life: Life | undefined): boolean =>
    report.workers.some(({ threadId, ackMs }) => threadId === life?.id && ackMs === undefined);

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
      // Only its port tells those above a stranger that it is gone, and that may be heard a moment later.
      const isHeardLate = [node, ...ancestorsOf(node)].some(({ parent }) => parent && isStranger(parent.thread));
      check(worker === undefined || isHeardLate, `${who} was gone, and is reported ${worker?.status}`);
      continue;
    }
    const isUnheard = above.some((ancestor) => isBlocked(ancestor.thread) || expectedOf(ancestor.thread).stuck);
    const mayBeUnheard = isUnheard || above.some(isLoose);
    if (isStranger(thread)) {
      const wanted = thread.isRegistered && !isUnheard ? 'unlinked' : undefined;
      if (worker || !(isEarly || mayBeUnheard))
        check(worker?.status === wanted, `${who} is reported ${worker?.status}`);
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
    // In an early program its link may be on its way to a thread that blocks: then its slot tells how many have failed.
    const isUndelivered = isEarly && isSync && /its ack was not delivered/.test(worker.diagnosis ?? '');
    // So it may be for a parent, where the event loops stop in the middle: nobody hears what it acks for those below it.
    const isUntold = isCut && above.some((one) => isUndeliveredAck(lives.find(({ node: other }) => other === one)));
    const hasDetails = worker.handlers.length > 0 || !(mayBeUnheard || isUndelivered || isUntold);
    const wanted = isSilent ? 'timed-out' : !hasDetails ? /^(acked|failed)$/ : failed ? 'failed' : 'acked';
    const fits = typeof wanted === 'string' ? worker.status === wanted : wanted.test(worker.status);
    check(fits, `${who} is reported ${worker.status} (${worker.diagnosis}), and was to be ${wanted}`);
    if (isSilent || worker.handlers.length === 0) continue;
    checkCalls(
      life,
      worker.handlers.filter(({ stage }) => stage === 'drain'),
      worker.handlers.filter(({ stage }) => stage !== 'drain'),
    );
  }
  for (const { threadId, status } of told.values()) {
    // In an early program it has not come to anything yet.
    check(status === 'unlinked' && isEarly, `thread ${threadId}, unheard of, is reported ${status}`);
  }

  // --- Workers that were ended alone, and tasks ---

  for (const { detail } of lines.filter(({ event }) => event === 'shut down')) {
    const [id, status] = Array.isArray(detail) ? detail : [];
    const life = lives.find((one) => one.id === id);
    if (!life || isLoose(life.node)) continue;
    const expected = expectedOf(life.node.thread);
    const failed = [...life.drains, ...life.handlers].some(
      ({ handler, endedAt }) => handler.end === 'fails' || (endedAt === undefined && !(handler.end === 'exits')),
    );
    const wanted = !hasHandlers(life.node)
      ? ['unlinked', 'acked']
      : expected.stuck
        ? ['timed-out']
        : ['acked', 'failed'];
    check(wanted.includes(String(status)), `thread ${id} was shut down alone, and is told ${status}, not ${wanted}`);
    if (status === 'acked') check(!failed, `thread ${id} was shut down alone, had a failure, and is told acked`);
  }

  const happened = (event: string, name: string): Line[] =>
    lines.filter((line) => line.event === event && line.name === name);
  for (const node of nodes) {
    const { pool } = node.thread;
    if (!pool || isEarly || isSync || isCut || isKilled || pool.force) continue;
    const done = happened('task done', `${node.name}.pool`).length;
    const owner = lives.find((life) => life.node === node);
    if (owner && (has(owner.lines, 'exits') || has(owner.lines, 'throws'))) continue;
    if ([node, ...ancestorsOf(node)].some((one) => isLoose(one))) continue;
    check(done === pool.tasks.length, `${node.name}: ${done} of ${pool.tasks.length} tasks were done`);
  }

  // --- What the library complains of ---

  const complaints = [...logged(main.lines), played.stderr].join('\n');
  const odd = /dropped a|a step failed|no slot|could not be ended|onReport failed|ERR_|TypeError|FATAL/.exec(
    complaints,
  );
  check(odd === null, `it complained: ${complaints}`);
  // Where a thread hangs, a pool has half of a second or two.
  const mayBeUnfinished = isCut || (isBusy && nodes.some(({ thread }) => isSlow(thread)));
  const expectedNotes = mayBeUnfinished ? /were woken|rejected|has not finished its tasks/ : /were woken|rejected/;
  for (const note of reports.flatMap(({ notes }) => notes)) check(expectedNotes.test(note), `a note: ${note}`);
  return wrong;
}

/** What `onReport` got, in the shape in which the program wrote it. */
const toReport = (detail: unknown): Report => JSON.parse(JSON.stringify(detail));

const has = (lines: readonly Line[], event: string): boolean => lines.some((line) => line.event === event);
const logged = (lines: readonly Line[]): unknown[] =>
  lines.filter(({ event }) => event === 'logger').map(({ detail }) => detail);
