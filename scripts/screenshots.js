// The pictures of docs/timeline.md: a real shutdown, as a page and in a terminal.   node scripts/screenshots.js
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toHtml, toText } from 'worker-atexit/timeline';
import { launch } from './browser.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const docs = (name) => join(root, 'docs', name);

const program = join(root, 'test', 'programs', 'timeline.js');
const { stdout } = spawnSync(process.execPath, [program, 'block'], { encoding: 'utf8', timeout: 30_000 });
const report = JSON.parse(stdout);

const COLORS = {
  1: '#ffffff',
  2: '#8b949e',
  31: '#ff7b72',
  33: '#e3a04b',
  35: '#bc8cff',
  36: '#56d4dd',
  90: '#8b949e',
};
const escapeHtml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const ESCAPE = '\u001b';
/** What a terminal would show. */
const lines = escapeHtml(toText(report, { width: 96, color: true, unicode: true }))
  .replace(new RegExp(String.raw`${ESCAPE}\[(\d+)m`, 'g'), (_, code) =>
    code === '0' ? '</span>' : `<span style="color:${COLORS[code]}">`,
  )
  .trimEnd();
const terminal = `<!doctype html><meta charset="utf-8"><body style="margin:0;background:#0d1117;width:max-content">
<pre style="margin:0;padding:16px;color:#c9d1d9;font:14px/1.3 'DejaVu Sans Mono',monospace">${lines}</pre>`;

const browser = await launch();
for (const [name, width, colorScheme, html] of [
  ['timeline.png', 1280, 'light', toHtml(report)],
  ['timeline-narrow.png', 390, 'dark', toHtml(report)],
  ['timeline-terminal.png', 900, 'dark', terminal],
]) {
  const page = await browser.newPage({ viewport: { width, height: 100 }, colorScheme });
  await page.setContent(html);
  await page.screenshot({ path: docs(name), fullPage: true });
}
await browser.close();
