import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it } from 'vitest';
import { isObserved, publishHandler, publishWorkers, traceShutdown } from '../../src/report/diagnostics.ts';
import type { ShutdownReport, WorkerReport } from '../../src/report/report.ts';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const end of undo.splice(0)) end();
});

function listen(name: string, listener: (message: unknown) => void): void {
  subscribe(name, listener);
  undo.push(() => unsubscribe(name, listener));
}

const traced = (event: string): string => `tracing:worker-atexit:shutdown:${event}`;
const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

/** What was published: the events, and the one object that they carry. */
function follow(events: readonly string[] = EVENTS) {
  const heard: string[] = [];
  const traces = new Set<unknown>();
  for (const event of events) {
    listen(traced(event), (trace) => {
      heard.push(event);
      traces.add(trace);
    });
  }
  return { heard, trace: (): unknown => (traces.size === 1 ? [...traces][0] : traces) };
}

const handler = (name: string, error?: Error) => ({ name, durationMs: 1, ...(error && { error }) });
const report = (more: object = {}) =>
  ({ ok: true, route: 'exit', stages: [], workers: [], handlers: [], ...more }) as unknown as ShutdownReport;

describe('a shutdown', () => {
  it('is not followed where nobody listens', () => {
    expect(traceShutdown({ route: 'exit' })).toBeUndefined();
  });

  it.each(EVENTS)('is followed where somebody listens to %s alone', (event) => {
    follow([event]);
    expect(traceShutdown({ route: 'exit' })).toBeDefined();
  });

  it('that is asynchronous has a synchronous part, and an end later', () => {
    const { heard, trace } = follow();
    const tracing = traceShutdown({ route: 'signal', signal: 'SIGTERM', exitCode: 143 });
    tracing?.run(() => heard.push('first part'));
    expect(heard).toEqual(['start', 'first part', 'end']);
    expect(trace()).toEqual({ route: 'signal', signal: 'SIGTERM' });
    tracing?.run(() => heard.push('second part'));
    const finished = report();
    tracing?.finish(finished);
    expect(heard.slice(3)).toEqual(['second part', 'asyncStart', 'asyncEnd']);
    expect(trace()).toEqual({ route: 'signal', signal: 'SIGTERM', report: finished });
    expect(Reflect.get(Object(trace()), 'report')).toBe(finished);
  });

  it('that is over within its first part has no asynchronous one', () => {
    const { heard, trace } = follow();
    const tracing = traceShutdown({ route: 'process.exit' });
    tracing?.run(() => {
      heard.push('first part');
      tracing.finish(report());
    });
    expect(heard).toEqual(['start', 'first part', 'end']);
    expect(Object.keys(Object(trace()))).toEqual(['route', 'report']);
  });

  it('that is over before its first part ends as one that is synchronous', () => {
    const { heard } = follow();
    traceShutdown({ route: 'process.exit' })?.finish(report());
    expect(heard).toEqual(['end']);
  });

  it('runs its first part within the stores that are bound to its start, and no other', () => {
    follow();
    const store = new AsyncLocalStorage<unknown>();
    const start = channel(traced('start'));
    start.bindStore(store, (trace) => Reflect.get(Object(trace), 'route'));
    undo.push(() => start.unbindStore(store));
    const stores: unknown[] = [];
    const tracing = traceShutdown({ route: 'exit' });
    tracing?.run(() => stores.push(store.getStore()));
    tracing?.run(() => stores.push(store.getStore()));
    expect(stores).toEqual(['exit', undefined]);
  });
});

describe('a shutdown that is not clean', () => {
  const errors = ['drained', 'of a worker', 'of this thread'].map((message) => new Error(message));
  const [drained, ofWorker, own] = errors;
  const failed = (more: object = {}) =>
    report({
      ok: false,
      stages: [{ name: 'drain', handlers: [handler('d', drained), handler('fine')] }, { name: 'workers' }],
      workers: [{ handlers: [handler('w', ofWorker), handler('fine')] }, { handlers: [] }],
      handlers: [handler('fine'), handler('h', own)],
      ...more,
    });

  it('says first what was thrown, here and in workers', () => {
    const { heard, trace } = follow();
    const tracing = traceShutdown({ route: 'exit' });
    tracing?.run(() => {});
    tracing?.finish(failed());
    expect(heard).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    const error: unknown = Reflect.get(Object(trace()), 'error');
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({ message: 'not a clean shutdown (exit)', errors });
    expect(Reflect.get(Object(error), 'errors')).toHaveLength(3);
  });

  it('names the signal, where there was one', () => {
    const { trace } = follow();
    traceShutdown({ route: 'signal', signal: 'SIGINT' })?.finish(failed({ route: 'signal', signal: 'SIGINT' }));
    expect(trace()).toMatchObject({ error: { message: 'not a clean shutdown (SIGINT)' } });
  });

  it('does not collect what was thrown where nobody listens for it', () => {
    const { trace } = follow(['end']);
    traceShutdown({ route: 'exit' })?.finish(failed());
    expect(Object.keys(Object(trace()))).toEqual(['route', 'report']);
  });
});

describe('what became of workers', () => {
  const workers = [{ name: 'renderer 1' }, { name: 'renderer 2' }] as unknown as WorkerReport[];

  it('is published, one by one', () => {
    const heard: unknown[] = [];
    listen('worker-atexit:worker', (worker) => heard.push(worker));
    publishWorkers(workers);
    expect(heard).toEqual(workers);
    publishWorkers([]);
    expect(heard).toHaveLength(2);
  });

  it('is not looked at where nobody listens', () => {
    const none = {} as readonly WorkerReport[];
    expect(publishWorkers(none)).toBeUndefined();
  });
});

describe('what became of a handler', () => {
  it('is published, with its stage', () => {
    const heard: unknown[] = [];
    listen('worker-atexit:handler', (message) => heard.push(message));
    publishHandler('drain', { name: 'close', durationMs: 1, unfinished: true });
    publishHandler('handlers', { name: 'flush', durationMs: 2 });
    expect(heard).toEqual([
      { name: 'close', durationMs: 1, unfinished: true, stage: 'drain' },
      { name: 'flush', durationMs: 2, stage: 'handlers' },
    ]);
  });

  it('is not looked at where nobody listens', () => {
    const report = {
      get name(): string {
        throw new Error('looked at');
      },
      durationMs: 1,
    };
    expect(publishHandler('handlers', report)).toBeUndefined();
  });
});

describe('whether anybody listens', () => {
  it('is false where nobody does', () => {
    listen('worker-atexit:other', () => {});
    expect(isObserved()).toBe(false);
  });

  it.each([...EVENTS.map(traced), 'worker-atexit:handler', 'worker-atexit:worker'])('is true for %s', (name) => {
    listen(name, () => {});
    expect(isObserved()).toBe(true);
  });
});
