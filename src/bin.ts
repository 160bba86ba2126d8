#!/usr/bin/env node
/**
 * `worker-atexit view REPORT.json`: shows where the time of a shutdown went. What it cannot read or was not told ends it
 * with 2 and a line that says so.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { RecordedReport } from './report/timeline.ts';
import { barsOf } from './timeline/bars.ts';
import { pageOf } from './timeline/page.ts';
import { readReport } from './timeline/recorded.ts';
import { terminal } from './timeline/terminal.ts';
import { traceOf } from './timeline/trace.ts';

const USAGE = `Usage: worker-atexit view REPORT.json [--text | --html | --trace]

Shows where the time of a shutdown went, on stdout.
  --text   bars for the terminal (default)
  --html   a page for a browser
  --trace  a trace for ui.perfetto.dev

REPORT.json is what JSON.stringify() makes of a report, a trace that was made of one, or - for stdin.
`;

const pictures: Readonly<Record<'text' | 'html' | 'trace', (report: RecordedReport) => string>> = {
  text: (report) => barsOf(report, terminal({})),
  html: pageOf,
  trace: traceOf,
};

/** Somebody's mistake, to be told in a line. */
class Refused extends Error {}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

function read(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (thrown) {
    throw new Refused(`cannot read ${file}: ${messageOf(thrown)}`);
  }
  try {
    // Some editors begin a file with a byte order mark.
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (thrown) {
    throw new Refused(`${file} is no JSON: ${messageOf(thrown)}`);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        text: { type: 'boolean' },
        html: { type: 'boolean' },
        trace: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (thrown) {
    throw new Refused(`${messageOf(thrown)}\n\n${USAGE}`);
  }
}

/** What is to be printed. */
function answer(args: readonly string[]): string {
  const { values, positionals } = parse(args);
  if (values.help) return USAGE;
  const [command, file, ...more] = positionals;
  if (command !== 'view') {
    throw new Refused(`${command === undefined ? 'no command' : `no command ${JSON.stringify(command)}`}\n\n${USAGE}`);
  }
  if (file === undefined || more.length > 0) throw new Refused(`view takes one file\n\n${USAGE}`);
  const chosen = (['text', 'html', 'trace'] as const).filter((picture) => values[picture]);
  if (chosen.length > 1) throw new Refused(`one picture at a time, not --${chosen.join(' and --')}\n\n${USAGE}`);
  const report = read(file);
  try {
    return pictures[chosen[0] ?? 'text'](readReport(report));
  } catch (thrown) {
    throw new Refused(`${file}: ${messageOf(thrown)}`);
  }
}

// Whoever reads may stop reading: `| head`.
process.stdout.on('error', () => process.exit());
process.stderr.on('error', () => process.exit(2));
try {
  process.stdout.write(answer(process.argv.slice(2)));
} catch (thrown) {
  if (!(thrown instanceof Refused)) throw thrown;
  process.stderr.write(`worker-atexit: ${thrown.message}\n`);
  process.exitCode = 2;
}
