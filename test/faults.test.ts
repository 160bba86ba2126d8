import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLOCKED, type Ended, linesOf, PARKED, run } from './programs.ts';
import * as runtime from './runtime.ts';

const routes = [
  'exit()',
  'process.exit()',
  'SIGTERM',
  'an uncaught error',
  'the event loop runs empty',
  'shutdown()',
  'terminate()',
] as const;
type Route = (typeof routes)[number];

const isSync = (route: Route): boolean => route === 'process.exit()' || route === 'an uncaught error';

interface Expected {
  /** What is reported of the faulty worker, or of more than one. */
  readonly report: string | readonly string[] | ((route: Route) => readonly string[]);
  /** The handlers of it that end, beside the clean ones. */
  readonly log?: readonly string[];
  readonly isClean?: true;
}

const memory = 'it ended by Error: Worker terminated due to reaching memory limit: JS heap out of memory';
/** Inside 'exit' only Node tells that a thread is gone, and not how. */
const gone = (elsewhere: string): string => (runtime.name.startsWith('node') ? 'lost it ended' : elsewhere);
const terminated = 'lost it ended with exit code 1';
const clean = { report: 'acked cleanUp', log: ['faulty'], isClean: true } as const;

const faults: Record<string, Expected> = {
  none: clean,
  'a busy loop': { report: `timed-out ${BLOCKED}` },
  'Atomics.wait': { report: `timed-out ${PARKED}` },
  'a handler throws': { report: 'failed first fails RangeError: of the handler before' },
  'a handler rejects': { report: 'failed first fails RangeError: of the handler before' },
  'a handler throws what is no Error': {
    report: 'failed first fails Error: thrown, and not an Error: a text before',
  },
  'a handler throws what cannot be cloned': { report: 'failed first fails RangeError: of the handler before' },
  'a handler never settles': { report: `failed first fails unfinished${' before'.repeat(5)}` },
  'a handler loops': { report: 'timed-out handler fails blocks it (1 of 3 done)' },
  'a crash before its handlers': { report: 'acked before', isClean: true },
  'a crash during its handlers': { report: 'failed first fails unfinished before' },
  'a crash after its handlers': { report: 'acked last', isClean: true },
  'process.exit() in a handler': { report: 'acked first fails before', isClean: true },
  'process.exit() during its handlers': { report: 'failed first fails unfinished before' },
  'out of memory': {
    report: (route) => [isSync(route) ? gone('timed-out handler fails blocks it (1 of 3 done)') : `lost ${memory}`],
  },
  'terminated by somebody else': {
    // In Deno `terminate()` itself emits 'exit'.
    report: (route) => [isSync(route) && runtime.name !== 'deno' ? gone(`timed-out ${BLOCKED}`) : terminated],
  },
  // The names of its handlers were in the ack.
  'its port is closed': { report: 'acked', log: ['faulty'], isClean: true },
  'a malformed ack': clean,
  'a stale ack': clean,
  'a forged ack': clean,
  'a second ack': clean,
  'it joins in the middle': {
    // Where the event loop no longer turns its link is not delivered, and its slot is all that is seen of it.
    report: (route) => [isSync(route) ? 'acked' : 'acked cleanUp'],
    log: ['faulty'],
    isClean: true,
  },
  'its module throws at load': {
    // It was gone before the shutdown began.
    report: (route) => (route === 'terminate()' ? ['acked (anonymous)'] : []),
    log: ['faulty'],
    isClean: true,
  },
  'never loaded the library': { report: 'unlinked', isClean: true },
  'a parent is blocked above a healthy child': {
    report: [`timed-out ${BLOCKED}`, 'acked its parent did not ack for it'],
    log: ['child'],
  },
};

/** Faults by which a worker uses up its time, so that is short; a busy machine may need a while for the others: ms. */
const hanging = [
  'a busy loop',
  'Atomics.wait',
  'a handler never settles',
  'a handler loops',
  'a parent is blocked above a healthy child',
];
const timeoutOf = (fault: string): number => (hanging.includes(fault) ? 4000 : 8000);

/** What a loaded machine may need beyond the deadline, the 500 ms after it, and a worker's own limit: ms. */
const ROOM = 4000;

const order = ['main 2', 'main 1'];

describe.each(Object.entries(faults))('%s', (fault, { report, log = [], isClean = false }) => {
  const timeout = timeoutOf(fault);
  const cells = new Map<Route, { ended: Ended; lines: readonly string[]; endedAt: number }>();
  const dir = mkdtempSync(join(tmpdir(), 'worker-atexit-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  beforeAll(async () => {
    const play = async (route: Route): Promise<void> => {
      const folder = mkdtempSync(join(dir, 'cell-'));
      const ended = await run('faults.js', [folder, fault, route], { env: { TIMEOUT: String(timeout) } });
      cells.set(route, { ended, lines: linesOf(folder, 'log'), endedAt: Date.now() });
    };
    await Promise.all(routes.map(play));
  }, 60_000);

  it.each(routes)('by %s: the others clean up, it is named, and the process is gone in time', (route) => {
    const cell = cells.get(route);
    if (!cell) throw new Error('the program did not run');
    const { ended, lines, endedAt } = cell;
    const said = (pattern: RegExp): string[] => lines.filter((line) => pattern.test(line));

    expect(said(/^clean/), ended.stderr).toEqual(['clean', 'clean', 'clean']);
    expect(said(/^(faulty|child)/)).toEqual(log);
    expect(said(/^main/)).toEqual(order);
    expect(said(/^(clean|main|faulty|child)/).slice(-2)).toEqual(order);
    expect(said(/^report: worker [123] acked cleanUp$/)).toHaveLength(3);
    const reports = typeof report === 'function' ? report(route) : typeof report === 'string' ? [report] : report;
    // A worker that was ended alone is told of by itself, and without those below it.
    const others = said(/^report: (?!worker [123] )/).map((line) =>
      line.replace(/^report: (faulty|worker) [\d ()>]+ /, ''),
    );
    expect(others).toEqual(route === 'terminate()' ? reports.slice(0, 1) : reports);

    const dies = route === 'SIGTERM';
    // What lives on after its shutdown, or ends one worker only, ends cleanly later.
    const isUnclean = !isClean && route !== 'shutdown()' && route !== 'terminate()';
    expect({ code: ended.code, signal: ended.signal }).toEqual({
      code: dies ? undefined : route === 'an uncaught error' || isUnclean ? 1 : 0,
      signal: dies ? 'SIGTERM' : undefined,
    });
    const startedAt = Number(said(/^start /)[0]?.slice(6));
    expect(endedAt - startedAt).toBeLessThan(timeout + 500 + ROOM);
  });
});
