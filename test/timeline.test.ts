/** The page and the trace, in a browser. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RecordedReport, toHtml, toTrace } from 'worker-atexit/timeline';
import { root } from './documents.ts';
import { temporaryFolder } from './programs.ts';
import { heavy, nasty, slow, wide } from './timeline/reports.ts';

const { launch }: { launch(): Promise<Browser> } = await import(`${root}scripts/browser.js`);

/** A page has opened by then, and its elements are there, or its test fails: ms. */
const LIMIT = 30_000;

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
}, LIMIT);
afterAll(() => browser.close());

/** The test's pictures stay here, to be looked at. */
const screenshots = join(root, 'coverage', 'timeline');
mkdirSync(screenshots, { recursive: true });

interface Screen {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

async function open(
  report: RecordedReport,
  { width = 1280, height = 900, colorScheme = 'light' }: Screen = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT);
  const file = join(temporaryFolder(), 'report.html');
  writeFileSync(file, toHtml(report));
  await page.goto(pathToFileURL(file).href);
  return page;
}

describe.each([1280, 390])('at %i pixels', (width) => {
  it.each(['light', 'dark'] as const)('in the %s, the page has room, and its own colours', async (colorScheme) => {
    const page = await open(slow, { width, colorScheme });
    await page.screenshot({ path: join(screenshots, `slow-${width}-${colorScheme}.png`), fullPage: true });
    const seen = await page.evaluate(`({
      title: document.title,
      overflow: document.documentElement.scrollWidth - innerWidth,
      background: getComputedStyle(document.body).backgroundColor,
      text: getComputedStyle(document.body).color,
    })`);
    const [dark, light] = ['rgb(13, 17, 23)', 'rgb(255, 255, 255)'];
    expect(seen).toEqual({
      title: 'not clean shutdown by signal (SIGTERM) in 7.00 s',
      overflow: 0,
      background: colorScheme === 'dark' ? dark : light,
      text: colorScheme === 'dark' ? 'rgb(230, 237, 243)' : 'rgb(27, 31, 36)',
    });
  });

  it('bars stand where the spans are', async () => {
    const page = await open(slow, { width });
    const rows = await page.locator('[role=table] [role=row]:has(.bar)').evaluateAll((rows) =>
      rows.map((row) => {
        const place = (selector: string) => row.querySelector(selector)?.getBoundingClientRect();
        const [track, bar] = [place('.track'), place('.bar')];
        if (!track || !bar) throw new Error('no bar');
        const name = row.querySelector('.name bdi')?.textContent ?? '';
        return { name, begin: (bar.left - track.left) / track.width, end: (bar.right - track.left) / track.width };
      }),
    );
    // The signal was heard 20 ms before the shutdown began, and it took 7 s.
    const expected = slow.timeline.spans.map(({ begin, end }) => ({
      begin: (begin + 20) / 7020,
      end: (Math.max(end, begin + 0.001) + 20) / 7020,
    }));
    const sort = (list: readonly { begin: number; end: number }[]) =>
      [...list].sort((a, b) => a.begin - b.begin || a.end - b.end);
    expect(rows).toHaveLength(expected.length);
    // A bar is 2 pixels wide at least.
    const pixels = 3 / (width === 390 ? 366 : 790);
    for (const [index, { begin, end }] of sort(rows).entries()) {
      const span = sort(expected)[index];
      expect(Math.abs(begin - (span?.begin ?? -1))).toBeLessThan(pixels);
      expect(Math.abs(end - (span?.end ?? -1))).toBeLessThan(pixels);
    }
  });

  it('nothing is out of sight', async () => {
    const page = await open(nasty, { width });
    await page.screenshot({ path: join(screenshots, `nasty-${width}.png`), fullPage: true });
    const outside = await page.locator('.row .name, .row .took, .row .track').evaluateAll((elements, most) => {
      const boxes = elements.map((element) => element.getBoundingClientRect());
      return boxes.filter(({ left, right, width }) => width > 0 && (left < 0 || right > most)).length;
    }, width + 0.5);
    expect(outside).toBe(0);
  });
});

it('a picture of the whole page leaves nothing blank that was out of sight', async () => {
  const page = await open(slow, { height: 100 });
  const drawn = await page
    .locator('.bar')
    .evaluateAll((bars) => bars.map((bar) => bar.checkVisibility({ contentVisibilityAuto: true })));
  expect(drawn.length).toBeGreaterThan(slow.timeline.spans.length);
  expect(drawn).not.toContain(false);
});

