import { describe, expect, it } from 'vitest';
import { lanesOf, traceOf } from '../../src/timeline/trace.ts';
import { heavy, report, slow, span, thread } from '../timeline/reports.ts';

const names = (lanes: ReturnType<typeof lanesOf>): string[][] => lanes.map((lane) => lane.map(({ name }) => name));

describe('lanes', () => {
  it('have what nests, and what follows', () => {
    expect(names(lanesOf([span(0, 'inner', 1, 2), span(0, 'outer', 0, 3), span(0, 'next', 3, 4)]))).toEqual([
      ['outer', 'inner', 'next'],
    ]);
  });

  it('part what overlaps', () => {
    const spans = [span(0, 'a', 0, 3), span(0, 'b', 1, 4), span(0, 'c', 2, 5), span(0, 'd', 4, 6)];
    expect(names(lanesOf(spans))).toEqual([['a', 'd'], ['b'], ['c']]);
  });

  it('count by the microseconds that are written', () => {
    expect(names(lanesOf([span(0, 'a', 0, 1.0001), span(0, 'b', 1.0002, 2)]))).toEqual([['a', 'b']]);
  });
});

describe('a trace', () => {
  it('has 10,000 spans, and of a name of 10 KB what can be read', () => {
    // Each of them overlaps all others without nesting there: the most lanes that there can be.
    const spans = heavy.timeline.spans.map((each, index) => ({ ...each, name: index === 0 ? each.name : 'short' }));
    const { traceEvents } = JSON.parse(traceOf({ ...heavy, timeline: { ...heavy.timeline, spans } }));
    const drawn: { tid: number; name: string }[] = traceEvents.filter(({ ph }: { ph: string }) => ph === 'X');
    expect(new Set(drawn.map(({ tid }) => tid)).size).toBe(10_000);
    expect(drawn[0]?.name).toHaveLength(200);
  });

  it('has each span as a complete event, in the thread of its lane', () => {
    const { traceEvents } = JSON.parse(traceOf(slow));
    const lane = (name: string): number =>
      traceEvents.find(
        (event: { ph: string; args?: { name?: string } }) => event.ph === 'M' && event.args?.name === name,
      )?.tid;
    expect(traceEvents.filter(({ ph }: { ph: string }) => ph === 'X')).toHaveLength(slow.timeline.spans.length);
    expect(traceEvents).toContainEqual({
      ph: 'X',
      name: 'removeFolder',
      cat: 'handler',
      pid: 4711,
      tid: lane('thumbnails (2 > 3)'),
      ts: 1_830_000,
      dur: 460_000,
      args: { stage: 'handlers', outcome: 'failed', detail: 'Error: ENOTEMPTY: directory not empty' },
    });
    expect(traceEvents).toContainEqual({
      ph: 'i',
      s: 't',
      name: 'SIGTERM heard',
      cat: 'signal',
      pid: 4711,
      tid: lane('main thread'),
      ts: -20_000,
    });
  });

  it('names its processes and threads, none of them 0', () => {
    const { traceEvents } = JSON.parse(traceOf(report([thread(0, 'main'), thread(1, 'child', { pid: 99 })], [])));
    expect(traceEvents).toEqual([
      { ph: 'M', name: 'process_name', pid: 4711, tid: 0, args: { name: 'process' } },
      { ph: 'M', name: 'process_name', pid: 99, tid: 0, args: { name: 'process 99' } },
      { ph: 'M', name: 'thread_name', pid: 4711, tid: 1, args: { name: 'main' } },
      { ph: 'M', name: 'thread_sort_index', pid: 4711, tid: 1, args: { sort_index: 1 } },
      { ph: 'M', name: 'thread_name', pid: 99, tid: 2, args: { name: 'child' } },
      { ph: 'M', name: 'thread_sort_index', pid: 99, tid: 2, args: { sort_index: 2 } },
    ]);
  });

  it('has lanes of their own for what overlaps', () => {
    const { traceEvents } = JSON.parse(traceOf(report([thread(0, 'main')], [span(0, 'a', 0, 3), span(0, 'b', 1, 4)])));
    expect(
      traceEvents
        .filter(({ ph }: { ph: string }) => ph === 'X')
        .map(({ name, tid }: { name: string; tid: number }) => [name, tid]),
    ).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(traceEvents).toContainEqual(expect.objectContaining({ tid: 2, args: { name: 'main, beside it 1' } }));
  });
});
