/** The timeline of real shutdowns, and the file that `WORKER_ATEXIT_TRACE` names a folder for. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import type { RecordedReport, Span } from 'worker-atexit/timeline';
import { readReport } from '../src/timeline/recorded.ts';
import { run, temporaryFolder } from './programs.ts';
import * as runtime from './runtime.ts';

/** A user namespace in which a disk can be mounted. */
const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

interface Seen {
  readonly report: RecordedReport;
  span(thread: string, name: string): Span;
  moments(thread: string): string[];
}

function see(json: string): Seen {
  const report = readReport(JSON.parse(json));
  const { threads, spans, instants } = report.timeline;
  const place = (name: string): number => threads.findIndex((thread) => thread.name.startsWith(name));
  return {
    report,
    span(thread, name) {
      const found = spans.find((span) => span.thread === place(thread) && span.name === name);
      if (found === undefined) throw new Error(`no span ${name} of ${thread} in ${JSON.stringify(report.timeline)}`);
      return found;
    },
    moments: (thread) => instants.filter((instant) => instant.thread === place(thread)).map(({ kind }) => kind),
  };
}

/** A stamp is rounded where it crosses threads, and a timer may be early by less than that: ms. */
const GRAIN = 2;
const lasts = ({ begin, end }: Span): number => end - begin;
const isInside = (inner: Span, outer: Span): boolean =>
  inner.begin >= outer.begin - GRAIN && inner.end <= outer.end + GRAIN;

describe('the timeline of a shutdown', () => {
  it('has the server, the consumer and the pool that it drained, one stage after the other, and what workers did', async () => {
    const { stdout } = await run('timeline.js', ['slow']);
    const { report, span, moments } = see(stdout);
    const [drain, workers, handlers] = ['drain', 'workers', 'handlers'].map((stage) => span('main', stage));
    if (!drain || !workers || !handlers) throw new Error('no stages');

    expect(report).toMatchObject({ ok: true, route: 'signal', signal: 'SIGTERM' });
    expect(drain.begin).toBeGreaterThanOrEqual(0);
    expect(workers.begin).toBeGreaterThanOrEqual(drain.end - GRAIN);
    expect(handlers.begin).toBeGreaterThanOrEqual(workers.end - GRAIN);
    expect(handlers.end).toBeLessThanOrEqual(report.durationMs + GRAIN);

    const server = report.timeline.spans.find(({ kind }) => kind === 'server');
    const pool = report.timeline.spans.find(({ kind }) => kind === 'pool');
    expect([server?.name, pool?.name]).toEqual([expect.stringMatching(/^:\d+$/), 'resize']);
    for (const drained of [server, pool, span('main', 'stopConsumer')]) {
      if (!drained) throw new Error('not drained');
      expect(isInside(drained, drain)).toBe(true);
    }
    // Pools finish once everything that feeds them is done.
    expect(pool?.begin).toBeGreaterThanOrEqual((server?.end ?? 0) - GRAIN);

    for (const name of ['indexer', 'resize']) {
      const [whole] = report.timeline.spans.filter(
        ({ kind, thread }) => kind === 'worker' && report.timeline.threads[thread]?.name.startsWith(name),
      );
      if (!whole) throw new Error(`no span of ${name}`);
      const flush = span(name, 'flushIndex');
      expect(isInside(whole, workers)).toBe(true);
      expect(isInside(flush, whole)).toBe(true);
      expect(lasts(flush)).toBeGreaterThanOrEqual(150 - GRAIN);
      expect(moments(name)).toEqual(['order', 'read', 'ack']);
    }
    expect(isInside(span('main', 'closeDatabase'), handlers)).toBe(true);
    expect(moments('main')).toEqual(['signal']);
  });

  it('has a worker that is blocked until it is terminated, and the deadline that passed', async () => {
    const { stdout } = await run('timeline.js', ['block']);
    const { report, moments } = see(stdout);
    const { spans, threads } = report.timeline;
    const stuck = spans.find(({ kind, outcome }) => kind === 'worker' && outcome === 'timed-out');
    expect(threads[stuck?.thread ?? 0]).toMatchObject({
      status: 'timed-out',
      diagnosis: expect.stringContaining('flushIndex'),
    });
    expect(moments('indexer')).toEqual(['order', 'terminated']);
    expect(moments('main')).toEqual(['signal', 'deadline']);
  });

  it('is there for a shutdown that the program survives, and is made when it is read', async () => {
    const { stdout } = await run('timeline-read.js');
    expect(JSON.parse(stdout)).toEqual({
      keys: expect.not.arrayContaining(['timeline', 'toJSON']),
      copied: false,
      spans: ['drain', 'workers', 'handlers', 'close'],
      made: true,
    });
  });
});

