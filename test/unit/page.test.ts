import { describe, expect, it } from 'vitest';
import { escapeHtml, pageOf } from '../../src/timeline/page.ts';
import { nasty, report, slow, span, thread, wide } from '../timeline/reports.ts';

it('escapes what stands for something else in HTML', () => {
  expect(escapeHtml(`<a href="x" id='y'>&amp;</a>`)).toBe(
    '&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;',
  );
});

describe('the page', () => {
  it('has nothing of a name that a browser would take for markup', () => {
    expect(pageOf(nasty)).not.toMatch(/<(img|script)/);
    expect(pageOf(nasty)).not.toContain("'&</bdi>");
  });

  it('lets nothing be loaded and nothing run', () => {
    expect(pageOf(slow)).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(pageOf(slow)).not.toMatch(/https?:|<script|url\(/);
  });

  it('shows all of a few threads, and of many the first, whoever was waited for, and whoever was not clean', () => {
    expect(pageOf(slow).match(/<details open>/g)).toHaveLength(4);
    expect(pageOf(wide).match(/<details open>/g)).toHaveLength(2);
    expect(pageOf(wide).match(/<details>/g)).toHaveLength(255);
  });

  it('shows a report without spans, and one of no length', () => {
    expect(pageOf(report([thread(0, 'main')], []))).toContain('1 thread, 0 spans');
    expect(pageOf(report([thread(0, 'main')], [span(0, 'close', 0, 0)]))).toContain('left:0%;width:0%');
  });

  it('leaves out a time that no calendar has', () => {
    const { timeline } = slow;
    expect(pageOf({ ...slow, timeline: { ...timeline, startedAt: 1e300 } })).toContain('<p class="dim">4 threads');
  });
});
