import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Timeline } from 'worker-atexit/timeline';
import { linesOf, run, type Started, start, temporaryFolder } from './programs.ts';
import { isNode } from './runtime.ts';

/** How many lines each child writes when it cleans up. */
const LINES = 25;
const CHILDREN = 3;

/** How often each situation is played. */
const RUNS = Number(process.env.PROCESS_RUNS ?? 1);

/** A stamp is rounded where it crosses processes: ms. */
const GRAIN = 2;

interface Played {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** What happened, in that order. */
  readonly order: readonly string[];
  readonly lines: readonly string[];
  readonly report: {
    readonly ok: boolean;
    readonly workers: readonly Worker[];
    readonly text: string;
    readonly timeline: Timeline;
  };
  readonly pids: readonly number[];
}

interface Worker {
  readonly threadId: number;
  readonly pid: number;
  readonly path: readonly number[];
  readonly name: string;
  readonly status: string;
  readonly diagnosis?: string;
  readonly handlers: readonly { readonly name: string; readonly error?: unknown; readonly unfinished?: true }[];
}

interface Situation {
  readonly how: string;
  readonly end?: string;
  readonly count?: number;
  readonly child?: object;
  readonly options?: object;
  readonly library?: object;
  readonly forwardAfter?: number;
  readonly late?: string;
  readonly extra?: object;
}

interface Start {
  readonly act: (program: Started) => unknown;
  readonly under?: readonly string[];
  /** Its children outlive it, and are waited for. */
  readonly untilGone?: true;
  readonly whenFinished?: (remove: () => void) => void;
}

/** A process that has ended may wait for its parent to take note of it. */
const isThere = (pid: number): boolean => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
};

async function play(situation: Situation, { act, under, untilGone, whenFinished }: Start): Promise<Played> {
  const folder = temporaryFolder(whenFinished);
  const program = start('processes.js', [JSON.stringify({ folder, ...situation })], {
    group: true,
    ...(under && { under }),
  });
  await program.printed('ready');
  await act(program);
  const { code, signal, stdout, stderr } = await program.ended;
  const pids = readdirSync(folder)
    .flatMap((name) => /^ready-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number);
  if (untilGone) await expect.poll(() => pids.filter(isThere)).toEqual([]);
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      return '{"workers":[]}';
    }
  };
  return {
    code,
    signal,
    stderr,
    order: linesOf(folder, 'order'),
    lines: linesOf(folder, 'lines'),
    report: { ...JSON.parse(read('report.json')), text: read('report.txt') },
    stdout,
    pids,
  };
}

const canUnshare = spawnSync('unshare', ['-pf', '--mount-proc', 'true']).status === 0;

/** The pid of the one process that `unshare` has started. */
const inside = ({ pid }: Started): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));

const ends: Record<
  string,
  { situation?: Partial<Situation>; start: Omit<Start, 'whenFinished'>; status: object; isSync?: true }
> = {
  'a SIGTERM for it alone': { start: { act: ({ kill }) => kill('SIGTERM') }, status: { signal: 'SIGTERM' } },
  'Ctrl+C, which the whole group gets': {
    start: { act: ({ killGroup }) => killGroup('SIGINT') },
    status: { signal: 'SIGINT' },
  },
  'a SIGTERM for the group, forwarded after 100 ms': {
    situation: { forwardAfter: 100, child: { takes: 600 }, library: { signals: ['SIGTERM'] } },
    start: { act: ({ killGroup }) => killGroup('SIGTERM') },
    status: { signal: 'SIGTERM' },
  },
  'a SIGTERM for the group, forwarded after 400 ms': {
    situation: { forwardAfter: 400, child: { takes: 600 }, library: { signals: ['SIGTERM'] } },
    start: { act: ({ killGroup }) => killGroup('SIGTERM') },
    status: { signal: 'SIGTERM' },
  },
  'process.exit()': { situation: { end: 'exit' }, start: { act: ({ type }) => type('x') }, status: { code: 0 } },
  'a crash': { situation: { end: 'crash' }, start: { act: ({ type }) => type('x') }, status: { code: 1 } },
  'a SIGTERM as process 1': {
    start: { act: (program) => process.kill(inside(program), 'SIGTERM'), under: ['unshare', '-pf', '--mount-proc'] },
    status: { code: 143 },
  },
};

describe.each(['fork', 'spawn', 'execa', 'cluster'])('the children of a parent that uses %s', (how) => {
  const all = Object.entries(ends);
  it.concurrent.for(all)(
    'have all cleaned up before it does: %s',
    async ([, { situation, start, status }], context) => {
      if (start.under && !canUnshare) context.skip('this user may not make a namespace');
      for (let run = 0; run < RUNS; run++) {
        const { code, signal, order, lines, report } = await play(
          { how, ...situation },
          { ...start, whenFinished: context.onTestFinished },
        );
        expect({ lines: new Set(lines).size, all: lines.length }).toEqual({
          lines: CHILDREN * LINES,
          all: CHILDREN * LINES,
        });
        expect(order).toEqual([...Array(CHILDREN).fill('a child is done'), 'the parent is done']);
        expect({ code, signal }).toEqual({ code: undefined, signal: undefined, ...status });
        expect(report.workers.map(({ status }) => status)).toEqual(
          Array(CHILDREN).fill(isNode && (how === 'fork' || how === 'cluster') ? 'acked' : 'unlinked'),
        );
      }
    },
  );
});

