/**
 * What is waited for, told while it is: on a terminal a line that is written again and again, and is gone before anything
 * else is printed; elsewhere a line of the log, once, when half of the time is over.
 */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { now } from '../clock.ts';
import { clearInterval, clearTimeout, process, setInterval, setTimeout } from '../platform.ts';
import type { HandlerReport, WorkerReport } from '../report/report.ts';
import { standIn } from '../stand-in.ts';
import type { Awaited } from '../thread/waiting.ts';
import { SHOWN_EVERY } from '../times.ts';
import { printable, toColumns, widthOf } from './terminal.ts';

const STDERR = 2;
const CLEAR = '\r\u001b[K';

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;

/** Up to three names: more is no help. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/** Which handler a worker is at, as its slot tells. */
function progressOf({ name, diagnosis = '' }: WorkerReport): string {
  const [, handler, done, count] = /^handler (.*) blocks it \((\d+) of (\d+) done\)$/s.exec(diagnosis) ?? [];
  return handler === undefined ? name : `${name}: ${handler}, ${Number(done) + 1} of ${count}`;
}

/** Whom the shutdown waits for. */
export function describeAwaited({ stage, outcome, isSettled, workers, startedAt }: Awaited): string {
  const pending = (reports: readonly HandlerReport[]): HandlerReport[] =>
    reports.filter((report) => !isSettled(report));
  const nameOf = ({ name }: { readonly name: string }): string => name;
  const since = (began = startedAt): string => seconds(now() - began);
  switch (stage()) {
    case 'collecting': {
      const drained = outcome.stages.find(({ name }) => name === 'drain');
      const own = workers().filter(({ path, status }) => path.length === 1 && status !== 'unlinked');
      const waiting = own.filter(({ status }) => status === 'timed-out');
      const began = drained?.startedAt === undefined ? startedAt : drained.startedAt + drained.durationMs;
      if (waiting.length === 0) return 'its workers';
      return `${waiting.length} of ${own.length} workers (${list(waiting.map(progressOf))}, ${since(began)})`;
    }
    case 'handling': {
      const [handler] = pending(outcome.handlers);
      return handler ? `${handler.name} (${since(handler.startedAt)})` : 'its handlers';
    }
    default: {
      const drained = pending(outcome.drained);
      if (drained.length > 0) return `${list(drained.map(nameOf))} (${since()})`;
      const pools = outcome.pools.filter(({ unfinished }) => unfinished);
      return pools.length > 0 ? `${list(pools.map(({ name }) => `pool ${name}`))} (${since()})` : 'what it drains';
    }
  }
}

export function show(awaited: Awaited): () => void {
  return awaited.isPlain && isatty(STDERR) && process.env.TERM !== 'dumb' ? showLine(awaited) : logOnce(awaited);
}

function logOnce(awaited: Awaited): () => void {
  const { startedAt, until, log } = awaited;
  const half = (startedAt + until()) / 2;
  const timer = setTimeout(
    () => log(`still shutting down: ${describeAwaited(awaited)}, ${seconds(until() - now())} left`),
    Math.max(0, half - now()),
  ).unref();
  return () => clearTimeout(timer);
}

function showLine(awaited: Awaited): () => void {
  const { until, keyboard } = awaited;
  let isShown = false;
  /** Somebody's line is not yet ended: ours would cover it. */
  let isTaken = false;

  /** To the descriptor: a stream whose reader is gone emits an error, which nobody here could catch. */
  function write(text: string): void {
    try {
      writeSync(STDERR, text);
    } catch {
      // A terminal that is gone, or that takes no more now: the next line will do.
    }
  }

  function clear(): void {
    if (isShown) write(CLEAR);
    isShown = false;
  }

  function draw(): void {
    if (isTaken) return;
    const again = keyboard();
    const text = `shutting down: ${describeAwaited(awaited)}, ${seconds(until() - now())} left${again ? `; ${again}` : ''}`;
    const line = printable(text, false);
    // A line that reaches the last column would be on two.
    const columns = Math.max((process.stderr.columns || 80) - 1, 1);
    write(CLEAR + (widthOf(line) > columns ? toColumns(line, columns, false) : line));
    isShown = true;
  }

  const watching = [process.stdout, process.stderr]
    .filter(({ isTTY }) => isTTY)
    .map((stream) =>
      standIn(stream, 'write', (next, ...args) => {
        clear();
        isTaken = !/\n$/.test(String(args[0]));
        return next(...args);
      }),
    );
  draw();
  const timer = setInterval(draw, SHOWN_EVERY).unref();
  return () => {
    clearInterval(timer);
    clear();
    for (const each of watching) each.takeAway();
  };
}
