/** Whether what is to be drawn is a report at all: it may come from a file, of another version or of another program. */
import { misuse, shown } from '../misuse.ts';
import {
  type Instant,
  KINDS,
  MOMENTS,
  OUTCOMES,
  type RecordedReport,
  type Span,
  STAGES,
  type Timeline,
  type TimelineThread,
  VERSION,
} from '../report/timeline.ts';

type Fields = Readonly<Record<string, unknown>>;

const WAY_OUT = 'give it what JSON.stringify() made of a report of worker-atexit, or the report itself';

function refuse(name: string, expected: string, value: unknown): never {
  throw misuse('INVALID_ARGUMENT', `${name} must be ${expected}; it is ${excerpt(shown(value))}: ${WAY_OUT}`);
}

const excerpt = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

function object(name: string, value: unknown): Fields {
  return isObject(value) && !Array.isArray(value) ? value : refuse(name, 'an object', value);
}

function list<T>(name: string, value: unknown, read: (name: string, fields: Fields) => T): T[] {
  if (!Array.isArray(value)) return refuse(name, 'a list', value);
  return value.map((item, index) => read(`${name}[${index}]`, object(`${name}[${index}]`, item)));
}

function text(name: string, value: unknown): string {
  return typeof value === 'string' ? value : refuse(name, 'a string', value);
}

function number(name: string, value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : refuse(name, 'a number', value);
}

function whole(name: string, value: unknown): number {
  return Number.isSafeInteger(value) ? number(name, value) : refuse(name, 'a whole number', value);
}

function oneOf<T extends string>(name: string, value: unknown, known: readonly T[]): T {
  return known.find((item) => item === value) ?? refuse(name, `one of ${known.join(', ')}`, value);
}

function optional<T>(fields: Fields, name: string, property: string, read: (name: string, value: unknown) => T) {
  const value = fields[property];
  return value === undefined ? {} : { [property]: read(`${name}.${property}`, value) };
}

function readThread(name: string, fields: Fields): TimelineThread {
  const path = Array.isArray(fields.path) ? fields.path : refuse(`${name}.path`, 'a list', fields.path);
  return {
    threadId: whole(`${name}.threadId`, fields.threadId),
    pid: whole(`${name}.pid`, fields.pid),
    name: text(`${name}.name`, fields.name),
    path: path.map((id, index) => whole(`${name}.path[${index}]`, id)),
    ...optional(fields, name, 'status', text),
    ...optional(fields, name, 'diagnosis', text),
  };
}

function threadIndex(name: string, value: unknown, threads: readonly TimelineThread[]): number {
  const index = whole(name, value);
  return threads[index] ? index : refuse(name, `the place of a thread, from 0 to ${threads.length - 1}`, value);
}

function readSpan(name: string, fields: Fields, threads: readonly TimelineThread[]): Span {
  const begin = number(`${name}.begin`, fields.begin);
  const end = number(`${name}.end`, fields.end);
  if (end < begin) refuse(`${name}.end`, `${begin} or more, since it begins then`, end);
  return {
    thread: threadIndex(`${name}.thread`, fields.thread, threads),
    stage: oneOf(`${name}.stage`, fields.stage, STAGES),
    kind: oneOf(`${name}.kind`, fields.kind, KINDS),
    name: text(`${name}.name`, fields.name),
    begin,
    end,
    outcome: oneOf(`${name}.outcome`, fields.outcome, OUTCOMES),
    ...optional(fields, name, 'detail', text),
  };
}

function readInstant(name: string, fields: Fields, threads: readonly TimelineThread[]): Instant {
  return {
    thread: threadIndex(`${name}.thread`, fields.thread, threads),
    kind: oneOf(`${name}.kind`, fields.kind, MOMENTS),
    at: number(`${name}.at`, fields.at),
    ...optional(fields, name, 'name', text),
  };
}

function readTimeline(name: string, value: unknown): Timeline {
  const fields = object(name, value);
  if (fields.version !== VERSION) {
    refuse(`${name}.version`, `${VERSION}, which is what this version of worker-atexit draws`, fields.version);
  }
  const threads = list(`${name}.threads`, fields.threads, readThread);
  if (threads.length === 0) refuse(`${name}.threads`, 'a list of one thread or more', 'an empty list');
  return {
    version: VERSION,
    startedAt: number(`${name}.startedAt`, fields.startedAt),
    threads,
    spans: list(`${name}.spans`, fields.spans, (item, span) => readSpan(item, span, threads)),
    instants: list(`${name}.instants`, fields.instants, (item, instant) => readInstant(item, instant, threads)),
  };
}

/**
 * A report as the pictures need it, from whatever `value` is: a report, one that was written as JSON, or a trace, which
 * has the report that it was made of in it. Throws a TypeError that names what does not fit.
 */
export function readReport(value: unknown): RecordedReport {
  const given = object('report', value);
  const fields = 'traceEvents' in given ? object('report', given.report) : given;
  return {
    ok: typeof fields.ok === 'boolean' ? fields.ok : refuse('report.ok', 'true or false', fields.ok),
    route: text('report.route', fields.route),
    ...optional(fields, 'report', 'signal', text),
    ...optional(fields, 'report', 'exitCode', whole),
    durationMs: number('report.durationMs', fields.durationMs),
    timeline: readTimeline('report.timeline', fields.timeline),
  };
}
