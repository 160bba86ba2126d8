/**
 * Three pictures of where the time of a shutdown went: for a terminal, for a browser, and for Perfetto. Nothing else loads
 * this, and it may be loaded in any thread. Each function takes a `ShutdownReport`, or what was written of one with
 * `JSON.stringify` and read again, and throws a `TypeError` with the code `ERR_WORKER_ATEXIT_INVALID_ARGUMENT` for anything else.
 *
 * @module
 */
import { behind, checkOptions, misuse, shown } from './misuse.ts';
import { MAKERS } from './report/on-demand.ts';
import type { RecordedReport } from './report/timeline.ts';
import { barsOf } from './timeline/bars.ts';
import { timelineOf, toPlain } from './timeline/of-report.ts';
import { pageOf } from './timeline/page.ts';
import { readReport } from './timeline/recorded.ts';
import { type TerminalOptions, terminal } from './timeline/terminal.ts';
import { traceOf } from './timeline/trace.ts';

export type { Instant, RecordedReport, Span, Timeline, TimelineThread } from './report/timeline.ts';
export type { TerminalOptions } from './timeline/terminal.ts';

// Where a report finds what is made of it on demand.
Reflect.set(globalThis, MAKERS, { timelineOf, toPlain });

/**
 * The report as JSON in the Chrome trace event format, for ui.perfetto.dev, speedscope and whatever else reads it. What
 * overlaps in one thread is on lanes of its own. The report is in it: `worker-atexit view` takes such a file, too.
 */
export function toTrace(report: RecordedReport): string {
  return traceOf(behind(toTrace, () => readReport(report)));
}

/** The report as an HTML page, complete in itself: no script, nothing that is loaded from elsewhere. */
export function toHtml(report: RecordedReport): string {
  return pageOf(behind(toHtml, () => readReport(report)));
}

/**
 * The report as bars for a terminal, a line each; the last one is ended. What took less than a hundredth of the time, and
 * went well, is only counted. Control characters in names are not printed.
 */
export function toText(report: RecordedReport, options: TerminalOptions = {}): string {
  const read = behind(toText, () => {
    checkTerminal(options);
    return readReport(report);
  });
  return barsOf(read, terminal(options));
}

function checkTerminal(options: TerminalOptions): void {
  checkOptions('options', options, ['width', 'color', 'unicode']);
  const { width } = options;
  if (width === undefined || (Number.isSafeInteger(width) && width > 0)) return;
  throw misuse('INVALID_ARGUMENT', `options.width must be a number of columns, 1 or more; it is ${shown(width)}`);
}
