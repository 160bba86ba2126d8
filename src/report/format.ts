/** A report as text for people. */
import { toErrorText } from './errors.ts';
import type { ReportFacts } from './on-demand.ts';
import { type HandlerReport, isCleanHandler, type WorkerReport } from './report.ts';

/** A line for people on a handler that was not clean; undefined for one that was. */
export function describeHandler({ name, error, unfinished }: HandlerReport): string | undefined {
  if (error) return `handler ${name} failed: ${toErrorText(error).stack}`;
  return unfinished ? `handler ${name} was left unfinished` : undefined;
}

const ms = (value: number): string => value.toFixed(1);

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  );
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}

function handlerRow(handler: HandlerReport): string[] {
  const outcome = handler.error ? firstLine(handler.error) : handler.unfinished ? 'unfinished' : 'done';
  return [handler.name, ms(handler.durationMs), outcome];
}

const firstLine = (error: Error): string => {
  const { name, message } = toErrorText(error);
  return `${name}: ${message}`.split('\n', 1)[0] ?? name;
};

function workerRow({ name, path, status, ackMs, handlers, diagnosis }: WorkerReport): string[] {
  const failed = handlers.filter((handler) => !isCleanHandler(handler));
  const notes = [
    // What a worker did that has not acked, nobody knows.
    ...(handlers.length === 0 && diagnosis !== undefined
      ? []
      : [`${handlers.length - failed.length} of ${handlers.length} done`]),
    ...failed.map(({ name, error }) => `${name}: ${error ? firstLine(error) : 'unfinished'}`),
    ...(diagnosis === undefined ? [] : [diagnosis]),
  ];
  const place = path.length > 1 ? `${name} (${path.join(' > ')})` : name;
  return [
    place,
    status,
    ackMs === undefined ? '' : ms(ackMs),
    status === 'unlinked' ? (diagnosis ?? '') : notes.join('; '),
  ];
}

/** The report as a table: the head line says how it went, the rest what took how long and what failed. */
export function formatReport(report: ReportFacts): string {
  const { route, signal, exitCode, durationMs, stages, workers, handlers, notes, ok } = report;
  const ending = signal ? ` (${signal})` : exitCode === undefined ? '' : ` (exit code ${exitCode})`;
  const lines = [`worker-atexit: ${ok ? 'clean' : 'not clean'} shutdown by ${route}${ending} in ${ms(durationMs)} ms`];
  const stageRows = stages.map((stage) => [stage.name, ms(stage.durationMs), stage.timedOut ? 'timed out' : '']);
  lines.push(...table([['stage', 'ms', ''], ...stageRows]));
  const draining = stages.flatMap((stage) => stage.handlers ?? []);
  if (draining.length > 0) lines.push(...table([['drain', 'ms', ''], ...draining.map(handlerRow)]));
  if (workers.length > 0) lines.push(...table([['worker', 'status', 'ack ms', 'handlers'], ...workers.map(workerRow)]));
  if (handlers.length > 0) lines.push(...table([['handler', 'ms', ''], ...handlers.map(handlerRow)]));
  lines.push(...notes.map((note) => `  note: ${note}`));
  return lines.join('\n');
}