describe('WORKER_ATEXIT_TRACE', () => {
  const program = fileURLToPath(new URL('./programs/timeline.js', import.meta.url));
  const { options, env } = runtime.auto;

  async function play(folder: string, wrap = 'exec "$@"') {
    const args = ['-c', wrap, 'bash', runtime.command, ...runtime.args, ...options, program, 'slow'];
    const { exitCode, signal, stderr, stdout } = await execa('bash', args, {
      env: { NODE_OPTIONS: '', ...runtime.env, ...env, WORKER_ATEXIT_TRACE: folder },
      reject: false,
      timeout: 30_000,
      killSignal: 'SIGKILL',
    });
    return { exitCode, signal, stderr, ok: readReport(JSON.parse(stdout)).ok };
  }

  const ended = { exitCode: undefined, signal: 'SIGTERM', ok: true };

  it('has a file for each shutdown, beside what the program does with its report', async () => {
    const folder = temporaryFolder();
    expect(await play(folder)).toEqual({ ...ended, stderr: '' });
    expect(await play(folder)).toEqual({ ...ended, stderr: '' });
    const files = readdirSync(folder);
    expect(files).toEqual([1, 2].map(() => expect.stringMatching(/^worker-atexit-[\d-]+T[\d-]+\.\d+Z-\d+\.json$/)));
    for (const file of files) {
      const { report, traceEvents } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      expect(readReport(report).timeline.threads.map(({ name }) => name)).toContain('main thread');
      expect(traceEvents).toContainEqual(expect.objectContaining({ ph: 'X', name: 'flushIndex' }));
    }
  });

  it('costs a line, and not the exit, where there is no such folder', async () => {
    const folder = join(temporaryFolder(), 'nowhere');
    const { stderr, ...end } = await play(folder);
    expect(end).toEqual(ended);
    expect(stderr).toMatch(
      /^worker-atexit: WORKER_ATEXIT_TRACE must be a folder that can be written to: ENOENT[^\n]*$/,
    );
  });

  it('costs no more where the disk is full, and leaves no half of a file', async (context) => {
    if (!canMount) context.skip('this user may not mount a disk');
    const folder = join(temporaryFolder(), 'disk');
    mkdirSync(folder);
    // A disk of its own, of a page, 4 KB: less than a trace, and more than nothing.
    const inside = 'mount -t tmpfs -o size=4k none "$WORKER_ATEXIT_TRACE" && "$@"; code=$?';
    const after = 'df --output=used "$WORKER_ATEXIT_TRACE" >&2; ls -A "$WORKER_ATEXIT_TRACE" >&2; exit $code';
    const { stderr, ...end } = await play(folder, `exec unshare -rm bash -c '${inside}; ${after}' bash "$@"`);
    expect(end).toEqual({ exitCode: 143, signal: undefined, ok: true });
    expect(stderr).toMatch(
      /^worker-atexit: WORKER_ATEXIT_TRACE must be a folder that can be written to: ENOSPC[^\n]*\n(.*Terminated.*\n)? +Used\n +0$/,
    );
  });

  it('costs no more where nothing can be written, and leaves no half of a file', async () => {
    const folder = join(temporaryFolder(), 'full');
    mkdirSync(folder);
    // A process that may write no file of more than 0 bytes: what a full disk is to it, but for the error's name.
    const { stderr, ...end } = await play(folder, 'trap \'\' XFSZ; ulimit -f 0; exec "$@"');
    expect(end).toEqual(ended);
    expect(stderr).toMatch(/^worker-atexit: WORKER_ATEXIT_TRACE must be a folder that can be written to: EFBIG[^\n]*$/);
    expect(readdirSync(folder)).toEqual([]);
  });
});