it('the messages of a program come as if there were no others, and none keeps a child alive', async () => {
  const { code, stdout, stderr } = await run('processes-messages.js');
  const lines = stdout.trimEnd().split('\n');
  expect(lines.splice(0, 2).sort()).toEqual(['the child heard early', 'the parent heard early']);
  expect({ code, lines, stderr }).toEqual({
    code: 0,
    lines: ['the child cleans up', 'the child ended with 0'],
    stderr: '',
  });
});

describe('a child is told, or ended, and named:', () => {
  const sigterm: Start = { act: ({ kill }) => kill('SIGTERM') };
  const quick = { timeout: 1500 };

  it('one that ignores SIGTERM is killed in time', async () => {
    const { signal, report, order, pids } = await play(
      { how: 'spawn', count: 1, child: { fault: 'ignores SIGTERM' }, library: quick },
      sigterm,
    );
    expect(report.workers).toMatchObject([{ status: 'timed-out', diagnosis: /^had not ended after \d+ ms: killed$/ }]);
    expect(order).toEqual([
      expect.stringMatching(/^worker-atexit: still shutting down: 1 of 1 workers \(spawn \d+, /),
      'the parent is done',
      expect.stringMatching(/^worker-atexit: spawn \d+ timed-out: had not ended/),
    ]);
    expect(signal).toBe('SIGTERM');
    expect(pids.filter(isThere)).toEqual([]);
  });

  it('one whose event loop is blocked is killed in time', async () => {
    const { report, pids } = await play({ how: 'fork', count: 1, child: { fault: 'blocks' }, library: quick }, sigterm);
    expect(report.workers).toMatchObject([{ status: 'timed-out' }]);
    expect(pids.filter(isThere)).toEqual([]);
  });

  it('one that has less time than the others is killed when that is up', async () => {
    const { report } = await play(
      { how: 'fork', count: 1, child: { fault: 'blocks' }, options: { timeout: 300, name: 'indexer' } },
      sigterm,
    );
    expect(report.workers).toMatchObject([{ status: 'timed-out', name: `indexer ${report.workers[0]?.pid}` }]);
  });

  it.each(['fork', 'cluster'])('%s: one with a handler that hangs says so itself, in time', async (how) => {
    const { report } = await play({ how, count: 1, child: { fault: 'hangs' }, library: quick }, sigterm);
    expect(report.workers).toMatchObject([{ status: 'failed', handlers: [{ unfinished: true }] }]);
  });

  it.each(['exit', 'crash'])('one with a handler that hangs says so even on a synchronous route: %s', async (end) => {
    const { report } = await play(
      { how: 'fork', count: 1, end, child: { fault: 'hangs' } },
      { act: ({ type }) => type('x') },
    );
    expect(report.workers).toMatchObject([{ status: 'failed', handlers: [{ unfinished: true }] }]);
  });

  it('one whose handler fails is told with its error', async () => {
    const situation = { how: 'fork', count: 1, child: { fault: 'throws in its handler' } };
    const { report, stderr, order } = await play(situation, sigterm);
    expect(report.ok).toBe(false);
    expect(report.workers).toMatchObject([{ status: 'failed', handlers: [{ name: 'broken' }] }]);
    expect(report.text).toContain('broken: Error: on purpose');
    // By the child, and by nobody else.
    expect(stderr.match(/handler broken failed/g)).toHaveLength(1);
    expect(order).toEqual(['the parent is done']);
  });

  it('one that has disconnected itself is told by its signal', async () => {
    const { report, lines } = await play({ how: 'fork', count: 1, child: { fault: 'disconnects itself' } }, sigterm);
    expect(lines).toHaveLength(LINES);
    expect(report.workers).toMatchObject([{ status: 'unlinked', diagnosis: 'ended by SIGTERM' }]);
  });

  it('one that forges an ack is awaited all the same, and what is damaged is dropped', async () => {
    const { report, lines, order } = await play({ how: 'fork', count: 1, child: { fault: 'forges an ack' } }, sigterm);
    expect(lines).toHaveLength(LINES);
    expect(order).toEqual([
      expect.stringMatching(/^worker-atexit: a message of fork \d+ was dropped/),
      'a child is done',
      'the parent is done',
    ]);
    expect(report.workers).toMatchObject([{ status: 'acked', handlers: [{ name: 'flush' }] }]);
  });

  it('one that has imported the library and registered nothing ends as if it had not', async () => {
    const { report } = await play({ how: 'fork', count: 1, child: { fault: 'imports only' } }, sigterm);
    expect(report.workers).toMatchObject([{ status: 'unlinked', diagnosis: 'ended by SIGTERM' }]);
  });

  it('one that is detached is ended as well', async () => {
    const { report, lines } = await play({ how: 'spawn', count: 1, extra: { detached: true } }, sigterm);
    expect(lines).toHaveLength(LINES);
    expect(report.workers).toMatchObject([{ status: 'unlinked' }]);
  });

  it('a worker of a cluster that is forked during the shutdown is part of it', async () => {
    const { order, report, pids } = await play({ how: 'cluster', count: 1, late: 'once' }, sigterm);
    expect(report.workers).toHaveLength(2);
    expect(order.at(-1)).toBe('the parent is done');
    expect(pids.filter(isThere)).toEqual([]);
  });

  it('a cluster that forks whenever a worker exits comes to its end', async () => {
    const { signal, order, lines } = await play({ how: 'cluster', count: 2, late: 'again and again' }, sigterm);
    expect(signal).toBe('SIGTERM');
    expect(order.at(-1)).toBe('the parent is done');
    expect(lines.length).toBeGreaterThanOrEqual(2 * LINES);
  });

  it('the threads of a child, and its own children, are part of the report', async () => {
    const situation = { how: 'fork', count: 1, child: { threads: 2, grandchildren: 1 } };
    const { report, lines, order } = await play(situation, sigterm);
    expect(new Set(lines).size).toBe(4 * LINES);
    const [child, ...below] = report.workers;
    const grandchild = below.find(({ threadId }) => threadId === 0);
    expect(child).toMatchObject({ threadId: 0, path: [child?.pid], status: 'acked' });
    expect(grandchild).toMatchObject({ path: [child?.pid, grandchild?.pid], status: 'acked', name: /^grandchild/ });
    const threads = below.filter(({ threadId }) => threadId > 0);
    expect(threads).toHaveLength(2);
    for (const { threadId, pid, path, status } of threads) {
      expect({ pid, path, status }).toEqual({ pid: child?.pid, path: [child?.pid, threadId], status: 'acked' });
    }
    // The leaves come first.
    expect(order).toEqual(['a child is done', 'a child is done', 'the parent is done']);
  });

  it('is in the timeline, with its threads, on the clock of its parent', async () => {
    const { report } = await play({ how: 'fork', count: 1, child: { threads: 1 } }, sigterm);
    const { threads, spans, instants } = report.timeline;
    const [main, child, thread] = threads;
    if (!main || !child || !thread) throw new Error(`not there: ${JSON.stringify(threads)}`);
    expect([main.pid === child.pid, thread.pid === child.pid]).toEqual([false, true]);
    const of = (place: number, kind: string) => spans.find((span) => span.thread === place && span.kind === kind);
    const stage = spans.find(({ kind, stage }) => kind === 'stage' && stage === 'workers');
    // From the parent's stage down to what the thread of its child did: each within the one before.
    const nested = [stage, of(1, 'worker'), of(2, 'handler')];
    for (const [index, span] of nested.entries()) {
      if (!span) throw new Error(`not there: ${JSON.stringify(spans)}`);
      const outer = nested[index - 1];
      if (!outer) continue;
      expect(span.begin).toBeGreaterThanOrEqual(outer.begin - GRAIN);
      expect(span.end).toBeLessThanOrEqual(outer.end + GRAIN);
    }
    const own = of(1, 'handler');
    expect(own?.begin).toBeGreaterThanOrEqual((nested[2]?.end ?? Number.NaN) - GRAIN);
    expect(own?.end).toBeLessThanOrEqual((nested[1]?.end ?? Number.NaN) + GRAIN);
    expect(instants.filter((instant) => instant.thread === 1).map(({ kind }) => kind)).toEqual([
      'order',
      'read',
      'ack',
    ]);
  });

  it.each(['fork', 'cluster'])('%s: one whose parent is killed without a word cleans up by itself', async (how) => {
    const { lines, pids } = await play({ how }, { act: ({ kill }) => kill('SIGKILL'), untilGone: true });
    expect(lines).toHaveLength(CHILDREN * LINES);
    expect(pids.filter(isThere)).toEqual([]);
  });

  it('one alone cleans up and ends while its parent lives on', async () => {
    const { code, order, lines, stdout } = await play({ how: 'fork', end: 'one' }, { act: ({ type }) => type('x') });
    expect(stdout).toMatch(/^ready\nfork \d+ acked 1\nnone\nstill here\n$/);
    expect(code).toBe(0);
    // The other two end with the parent, and are told of it; the one that was taken back is not.
    expect(order).toEqual(['a child is done', 'a child is done', 'the parent is done']);
    expect(lines).toHaveLength(2 * LINES);
  });
});