it.each(['timeline.png', 'timeline-narrow.png', 'timeline-terminal.png'])(
  'the picture docs/%s has bars',
  async (name) => {
    const page = await browser.newPage();
    const png = readFileSync(join(root, 'docs', name)).toString('base64');
    await page.setContent(`<img src="data:image/png;base64,${png}">`);
    // The blue of a handler that is done: on the page in the light, in the dark, and on a terminal.
    const rows = await page.evaluate<number>(`(async () => {
    const image = document.images[0];
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data, width } = context.getImageData(0, 0, canvas.width, canvas.height);
    const blues = new Set(['31,111,235', '88,166,255', '86,212,221']);
    const rows = new Set();
    for (let at = 0; at < data.length; at += 4) {
      if (blues.has([data[at], data[at + 1], data[at + 2]].join())) rows.add(Math.floor(at / 4 / width));
    }
    return rows.size;
  })()`);
    // Three bars at least, of 12 pixels each.
    expect(rows).toBeGreaterThan(36);
  },
);

it('names that are markup are text, and nothing of them runs', async () => {
  const page = await open(nasty);
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  await page.reload();
  expect(await page.title()).toContain('shutdown by <img src=x onerror=');
  expect(await page.locator('img, script').count()).toBe(0);
  expect(await page.getByRole('table').first().getAttribute('aria-label')).toBe(nasty.timeline.threads[0]?.name);
  expect(errors).toEqual([]);
});

it('a screen reader finds each thread as a table, with a row for each span, and no bar', async () => {
  const page = await open(slow);
  const table = page.getByRole('table', { name: 'thumbnails (2 > 3)' });
  await expect.poll(() => table.getByRole('row').count()).toBe(3);
  const cells = await table.getByRole('row').nth(2).getByRole('cell').allTextContents();
  expect(cells).toEqual([
    'removeFolder failed: Error: ENOTEMPTY: directory not empty',
    '460.0 ms',
    'handlers stage, failed, from 1.83 s to 2.29 s',
  ]);
  const bars = await page
    .locator('.track')
    .evaluateAll((tracks) => tracks.filter((track) => track.ariaHidden !== 'true'));
  expect(bars).toEqual([]);
});

it('256 threads are there, and each can be opened', async () => {
  const page = await open(wide);
  expect(await page.locator('details').count()).toBe(257);
  const last = page.locator('details').nth(255);
  await last.locator('summary').click();
  expect(await last.getByRole('row').count()).toBe(5);
});

it('10,000 spans with names of 10 KB are there', async () => {
  const page = await open(heavy);
  expect(await page.locator('.row .bar').count()).toBe(10_000);
  expect((await page.locator('[role=table] .name').first().textContent())?.length).toBe(200);
});

describe('speedscope, a viewer of the Chrome trace event format,', () => {
  const viewer = pathToFileURL(join(root, 'node_modules', 'speedscope', 'dist', 'release', 'index.html')).href;

  async function openTrace(trace: string): Promise<{ readonly page: Page; readonly log: readonly string[] }> {
    const page = await browser.newPage();
    page.setDefaultTimeout(LIMIT);
    const log: string[] = [];
    page.on('console', (message) => log.push(message.text()));
    await page.goto(viewer);
    const buffer = Buffer.from(trace);
    await page.locator('input[type=file]').setInputFiles({ name: 'trace.json', mimeType: 'application/json', buffer });
    await page.getByText('Sandwich').waitFor();
    return { page, log };
  }

  it('shows each thread, with its time', async () => {
    const { page, log } = await openTrace(toTrace(slow));
    expect(log).toContain('Importing as Trace Event Format profile');
    const shown = await page.evaluate<string>('document.body.textContent');
    for (const [name, time] of [
      ['main thread (tid 1)', '7.00s'],
      ['indexer 1 (tid 2)', '700.00ms'],
      ['indexer 2 (tid 3)', '4.20s'],
      ['thumbnails (2 > 3) (tid 4)', '480.00ms'],
    ]) {
      expect(shown).toContain(`process (pid 4711), ${name}${time}`);
    }
  });

  it('shows what nests in a thread', async () => {
    const { page } = await openTrace(toTrace(slow));
    await page.getByText('Sandwich').click();
    // Each span with the time of its own and its whole time.
    await expect.poll(() => page.evaluate<string>('document.body.textContent')).toMatch(/3\.60s|4\.20s/);
    await page.screenshot({ path: join(screenshots, 'speedscope.png') });
    const shown = await page.evaluate<string>('document.body.textContent');
    for (const { name, thread, kind } of slow.timeline.spans) {
      if (thread === 0 && kind === 'handler') expect(shown).toContain(name);
    }
  });

  it('takes 257 threads', async () => {
    const { log } = await openTrace(toTrace(wide));
    expect(log).toContain('Importing as Trace Event Format profile');
  });
});
